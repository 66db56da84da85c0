// Small things of the partner's pages: dialogs, printing, the list of steps on a telephone, sending, and leaving this device.
(() => {
  "use strict";
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("button");
    if (button?.dataset.opens) document.getElementById(button.dataset.opens).showModal();
    if (button?.dataset.closes) document.getElementById(button.dataset.closes).close();
    if (button?.dataset.print !== undefined) print();
    if (button?.classList.contains("steps-bar")) button.setAttribute("aria-expanded", String(button.getAttribute("aria-expanded") !== "true"));
  });

  // What was left behind in the step before is said once: not again after a reload, nor on the way back. What stands in a page from its
  // beginning is not read out by itself; put there anew, it is.
  document.addEventListener("DOMContentLoaded", () => {
    const box = document.getElementById("unfinished"), address = new URL(location);
    if (address.searchParams.has("after")) {
      address.searchParams.delete("after");
      history.replaceState(history.state, "", address);
    }
    if (box) setTimeout(() => box.replaceChildren(...box.childNodes), 300);
  });

  // *Start* on the first visit: what to have at hand has been read.
  document.addEventListener("click", ({ target }) => {
    const panel = target.closest?.("[data-begin]")?.closest("section");
    if (!panel) return;
    panel.remove();
    window.form.focusOn(document.querySelector(".field[data-question]:not(.closed)")?.dataset.question);
  });

  // On paper everything is open.
  addEventListener("beforeprint", () => document.querySelectorAll("details.sent-step").forEach((part) => { part.open = true; }));

  // *Check your answers*: what the journal still holds goes first, so that the last key is in what is sent.
  document.addEventListener("submit", async (event) => {
    if (event.target.id !== "submit") return;
    event.preventDefault();
    const form = event.target, button = form.querySelector("[type=submit]"), words = button.textContent;
    if (button.disabled) return;
    button.disabled = true;
    button.textContent = _("Sending…");
    if (await window.journal.settled(10_000)) return form.submit();
    button.disabled = false;
    button.textContent = words;
    form.querySelector(".error").textContent = _("Your last answers are not saved yet, so nothing was sent. Check your connection, then try again.");
  });
  addEventListener("replayed", () => { if (document.querySelector("[data-stale=reload]")) location.reload(); });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); }); // Back after sending: show what is true now
  document.addEventListener("DOMContentLoaded", () => document.querySelector("[data-focus]")?.focus());

  // Whoever leaves leaves nothing behind; what is not saved yet goes first.
  document.addEventListener("submit", async (event) => {
    if (!event.target.matches('form[action="/apply/leave"]')) return;
    event.preventDefault();
    const saved = (!window.journal || await window.journal.settled(8000)) && !window.carrier?.isBusy();
    if (!saved && !confirm(_("Some answers are not saved yet and would be lost. Leave all the same?"))) return;
    try { Object.keys(localStorage).filter((key) => /^(draft|last):/.test(key)).forEach((key) => localStorage.removeItem(key)); } catch { /* nothing was kept */ }
    await (window.carrier ? window.carrier.forgetAll() : indexedDB.deleteDatabase("uploads"));
    event.target.submit();
  });
})();
