// The questions of a step, on the page as it stands. Every answer goes to the journal, which alone saves it; the page's Python
// hears of it too, over the socket, and tells what depends on it: which questions are asked, what is wrong, how far the form is.
// static/fields.js has what single kinds of question can do besides.
window.form = (() => {
  "use strict";
  const QUIET = 250, GLIDE = 180;
  const heard = new Map(); // answers that Python has not been told of yet
  const touched = new Map(); // by question: which of all changes on this page was its last
  let timer = 0, panel = {}, changes = 0, isKnown = true; // whether Python has all that stands here, save for `heard`

  const fieldOf = (target) => target.closest?.("[data-question]");
  const field = (name) => document.querySelector(`[data-question="${name}"]`);
  const fields = () => [...document.querySelectorAll("[data-question]")];
  const control = (place) => place.querySelector("input, textarea, select");
  const boxes = (place) => [...place.querySelectorAll("input[type=checkbox]")];

  // What an interface stored may have another shape than a control's own answer: read it as models/loose.py does.
  const words = (value) => (Array.isArray(value) ? value.join("; ") : ["string", "number"].includes(typeof value) ? String(value) : "");
  const items = (value) => (Array.isArray(value) ? value : words(value).split(/[;\n]/)).map((one) => String(one).trim()).filter(Boolean);
  const truth = (value) => ({ yes: true, true: true, no: false, false: false })[String(value).trim().toLowerCase()];
  const isAmong = (one, said) => said.some((word) => word.toLowerCase() === one.value.toLowerCase());

  // One reader and one writer for each kind of question (portal/widgets.py: `kind`); fields.js adds dates and tags.
  const KINDS = {
    text: { read: (place) => control(place).value, write: (place, value) => { control(place).value = words(value); dispatchEvent(new CustomEvent("written", { detail: place })); } },
    radios: {
      read: (place) => place.querySelector("input:checked")?.value ?? null,
      write: (place, value) => place.querySelectorAll("input").forEach((one) => { one.checked = isAmong(one, [words(value).trim()]); }),
    },
    yesno: {
      read: (place) => ({ yes: true, no: false })[place.querySelector("input:checked")?.value] ?? null,
      write: (place, value) => place.querySelectorAll("input").forEach((one) => { one.checked = (one.value === "yes") === truth(value); }),
    },
    box: { read: (place) => boxes(place)[0].checked, write: (place, value) => { boxes(place)[0].checked = truth(value) === true; } },
    boxes: {
      read: (place) => boxes(place).filter((one) => one.checked).map((one) => one.value),
      write: (place, value) => boxes(place).forEach((one) => { one.checked = isAmong(one, items(value)); }),
    },
  };
  const valueIn = (place) => KINDS[place.dataset.kind].read(place);
  const value = (name) => valueIn(field(name));

  // Put an answer into its control; `journal: false` for one that is stored already.
  function write(name, wanted, { journal = true, tell: telling = journal } = {}) {
    const place = field(name);
    if (!place || JSON.stringify(valueIn(place)) === JSON.stringify(wanted)) return;
    KINDS[place.dataset.kind].write(place, wanted);
    if (journal) window.journal.put(name, valueIn(place));
    if (!journal) touched.set(name, ++changes);
    if (telling) hear(name, 0);
  }

  function changed(place, quiet = QUIET) {
    window.journal.put(place.dataset.question, valueIn(place));
    hear(place.dataset.question, quiet);
  }

  function hear(name, quiet) {
    heard.set(name, value(name));
    touched.set(name, ++changes);
    clearTimeout(timer);
    timer = setTimeout(tell, quiet);
  }

  // What is typed before the socket is there waits for it.
  function tell() {
    clearTimeout(timer);
    if (!heard.size || !window.did_handshake) return;
    const answers = Object.fromEntries(heard);
    heard.clear();
    emitEvent("answers", { answers, upto: changes });
  }

  // Python may have missed something: tell it all that stands here, and where something is called wrong.
  function whole() {
    isKnown = !!window.did_handshake;
    if (!isKnown) return; // then it is told when the socket is there
    tell();
    const answers = Object.fromEntries(fields().map((place) => [place.dataset.question, valueIn(place)]));
    const said = Object.fromEntries(fields().filter((place) => place.classList.contains("invalid")).map((place) => [place.dataset.question, true]));
    emitEvent("whole", { answers, said });
  }

  function left(place) {
    const there = document.activeElement;
    if ((place.contains(there) && !there.matches("[data-calendar]")) || !window.did_handshake) return;
    tell();
    emitEvent("left", place.dataset.question);
  }

  // What is different now, from Python (portal/pages/apply_step.py). What follows from the change `upto` may come late on a slow
  // line: it is never written over what was typed since.
  function told({ closed = {}, said = {}, advice = {}, offers = {}, opened = {}, slots = {}, left: unanswered = {}, ways, rail, confirm, write: follows = {}, full = {}, upto = changes }) {
    for (const [name, answer] of Object.entries(follows)) if (!(touched.get(name) > upto)) fillIn(name, answer);
    for (const [name, [typed, answer]] of Object.entries(full)) if (value(name) === typed && !field(name).contains(document.activeElement)) write(name, answer, { tell: false });
    moving(() => {
      Object.entries(closed).forEach(([name, is]) => field(name)?.classList.toggle("closed", !!is));
      Object.entries(said).forEach(([name, words]) => say(name, words ?? ""));
      Object.entries(advice).forEach(([name, words]) => { const place = document.getElementById(`${name}-advice`); if (place) place.textContent = words ?? ""; });
      Object.entries(slots).forEach(([name, classes]) => show(name, classes ?? ""));
      document.querySelectorAll(".card:has(> .fields)").forEach((card) => {
        const places = [...card.querySelectorAll(".fields > .field")];
        card.classList.toggle("closed", places.length > 0 && places.every((place) => place.classList.contains("closed")));
      });
      if (confirm) drawPanel(confirm);
      summarise(unanswered);
    });
    Object.entries(opened).forEach(([name, words]) => window.offers.note(name, words));
    window.offers.told(offers);
    if (rail) drawRail(rail);
    if (ways?.after) document.querySelector(".ways a.go").href = ways.after;
  }

  // What follows from another answer, such as the other part of a hundred per cent, is seen to change.
  function fillIn(name, answer) {
    const before = JSON.stringify(value(name)), place = field(name);
    write(name, answer, { tell: false });
    if (JSON.stringify(value(name)) === before) return;
    place.classList.add("changed");
    setTimeout(() => place.classList.remove("changed"), 2500);
  }

  function say(name, words) {
    const place = field(name), error = document.getElementById(`${name}-error`);
    if (!place || !error || error.textContent === words) return;
    error.textContent = words;
    place.classList.toggle("invalid", !!words);
    const judged = place.dataset.kind === "boxes" ? null : ["radios", "yesno"].includes(place.dataset.kind) ? place : control(place);
    judged?.setAttribute("aria-invalid", words ? "true" : "false");
  }

  function show(name, classes) {
    const place = document.querySelector(`[data-place="${name}"]`);
    if (!place) return;
    place.className = `slot-place ${classes}`;
    const card = place.closest(".documents");
    card.classList.toggle("closed", ![...card.querySelectorAll(".slot-place")].some((one) => !one.classList.contains("closed")));
  }

  // Whatever opens, closes or is said: the place where somebody types stands still, and what has to make room glides.
  function moving(change) {
    const focused = document.activeElement?.closest?.("[data-question], .slot, .confirm, .card-head");
    const at = focused?.getBoundingClientRect().top;
    const parts = [...document.querySelectorAll("#questions > *, .fields > *, .slot-place")];
    const before = new Map(parts.filter((part) => part.offsetParent).map((part) => [part, part.getBoundingClientRect().top]));
    change();
    const shift = focused?.isConnected ? focused.getBoundingClientRect().top - at : 0;
    if (Math.abs(shift) >= 1) scrollBy({ top: shift, behavior: "instant" });
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) glide(parts, before);
  }

  function glide(parts, before) {
    const gone = new Map(parts.filter((part) => part.offsetParent && before.has(part)).map((part) => [part, before.get(part) - part.getBoundingClientRect().top]));
    for (const part of parts) {
      if (!part.offsetParent) continue;
      const way = (gone.get(part) ?? 0) - (gone.get(part.parentElement.closest("#questions > *")) ?? 0);
      if (!before.has(part)) part.animate([{ opacity: 0 }, { opacity: 1 }], { duration: GLIDE, easing: "ease-out" });
      else if (Math.abs(way) >= 1) part.animate([{ transform: `translateY(${way}px)` }, { transform: "none" }], { duration: GLIDE, easing: "ease-out" });
    }
  }

  function drawRail({ steps = {}, sum, left: remains, share, check }) {
    for (const [name, [state, words]] of Object.entries(steps)) {
      const line = document.querySelector(`.steps li[data-step="${name}"]`);
      if (line) line.className = state;
      if (line) line.querySelector("small").textContent = words;
    }
    const put = (part, words) => words !== undefined && document.querySelectorAll(`[data-rail=${part}]`).forEach((one) => { one.textContent = words ?? ""; });
    put("sum", sum);
    put("left", remains);
    put("check", check);
    const meter = document.querySelector(".meter");
    if (share !== undefined && meter) { meter.setAttribute("aria-valuenow", share); meter.firstElementChild.style.width = `${share}%`; }
  }

  // What is wrong in this step, said at its top where the page was opened for that; it follows what is said beside the questions. What a
  // reviewer asked for and is still as it was sent is no mistake, so it is said here alone.
  function summarise(news) {
    const box = document.getElementById("summary");
    if (!box) return;
    const unanswered = { ...JSON.parse(box.dataset.left), ...news };
    box.dataset.left = JSON.stringify(unanswered);
    const wrong = [...document.querySelectorAll(".field[data-question]:not(.closed)")].map((place) => [place.dataset.question, place.querySelector(".error")?.textContent]);
    if (panel.problem) wrong.push(["confirm", panel.problem]);
    const lacking = [...document.querySelectorAll(".slot-place.lacking:not(.closed) .slot:not(.has)")].map((slot) => [slot.id, slot.querySelector(".lack")?.textContent]);
    const lines = [...wrong, ...lacking, ...Object.entries(unanswered)].filter(([, words]) => words).map(([name, words]) => {
      const line = document.createElement("li");
      line.append(Object.assign(document.createElement("a"), { href: `#${name}`, textContent: words }));
      return line;
    });
    if (box.contains(document.activeElement) && !lines.length) box.focus();
    box.querySelector("ul").replaceChildren(...lines);
    box.hidden = !lines.length;
    document.getElementById("mended").hidden = !!lines.length;
  }

  // The code for another contact address (portal/pages/apply_confirm.py).
  function drawPanel(news) {
    const box = document.getElementById("confirm");
    if (!box) return;
    panel = { ...JSON.parse(box.dataset.told), ...panel, ...news };
    box.classList.toggle("closed", !panel.standing);
    box.classList.toggle("good", panel.standing === "confirmed");
    box.querySelector("#confirm-words").textContent = panel.words ?? "";
    box.querySelector("form").classList.toggle("closed", panel.standing !== "sent");
    box.querySelector("form").classList.toggle("invalid", !!panel.error);
    box.querySelector("#confirm-error").textContent = panel.error ?? "";
    box.querySelector("#confirm-code").setAttribute("aria-invalid", panel.error ? "true" : "false");
    const again = box.querySelector("[data-confirm]");
    again.classList.toggle("closed", panel.standing === "confirmed");
    again.textContent = panel.again ?? "";
  }
  document.addEventListener("submit", (event) => {
    if (!event.target.closest("#confirm")) return;
    event.preventDefault();
    emitEvent("entercode", event.target.elements.code.value);
  });
  document.addEventListener("click", (event) => { if (event.target.closest?.("[data-confirm]")) emitEvent("askcode"); });

  document.addEventListener("input", (event) => {
    const place = fieldOf(event.target);
    if (!place || event.target.closest("[data-aside]")) return;
    const typed = event.target.matches("textarea, input:not([type=radio]):not([type=checkbox])");
    if (place.dataset.kind === "boxes") exclude(place, event.target);
    changed(place, typed ? QUIET : 0);
  }, true);
  document.addEventListener("focusout", (event) => {
    const place = fieldOf(event.target);
    if (place) setTimeout(() => left(place), 120); // a click on a label takes the focus away and gives it back
  });

  // "None" excludes the others, and any other excludes it.
  function exclude(place, box) {
    if (!box.checked || !boxes(place).some((one) => one.value === "None")) return;
    boxes(place).filter((one) => one !== box && (box.value === "None") !== (one.value === "None")).forEach((one) => { one.checked = false; });
  }

  // Continue when the last key is in; the link works all the same when the portal is slow.
  document.addEventListener("click", async (event) => {
    const link = event.target.closest?.("a[data-settle]");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    await window.journal.settled(1500);
    location.assign(link.href);
  });

  // A link to a question, from this page or from another, goes to its first control.
  function focusOn(name) {
    const target = name && document.getElementById(name);
    const first = target?.matches("input, textarea, select, button") ? target : target?.querySelector("input:not([type=hidden]), textarea, select, button:not(.closed)");
    const found = first ?? target;
    if (!found) return;
    if (!first) found.tabIndex = -1;
    found.focus({ preventScroll: true });
    (fieldOf(found) ?? target).scrollIntoView({ block: "center" });
  }
  // The browser goes to the fragment by itself once all is loaded, which takes the focus away from whatever is in a group.
  function land(name) {
    focusOn(name);
    addEventListener("load", () => setTimeout(() => { if (document.activeElement === document.body) focusOn(name); }));
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    if (!link || link.classList.contains("skip")) return;
    event.preventDefault();
    focusOn(link.hash.slice(1));
  });

  // Move the focus, and empty the box where `text` is given.
  function focus(id, text) {
    const box = document.getElementById(id);
    if (box && text !== undefined) box.value = text;
    box?.focus();
  }

  // What the page says is what the portal said, save for what was really typed before this ran; a browser may have put back more.
  function begin() {
    const typed = new Set([...(window.early ?? [])].map(fieldOf).filter(Boolean));
    window.early = null;
    for (const place of fields()) if (!typed.has(place)) asSent(place);
    typed.forEach((place) => changed(place, 0));
    return typed;
  }

  function asSent(place) {
    for (const one of place.querySelectorAll("input, textarea")) {
      if (one.type === "checkbox" || one.type === "radio") one.checked = one.defaultChecked;
      else if (one.value !== one.defaultValue) one.value = one.defaultValue;
    }
    const list = place.querySelector("select"), sent = list && [...list.options].find((one) => one.defaultSelected);
    if (sent) sent.selected = true;
  }

  // Answers that the portal has not got yet stand in the journal: show those that nobody has typed over since, and tell Python.
  function replay(typed) {
    for (const { name, value: kept } of window.journal.replay ?? []) {
      const place = field(name);
      if (!place || typed.has(place) || JSON.stringify(valueIn(place)) === JSON.stringify(kept)) continue;
      KINDS[place.dataset.kind].write(place, kept);
      hear(name, 0);
    }
  }

  // The socket is there, or there again: after a cut Python may have missed answers, so it is told them all.
  let first = true;
  function live() {
    if (first && isKnown) tell(); else whole();
    first = false;
  }

  function start() {
    replay(begin());
    addEventListener("live", live);
    if (window.did_handshake) live();
    const summary = document.getElementById("summary");
    if (location.hash) land(location.hash.slice(1));
    else if (summary && !summary.hidden) summary.focus();
  }
  document.addEventListener("DOMContentLoaded", start); // all scripts are deferred: by then fields.js and the journal are there

  return { write, value, told, whole, words, field, fieldOf, focus, focusOn, changed, left, control, moving, kinds: KINDS };
})();
