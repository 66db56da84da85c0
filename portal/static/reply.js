// What is written to the reviewer on *Check your answers*: kept as it is typed, and on this device until the portal has it.
(() => {
  "use strict";
  const boxes = [...document.querySelectorAll("[data-reply]")];
  const state = document.getElementById("reply-state"), application = Number(document.querySelector("#submit [name=application]")?.value);
  if (!boxes.length || !application) return;
  const key = (box) => `draft:${application}:reply:${box.dataset.reply}`;
  let timer = 0, wait = 400;

  for (const box of boxes) {
    const left = read(box);
    if (left !== null && left !== box.value) { box.value = left; later(); }
    box.addEventListener("input", () => { write(box); wait = 400; later(); });
  }
  addEventListener("online", keep);
  addEventListener("pagehide", keep);

  function later() { clearTimeout(timer); timer = setTimeout(keep, wait); }

  async function keep() {
    clearTimeout(timer);
    const due = boxes.filter((box) => read(box) !== null), sent = new Map(due.map((box) => [box, box.value]));
    if (!due.length) return;
    const replies = Object.fromEntries(due.map((box) => [box.dataset.reply, box.value]));
    try {
      const headers = { "Content-Type": "application/json" };
      const answer = await fetch("/apply/reply", { method: "POST", headers, body: JSON.stringify({ application, replies }), keepalive: true });
      if (answer.status === 409) return sent.forEach((_value, box) => forget(box)); // sent meanwhile
      if (!answer.ok) throw new Error(String(answer.status));
      sent.forEach((value, box) => { if (box.value === value) forget(box); });
      if (boxes.every((box) => read(box) === null)) state.textContent = _("What you wrote to our reviewer is saved.");
    } catch {
      state.textContent = _("What you wrote to our reviewer is kept on this device and will be saved as soon as the portal answers.");
      wait = Math.min(wait * 2, 30_000);
      later();
    }
  }

  function read(box) { try { return localStorage.getItem(key(box)); } catch { return null; } }
  function write(box) { try { localStorage.setItem(key(box), box.value); } catch { /* the next answer of the portal decides */ } }
  function forget(box) { try { localStorage.removeItem(key(box)); } catch { /* nothing was kept */ } }
})();
