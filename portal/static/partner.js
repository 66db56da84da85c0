// Small things of the partner's pages: dialogs, printing, and leaving this device.
(() => {
  "use strict";
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("button");
    if (button?.dataset.opens) document.getElementById(button.dataset.opens).showModal();
    if (button?.dataset.closes) document.getElementById(button.dataset.closes).close();
    if (button?.dataset.print !== undefined) print();
  });

  // On paper everything is open.
  addEventListener("beforeprint", () => document.querySelectorAll("details.sent-step").forEach((part) => { part.open = true; }));

  // Whoever leaves leaves nothing behind; what is not saved yet goes first.
  document.addEventListener("submit", async (event) => {
    if (!event.target.matches('form[action="/apply/leave"]')) return;
    event.preventDefault();
    const saved = !window.journal || await window.journal.settled(8000);
    if (!saved && !confirm("Some answers are not saved yet and would be lost. Leave all the same?")) return;
    try { Object.keys(localStorage).filter((key) => /^(draft|last):/.test(key)).forEach((key) => localStorage.removeItem(key)); } catch { /* nothing was kept */ }
    event.target.submit();
  });
})();
