// What stands beside an answer without being wrong: an offer with its button (portal/pages/apply_offers.py), how a change is taken back, and
// how many questions an answer has opened. Each is said once where it appears, and goes with the next change of the answer.
window.offers = (() => {
  "use strict";
  const AFTER = 200; // ms after a box was left: what makes room must not move away what is being clicked
  const { form } = window;
  const known = new Map(), declined = new Set(); // by question: what is offered; and what was taken back, which is not offered again

  // One place for it in each question, which a screen reader listens to.
  function box(name) {
    const place = form.field(name), there = place?.querySelector(".offer");
    if (there || !place) return there;
    const made = document.createElement("div");
    made.className = "offer";
    made.setAttribute("role", "status");
    const control = place.querySelector(":scope > .control");
    if (control.matches(".options")) control.after(made); else control.append(made);
    return made;
  }

  function button(words, onclick) {
    return Object.assign(document.createElement("button"), { type: "button", className: "btn slim", textContent: words, onclick });
  }

  // `what` is "offer", "undo" or "note"; an offer that is gone does not take away how the last one is undone.
  function put(name, what, words, ...buttons) {
    const place = words ? box(name) : form.field(name)?.querySelector(".offer");
    if (!place) return;
    const said = Object.assign(document.createElement("span"), { textContent: words, dir: "auto" });
    form.moving(() => { place.dataset.what = what; place.replaceChildren(...(words ? [said, ...buttons] : [])); });
  }

  function draw(name) {
    const offer = known.get(name), place = form.field(name)?.querySelector(".offer");
    if (!offer) return place?.dataset.what === "offer" && put(name, "", "");
    if (declined.has(JSON.stringify(offer))) return;
    put(name, "offer", offer.words, button(offer.button, () => take(name, offer)));
  }

  function take(name, offer) {
    const before = Object.fromEntries(Object.keys(offer.write).map((one) => [one, form.value(one)]));
    known.delete(name);
    Object.entries(offer.write).forEach(([one, value]) => form.write(one, value));
    undoable(name, _("Changed."), before, JSON.stringify(offer));
    form.field(name).querySelector(".offer button")?.focus();
  }

  // What was replaced can be had back: `before` are the answers that stood there.
  function undoable(name, words, before, offer = "") {
    put(name, "undo", words, button(_("Undo"), () => {
      if (offer) declined.add(offer);
      Object.entries(before).forEach(([one, value]) => form.write(one, value));
      put(name, "", "");
      form.control(form.field(name)).focus();
    }));
  }

  // From Python: offers by question, null for one that is gone; a box that is being typed in is asked about when it is left.
  function told(news) {
    for (const [name, offer] of Object.entries(news)) {
      if (offer) known.set(name, offer); else known.delete(name);
      if (!offer || offer.now || !form.field(name)?.contains(document.activeElement)) draw(name);
    }
  }
  const note = (name, words) => put(name, "note", words);

  document.addEventListener("focusout", ({ target }) => {
    const name = form.fieldOf(target)?.dataset.question;
    if (known.has(name)) setTimeout(() => known.has(name) && draw(name), AFTER);
  });
  document.addEventListener("input", ({ target }) => {
    const name = form.fieldOf(target)?.dataset.question, place = name && form.field(name).querySelector(".offer");
    if (place?.childNodes.length) put(name, "", "");
  });
  document.addEventListener("DOMContentLoaded", () => {
    const list = document.querySelector("[data-offers]");
    if (list) told(JSON.parse(list.dataset.offers));
  });

  return { told, note, undoable };
})();
