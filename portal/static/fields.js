// What single kinds of question can do besides being typed into: dates in words or from a calendar, tags, copies, room that is left.
(() => {
  "use strict";
  const { form } = window, { control, changed, fieldOf, field } = form;
  const language = document.documentElement.lang || "en-GB";

  // Dates: typed as people write them in the reader's language, or in English; kept as 2026-03-03.
  const write = new Intl.DateTimeFormat(`${language}-u-ca-gregory-nu-latn`, { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
  const months = new Map();
  for (const tongue of ["en-GB", `${language}-u-ca-gregory`]) for (const form of ["short", "long"]) for (let month = 0; month < 12; month++) {
    const name = new Intl.DateTimeFormat(tongue, { month: form, timeZone: "UTC" }).format(Date.UTC(2001, month, 15));
    months.set(plain(name), month + 1);
  }
  const order = new Intl.DateTimeFormat(`${language}-u-ca-gregory`, { dateStyle: "short" }).formatToParts(new Date(2001, 1, 3)).map((part) => part.type).filter((type) => /^(day|month|year)$/.test(type));

  function plain(text) {
    return text.toLowerCase().replace(/[\u0660-\u0669\u06F0-\u06F9]/g, (digit) => digit.charCodeAt(0) & 15).replace(/[\u200E\u200F\u061C.]/g, " ").trim();
  }

  function understood(text) {
    const words = plain(text).split(/[\s,/\\-]+/).filter(Boolean).map((word) => word.replace(/^(\d+)(st|nd|rd|th)$/, "$1"));
    if (words.length !== 3) return null;
    const named = words.findIndex((word) => months.has(word));
    if (named >= 0) {
      const [one, two] = words.filter((_word, at) => at !== named);
      return one.length === 4 ? day(one, months.get(words[named]), two) : day(two, months.get(words[named]), one);
    }
    if (words[0].length === 4) return day(words[0], words[1], words[2]);
    const [year, month, date] = ["year", "month", "day"].map((part) => words[order.indexOf(part)]);
    return day(year, month, date);
  }

  function day(year, month, date) {
    if (![month, date].every((part) => /^\d{1,2}$/.test(part)) || !/^(\d\d|\d{4})$/.test(year)) return null;
    const full = String(year).length <= 2 ? 2000 + Number(year) : Number(year), made = new Date(Date.UTC(full, month - 1, date));
    return made.getUTCMonth() === month - 1 && made.getUTCDate() === Number(date) ? made.toISOString().slice(0, 10) : null;
  }

  const shown = (iso) => write.format(new Date(`${iso}T00:00:00Z`));
  const isDay = (value) => /^\d{4}-\d\d-\d\d$/.test(value ?? "");
  form.kinds.date = {
    read: (place) => understood(control(place).value) ?? control(place).value,
    write: (place, value) => {
      const text = form.words(value), iso = isDay(text) ? text : understood(text);
      control(place).value = iso ? shown(iso) : text;
      place.querySelector("[type=date]").value = iso ?? "";
    },
    said: (value) => (isDay(value) ? shown(value) : value),
  };
  document.addEventListener("focusout", ({ target }) => { // what was understood is said back
    if (target.matches?.("[data-date]") && understood(target.value)) form.kinds.date.write(fieldOf(target), target.value);
  }, true);
  document.addEventListener("change", ({ target }) => {
    if (!target.matches("[type=date][data-aside]") || !fieldOf(target)) return;
    form.kinds.date.write(fieldOf(target), target.value);
    changed(fieldOf(target), 0);
    form.left(fieldOf(target));
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button"), place = button && fieldOf(button);
    if (!button) return;
    if (button.dataset.calendar !== undefined) openCalendar(place);
    if (button.dataset.fill !== undefined) fill(place, button.dataset.fill);
    if (button.dataset.copy) copy(JSON.parse(button.dataset.copy));
    if (button.dataset.untag !== undefined) untag(button);
    if (button.dataset.addTag !== undefined) { add(place); tagBox(place).focus(); }
    if (button.dataset.undo !== undefined) undo(place);
  });

  // What was typed is not lost to a slip of the thumb.
  function fill(place, words) {
    const name = place.dataset.question, before = form.value(name);
    form.write(name, words);
    form.left(place);
    if (before.trim() && before !== words) window.offers.undoable(name, _("Your text was replaced."), { [name]: before });
  }

  function openCalendar(place) {
    const calendar = place.querySelector("[type=date]"), typed = form.kinds.date.read(place);
    calendar.value = isDay(typed) ? typed : "";
    try { calendar.showPicker(); } catch { control(place).focus(); }
  }

  // "Same as …": each question takes another's answer, or several in one.
  function copy(pairs) {
    for (const [to, from] of Object.entries(pairs)) {
      const parts = [from].flat().map((name) => form.value(name)).filter(Boolean);
      form.write(to, parts.join(", ").replace(/\s*\n\s*/g, ", "));
      const place = field(to);
      if (place) setTimeout(() => form.left(place), 300);
    }
  }

  // None takes the other ticks out (static/form.js). Whoever takes it back, or ticks one of them again, and has changed nothing else
  // meanwhile, finds them all again: a slip of the thumb costs nothing. It hears of a tick before form.js does, which then keeps all that stands.
  const forgone = new WeakMap();
  addEventListener("input", ({ target }) => {
    const place = target.matches?.("[type=checkbox]") && fieldOf(target), all = place ? [...place.querySelectorAll("[type=checkbox]")] : [];
    const none = all.find((one) => one.value === "None"), others = all.filter((one) => one !== none);
    if (!none) return;
    const gone = forgone.get(place) ?? [], isAlone = !others.some((one) => one.checked && one !== target), isBack = gone.includes(target) && target.checked && none.checked;
    forgone.delete(place);
    if (target === none && none.checked) forgone.set(place, others.filter((one) => one.checked));
    else if (isAlone && (target === none || isBack)) gone.forEach((one) => { one.checked = true; });
  }, true);

  // Tags: a text box that offers suggestions, and the chosen ones as buttons that take them out again.
  const tagBox = (place) => place.querySelector("[data-tagbox]");
  const tagsIn = (place) => [...place.querySelectorAll("[data-tag]")].map((tag) => tag.dataset.tag);
  // What stands in the box counts before it is added: whoever closes the page then has typed it all the same.
  form.kinds.tags = { read: (place) => joined(place, split(tagBox(place).value)), write: drawTags };

  function drawTags(place, tags) {
    place.querySelector(".tags").replaceChildren(...(Array.isArray(tags) ? tags.map(String) : split(form.words(tags))).map((tag) => {
      const item = document.createElement("li"), button = Object.assign(document.createElement("button"), { type: "button" });
      item.dataset.tag = tag;
      button.dataset.untag = "";
      button.setAttribute("aria-label", _("Remove {tag}", { tag }));
      button.append(Object.assign(document.createElement("span"), { textContent: tag }), Object.assign(document.createElement("span"), { textContent: "×", ariaHidden: "true" }));
      item.append(button);
      return item;
    }));
  }

  const split = (text) => text.split(/[,;\n\t]/).map((tag) => tag.trim().replace(/\s+/g, " ")).filter(Boolean);

  // The tags with these besides, each once whatever its case, and written as it is suggested.
  function joined(place, typed) {
    const known = new Map([...place.querySelectorAll("datalist option")].map((one) => [one.value.toLowerCase(), one.value]));
    const all = [...tagsIn(place), ...typed.map((tag) => known.get(tag.toLowerCase()) ?? tag)];
    return [...new Map(all.map((tag) => [tag.toLowerCase(), tag])).values()];
  }

  // Answers which came in, and how many were there already.
  function add(place, text = tagBox(place).value) {
    const typed = split(text), before = tagsIn(place);
    tagBox(place).value = "";
    if (!typed.length) return null;
    const after = joined(place, typed);
    drawTags(place, after);
    changed(place, 0);
    const added = after.filter((tag) => !before.includes(tag));
    return { added, double: typed.length - added.length };
  }

  // A whole column or line from a spreadsheet; of several columns the first counts, as the others say something else of it.
  const column = (text) => (/\t.*\n/.test(text.trim()) ? text.split("\n").map((row) => row.split("\t")[0]).join("\n") : text);
  document.addEventListener("paste", (event) => {
    const text = event.target.matches?.("[data-tagbox]") ? column(event.clipboardData.getData("text")) : "";
    if (split(text).length < 2) return;
    event.preventDefault();
    const place = fieldOf(event.target), { added: came, double } = add(place, text), added = came.length;
    place.dataset.pasted = JSON.stringify(came);
    const button = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: _("Undo") });
    button.dataset.undo = "";
    const words = double ? _("Added: {added}. Already there: {double}.", { added, double }) : _("Added: {added}.", { added });
    place.querySelector(".tags-told").replaceChildren(words, " ", button);
  });

  function undo(place) {
    const pasted = JSON.parse(place.dataset.pasted);
    drawTags(place, tagsIn(place).filter((tag) => !pasted.includes(tag)));
    place.querySelector(".tags-told").replaceChildren(_("Taken out again."));
    changed(place, 0);
    tagBox(place).focus();
  }

  function untag(button) {
    const place = fieldOf(button), tag = button.closest("[data-tag]").dataset.tag;
    drawTags(place, tagsIn(place).filter((one) => one !== tag));
    tagBox(place).focus();
    changed(place, 0);
  }

  document.addEventListener("keydown", (event) => {
    const box = event.target;
    if (box.matches?.("[data-tagbox]")) {
      if (event.key === "Enter" || event.key === ",") { event.preventDefault(); add(fieldOf(box)); }
      if (event.key === "Backspace" && !box.value) [...fieldOf(box).querySelectorAll("[data-untag]")].at(-1)?.click();
    } else if (event.key === "Enter" && box.matches?.("[data-question] [enterkeyhint=next]")) {
      event.preventDefault(); // as the key on a telephone says
      const all = [...document.querySelectorAll("#questions :is(input, textarea, select):not([data-aside]:not([data-tagbox]))")].filter((one) => one.offsetParent);
      all[all.indexOf(box) + 1]?.focus();
    }
  });
  document.addEventListener("focusout", ({ target }) => { if (target.matches?.("[data-tagbox]")) add(fieldOf(target)); }, true);
  document.addEventListener("input", (event) => { // choosing a suggestion is enough: nobody must press Enter after it
    const box = event.target;
    if (!box.matches?.("[data-tagbox]")) return;
    if (!event.inputType || event.inputType === "insertReplacementText") add(fieldOf(box)); else changed(fieldOf(box));
  });

  // A text box grows with what is in it, and tells how much room is left once it gets short.
  function grow(box) {
    if (!box.matches("textarea") || CSS.supports("field-sizing", "content")) return;
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight + 2}px`;
  }
  function count(place) {
    const most = Number(place.dataset.most), told = place.querySelector(".room");
    if (!most || !told) return;
    const length = control(place).value.length, number = Math.abs(most - length).toLocaleString(language);
    told.textContent = length < most * 0.8 ? "" : length <= most ? _("Characters left: {number}", { number }) : _("Characters too many: {number}", { number });
  }
  document.addEventListener("input", ({ target }) => { const place = fieldOf(target); if (place?.dataset.most) { grow(target); count(place); } }, true);
  addEventListener("written", ({ detail: place }) => { if (place.dataset.most) { grow(control(place)); count(place); } });
  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("textarea").forEach(grow));
})();
