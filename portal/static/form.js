// The questions of a step. Every answer goes to the journal, which alone saves it; the page's Python hears of it too, over
// NiceGUI's socket, for what depends on it: which questions are asked, what is wrong, how far the form is.
(() => {
  "use strict";
  const QUIET = 250;
  const heard = new Map(); // answers that Python has not been told of yet
  let timer = 0;

  const fieldOf = (target) => target.closest?.("[data-question]");
  const field = (name) => document.querySelector(`[data-question="${name}"]`);
  const boxes = (place) => [...place.querySelectorAll("input[type=checkbox]")];

  // One reader and one writer for each kind of widget (models/kinds: `widget`).
  const KINDS = {
    text: { read: (place) => control(place).value, write: (place, value) => { control(place).value = value ?? ""; grow(control(place)); } },
    radios: {
      read: (place) => place.querySelector("input:checked")?.value ?? null,
      write: (place, value) => place.querySelectorAll("input").forEach((one) => { one.checked = one.value === value; }),
    },
    yesno: {
      read: (place) => ({ yes: true, no: false })[place.querySelector("input:checked")?.value] ?? null,
      write: (place, value) => place.querySelectorAll("input").forEach((one) => { one.checked = (one.value === "yes") === value; }),
    },
    box: { read: (place) => boxes(place)[0].checked, write: (place, value) => { boxes(place)[0].checked = value === true; } },
    boxes: {
      read: (place) => boxes(place).filter((one) => one.checked).map((one) => one.value),
      write: (place, value) => boxes(place).forEach((one) => { one.checked = (value ?? []).includes(one.value); }),
    },
    tags: { read: (place) => tagsIn(place).map((tag) => tag.dataset.tag), write: drawTags },
  };
  const control = (place) => place.querySelector("input, textarea, select");
  const value = (place) => KINDS[place.dataset.kind].read(place);

  function write(name, wanted) {
    const place = field(name);
    if (!place || JSON.stringify(value(place)) === JSON.stringify(wanted)) return;
    KINDS[place.dataset.kind].write(place, wanted);
    changed(place, 0);
  }

  function changed(place, quiet = QUIET) {
    const name = place.dataset.question, answer = value(place);
    window.journal.put(name, answer);
    heard.set(name, answer);
    clearTimeout(timer);
    timer = setTimeout(tell, quiet);
    count(place);
  }

  // Before the handshake the portal would drop it (portal/guard.py); what waits is told when the socket is there.
  function tell() {
    clearTimeout(timer);
    if (!heard.size) return;
    if (!window.did_handshake) { timer = setTimeout(tell, 100); return; }
    const answers = Object.fromEntries(heard);
    heard.clear();
    emitEvent("answers", answers);
  }

  function left(place) {
    if (place.contains(document.activeElement) || !window.did_handshake) return;
    tell();
    emitEvent("left", place.dataset.question);
  }

  document.addEventListener("input", (event) => {
    const place = fieldOf(event.target);
    if (!place || event.target.closest("[data-aside]")) return;
    if (place.dataset.kind === "boxes") settle(place, event.target);
    const typed = event.target.matches("textarea, input:not([type=radio]):not([type=checkbox])");
    if (typed) grow(event.target);
    changed(place, typed ? QUIET : 0);
  }, true);
  document.addEventListener("focusout", (event) => {
    const place = fieldOf(event.target);
    if (place) setTimeout(() => left(place), 120); // a click on a label takes the focus away and gives it back
  });

  // "None" excludes the others, and any other excludes it.
  function settle(place, box) {
    if (!box.checked || !boxes(place).some((one) => one.value === "None")) return;
    boxes(place).filter((one) => one !== box && (box.value === "None") !== (one.value === "None")).forEach((one) => { one.checked = false; });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button");
    if (!button) return;
    if (button.dataset.fill !== undefined) { write(fieldOf(button).dataset.question, button.dataset.fill); left(fieldOf(button)); }
    if (button.dataset.copy) Object.entries(JSON.parse(button.dataset.copy)).forEach(([to, from]) => write(to, value(field(from))));
    if (button.dataset.untag !== undefined) untag(button);
    if (button.dataset.addTag !== undefined) { const box = fieldOf(button).querySelector("[data-aside]"); addTags(fieldOf(button), box); box.focus(); }
  });

  // Tags: a text box that offers suggestions, and the chosen ones as buttons that take them out again.
  const tagsIn = (place) => [...place.querySelectorAll("[data-tag]")];

  function drawTags(place, tags) {
    place.querySelector(".tags").replaceChildren(...(tags ?? []).map((tag) => {
      const item = document.createElement("li");
      item.dataset.tag = tag;
      const button = Object.assign(document.createElement("button"), { type: "button" });
      button.dataset.untag = "";
      button.setAttribute("aria-label", `Remove ${tag}`);
      button.append(Object.assign(document.createElement("span"), { textContent: tag }), Object.assign(document.createElement("span"), { textContent: "×", ariaHidden: "true" }));
      item.append(button);
      return item;
    }));
  }

  function addTags(place, box) {
    const typed = box.value.split(/[,;\n]/).map((tag) => tag.trim().replace(/\s+/g, " ")).filter(Boolean);
    box.value = "";
    const known = new Map([...place.querySelectorAll("datalist option")].map((one) => [one.value.toLowerCase(), one.value]));
    const all = new Map([...KINDS.tags.read(place), ...typed.map((tag) => known.get(tag.toLowerCase()) ?? tag)].map((tag) => [tag.toLowerCase(), tag]));
    if (!typed.length) return;
    drawTags(place, [...all.values()]);
    changed(place, 0);
  }

  function untag(button) {
    const place = fieldOf(button), tag = button.closest("[data-tag]").dataset.tag;
    drawTags(place, KINDS.tags.read(place).filter((one) => one !== tag));
    place.querySelector("[data-aside]").focus();
    changed(place, 0);
  }

  document.addEventListener("keydown", (event) => {
    const box = event.target;
    if (!box.matches?.("[data-aside]")) return;
    if (event.key === "Enter" || event.key === ",") { event.preventDefault(); addTags(fieldOf(box), box); }
    if (event.key === "Backspace" && !box.value) tagsIn(fieldOf(box)).at(-1)?.querySelector("button").click();
  });
  document.addEventListener("focusout", (event) => { if (event.target.matches?.("[data-aside]")) addTags(fieldOf(event.target), event.target); }, true);
  document.addEventListener("input", (event) => { // choosing a suggestion is enough: nobody must press Enter after it
    const box = event.target;
    if (box.matches?.("[data-aside]") && (!event.inputType || event.inputType === "insertReplacementText")) addTags(fieldOf(box), box);
  });

  function grow(box) {
    if (!box.matches("textarea") || CSS.supports("field-sizing", "content")) return;
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight + 2}px`;
  }

  // How much room is left is told only once it gets short.
  function count(place) {
    const most = Number(place.dataset.most), told = place.querySelector(".room");
    if (!most || !told) return;
    const length = control(place).value.length;
    told.textContent = length < most * 0.8 ? "" : length <= most ? `${(most - length).toLocaleString("en-GB")} characters left` : `${(length - most).toLocaleString("en-GB")} characters too many`;
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
    const first = target?.matches("input, textarea, select, button") ? target : target?.querySelector("input:not([type=hidden]), textarea, select, button");
    if (!first) return;
    first.focus({ preventScroll: true });
    (fieldOf(first) ?? target).scrollIntoView({ block: "center" });
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    if (!link || link.classList.contains("skip")) return;
    event.preventDefault();
    focusOn(link.hash.slice(1));
  });

  // Answers that the portal has not got yet stand in the journal: show those, and tell Python.
  window.journal.whenReady("questions", () => {
    for (const { name, value: kept } of window.journal.replay) {
      const place = field(name);
      if (!place) continue;
      KINDS[place.dataset.kind].write(place, kept);
      heard.set(name, kept);
    }
    tell();
    document.querySelectorAll("textarea").forEach(grow);
    if (location.hash) setTimeout(() => focusOn(location.hash.slice(1)), 60);
    (function watch() { // after a cut Python may have missed answers: tell it all
      if (!window.socket) return setTimeout(watch, 100);
      let first = !window.socket.connected;
      window.socket.on("connect", () => {
        if (first) { first = false; return; }
        document.querySelectorAll("[data-question]").forEach((place) => heard.set(place.dataset.question, value(place)));
        timer = setTimeout(tell, 300);
      });
    })();
  });
  window.form = { write };
})();

// *Check your answers*: what the journal still holds goes first, so that the last key is in what is sent.
(() => {
  "use strict";
  document.addEventListener("submit", async (event) => {
    if (event.target.id !== "submit") return;
    event.preventDefault();
    const form = event.target, button = form.querySelector("button"), words = button.textContent;
    if (button.disabled) return;
    button.disabled = true;
    button.textContent = "Sending…";
    if (await window.journal.settled(10_000)) return form.submit();
    button.disabled = false;
    button.textContent = words;
    form.querySelector(".error").textContent = "Your last answers are not saved yet, so nothing was sent. Check your connection, then try again.";
  });
  addEventListener("replayed", () => { if (document.querySelector("[data-stale=reload]")) location.reload(); });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); }); // Back after sending: show what is true now
  window.journal.whenReady("questions", (page) => {
    const missing = page.querySelector("[data-focus]");
    if (missing) setTimeout(() => missing.focus(), 60);
  });
})();
