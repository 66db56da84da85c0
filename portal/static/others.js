// Others on the same application: who is here, what they changed, and two answers to one question side by side to choose from.
// static/journal.js knows what is stored and what is in conflict; here is how it looks.
window.others = (() => {
  "use strict";
  const { journal } = window;
  const FLASH = 2500;
  const field = (name) => window.form?.field(name);
  const made = (tag, more = {}, ...inside) => { const one = Object.assign(document.createElement(tag), more); one.append(...inside); return one; };
  const clock = (version) => new Date(version / 1000).toLocaleTimeString(_.tag, { hour: "2-digit", minute: "2-digit" });
  const isEdited = (name) => !!field(name)?.contains(document.activeElement);

  // What comes and goes above the place where somebody is reading or typing does not push it away.
  function steady(change) {
    const focused = document.activeElement !== document.body && document.activeElement;
    const place = focused || document.elementFromPoint(innerWidth / 2, innerHeight / 2), at = place?.getBoundingClientRect().top;
    change();
    const shift = place?.isConnected ? place.getBoundingClientRect().top - at : 0;
    if (Math.abs(shift) >= 1 && scrollY > 0) scrollBy({ top: shift, behavior: "instant" });
  }

  // What is said without being asked: politely, once for all that comes within a moment.
  let words = [], timer = 0;
  function say(sentence) {
    words.push(sentence);
    clearTimeout(timer);
    timer = setTimeout(() => journal.whenReady("others-said", (place) => { place.textContent = [...new Set(words)].join(" "); words = []; }), 300);
  }

  // An answer of this person's other window is theirs too.
  const byMe = (change) => !change.by || change.by === journal.who;

  function show(change) {
    const place = field(change.name);
    if (!place) return;
    const values = { who: change.by, question: labelOf(place) };
    const sentence = byMe(change) ? _("“{question}” was changed in another window.", values) : _("{who} has changed “{question}”.", values);
    say(sentence);
    noteAt(place, byMe(change) ? _("Changed in another window, {time}", { time: clock(change.version) }) : _("Changed by {who}, {time}", { who: change.by, time: clock(change.version) }));
    place.classList.add("changed");
    setTimeout(() => place.classList.remove("changed"), FLASH);
  }

  // For the eye: the flash is over in two seconds, this stays until somebody goes to the question.
  function noteAt(place, words) {
    steady(() => {
      place.querySelector(".changed-here")?.remove();
      (place.querySelector(":scope > .head") ?? place).append(made("p", { className: "changed-here", textContent: words }));
    });
    place.addEventListener("focusin", () => steady(() => place.querySelector(".changed-here")?.remove()), { once: true });
  }

  const labelOf = (place) => (place.querySelector("legend, [id$=-label], .option span")?.textContent ?? "").trim();

  // Who has this application open besides, said at the top.
  function here(people) {
    journal.whenReady("others-here", (place) => steady(() => {
      place.replaceChildren(...[...new Set(people.map(presence))].map((sentence) => made("span", { textContent: sentence })));
      place.hidden = !people.length;
    }));
  }

  function presence({ who, mine, number, title }) {
    if (mine) return _("Also open in another window");
    return number ? _("{who} is on step {number}, {title}", { who, number, title }) : _("{who} is looking at this application", { who });
  }

  // Each question that needs a choice, or could not be saved, says so in its place; those of other pages at the top of this one.
  function draw(entries) {
    if (document.readyState === "loading") return;
    steady(() => {
      const due = new Map(entries.map((entry) => [entry.name, entry]));
      document.querySelectorAll("[data-choice]").forEach((panel) => { if (!isDrawn(panel, due.get(panel.dataset.choice))) panel.remove(); });
      for (const entry of due.values()) drawOne(entry);
      elsewhere(entries.filter((entry) => !field(entry.name)));
    });
  }

  const signed = ({ against, refused }) => JSON.stringify([against, refused]);
  const isDrawn = (panel, entry) => entry && panel.dataset.told === signed(entry);

  function drawOne(entry) {
    const place = field(entry.name);
    if (!place) return;
    const drawn = place.querySelector("[data-choice]");
    if (drawn) { drawn.querySelector(".mine-said")?.replaceChildren(spoken(place, entry.value)); return; }
    const panel = entry.against ? choice(place, entry) : made("p", { className: "set-aside", textContent: _("This answer could not be saved: {why}", { why: entry.refused }) });
    panel.setAttribute("role", entry.against ? "group" : "status");
    panel.dataset.choice = entry.name;
    panel.dataset.told = signed(entry);
    place.append(panel);
    if (entry.against) say(`${labelOf(place)}: ${panel.querySelector(".choice-title").textContent}`);
  }

  function choice(place, { name, value, against }) {
    const title = made("p", { className: "choice-title", id: `${name}-choice`, textContent: byMe(against)
      ? _("You answered this in your other window as well. Which answer is to be kept?")
      : _("{who} has answered this as well. Which answer is to be kept?", { who: against.by }) });
    const [keep, take] = byMe(against) ? [_("Keep this one"), _("Take the other one")] : [_("Keep mine"), _("Take theirs")];
    const theirs = byMe(against) ? _("In your other window, at {time}", { time: clock(against.version) }) : _("{who}, at {time}", { who: against.by, time: clock(against.version) });
    const panel = made("div", { className: "choice" }, title, made("div", { className: "sides" },
      side(name, "mine", byMe(against) ? _("In this window") : _("Yours, here"), spoken(place, value), keep),
      side(name, "theirs", theirs, spoken(place, against.value), take)));
    panel.setAttribute("aria-labelledby", title.id);
    return panel;
  }

  function side(name, kind, whose, answer, action) {
    const said = made("p", { className: `said ${kind}-said`, id: `${name}-${kind}`, textContent: answer, dir: "auto" });
    const button = made("button", { type: "button", className: "btn", textContent: action });
    button.dataset.choose = kind;
    button.setAttribute("aria-describedby", said.id);
    return made("div", { className: "side" }, made("p", { className: "whose", textContent: whose }), said, button);
  }

  // An answer in the words that the question's own control has for it.
  function spoken(place, value) {
    const optionIn = (one) => [...place.querySelectorAll("option")].find((option) => option.value === one)?.textContent;
    const labelIn = (one) => [...place.querySelectorAll("input")].find((input) => input.value === one)?.closest("label")?.textContent.trim();
    if (value === true || value === false) return place.dataset.kind === "yesno" ? labelIn(value ? "yes" : "no") : value ? _("Ticked") : _("Not ticked");
    const all = [value ?? []].flat().map(String).filter(Boolean), said = window.form?.kinds[place.dataset.kind]?.said ?? ((one) => one);
    if (!all.length) return _("No answer");
    return new Intl.ListFormat(_.tag, { type: "unit" }).format(all.map((one) => optionIn(one) ?? labelIn(one) ?? said(one)));
  }

  function elsewhere(entries) {
    document.getElementById("others-due")?.remove();
    if (!entries.length) return;
    const links = entries.map(({ name, label, at }) => made("li", {}, made("a", { href: `${at ?? ""}#${name}`, textContent: (label ?? name).trim() })));
    const box = made("div", { id: "others-due", className: "notice warn" },
      made("p", { className: "choice-title", textContent: ngettext("One answer of another page is not saved yet: look at it", "{count} answers of other pages are not saved yet: look at them", entries.length) }), made("ul", {}, ...links));
    (document.getElementById("questions") ?? document.getElementById("content"))?.prepend(box);
  }

  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("[data-choose]");
    if (!button) return;
    const { choice: name } = button.closest("[data-choice]").dataset;
    journal.choose(name, button.dataset.choose === "mine");
    window.form?.focusOn(name);
    say(_("Your choice is being saved."));
  });

  // A link to another page would end in the browser's own error page while there is no connection: stay here, and say so.
  document.addEventListener("click", async (event) => {
    const link = event.target.closest?.('a[href^="/apply"]');
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey || !journal.isAway()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    await journal.settled(1500);
    if (!journal.isAway()) return location.assign(link.href);
    notice("others-away", _("There is no connection to the portal now"),
      _("What you typed is kept on this device and will be saved once the connection is back. Go on here; the other pages can be opened then."));
  }, true);
  new MutationObserver(() => { if (!journal.isAway()) document.getElementById("others-away")?.remove(); })
    .observe(document.documentElement, { attributeFilter: ["data-draft"] });
  addEventListener("online", () => document.getElementById("others-away")?.remove());

  function notice(id, title, said, ...more) {
    const box = made("div", { id, className: "notice bad", tabIndex: -1 }, made("h2", { textContent: title }), made("p", { textContent: said }), ...more);
    box.setAttribute("role", "alert");
    document.getElementById(id)?.remove();
    document.getElementById("content").prepend(box);
    box.focus();
  }

  // The journal may store nothing more: say why, in the middle of the page, and what to do.
  function stop(why, detail) {
    const notices = {
      sent: [_("This application has been sent"), _("It was sent from another window or by a colleague, so the last change here was not saved."), "/apply/status", _("See where it stands")],
      out: [_("You are no longer let in on this device"), `${detail ? `${detail} ` : ""}${_("What you typed is kept on this device and will be saved once you are let in again.")}`, "/apply", _("Enter the code")],
      left: [_("You are no longer let in on this device"), detail, "/apply", _("Enter the code")],
    };
    const [title, said, address, action] = notices[why];
    if (why === "left") journal.close();
    notice("journal-notice", title, said, made("a", { href: address, textContent: action }));
  }

  function begin() {
    const content = document.getElementById("content");
    const said = made("p", { id: "others-said", className: "sr" }), bar = made("p", { id: "others-here", className: "others-here", hidden: true });
    said.setAttribute("role", "status");
    bar.setAttribute("role", "status");
    content.prepend(said, bar);
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin); else begin();

  return { here, answers: (changes) => changes.forEach((change) => journal.hear(change)), show, draw, stop, isEdited };
})();
