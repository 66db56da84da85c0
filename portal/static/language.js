// The page's texts in its language. The portal sends this with one language's texts (portal/language.py), before any other script:
// _("Saved {time}", { time }) and ngettext("{count} file", "{count} files", count) answer in it; `_.tag` is what Intl wants to know.
function speak(tag, texts, plural) {
  "use strict";
  const filled = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => (values && Object.hasOwn(values, name) ? String(values[name]) : whole));
  const own = (text) => (Object.hasOwn(texts, text) ? texts[text] : null);
  window._ = (text, values) => filled(own(text) ?? text, values);
  window._.tag = tag;
  window.ngettext = (one, many, number, values) => {
    const said = own(one)?.[Number(plural(number))] ?? (number === 1 ? one : many);
    return filled(said, { count: number.toLocaleString(tag), ...values });
  };
}

// Another language is the same page again: what is typed goes to the portal first, and the journal keeps what does not.
(() => {
  "use strict";
  document.addEventListener("submit", async (event) => {
    if (!event.target.matches('form[action="/language"]') || !window.journal) return;
    event.preventDefault();
    keepPlace();
    await window.journal.settled(3000);
    withChoice(event).submit();
  });

  // The same page in another language is as long as its words are: what stood at the top of the screen is brought there again.
  function keepPlace() {
    const seen = scrollY > 0 && [...document.querySelectorAll("main [id]")].find((one) => one.offsetParent && !one.closest("nav") && one.getBoundingClientRect().top >= 64);
    const place = { at: location.pathname, id: seen ? seen.id : "", top: seen ? seen.getBoundingClientRect().top : 0 };
    try { sessionStorage.setItem("place", JSON.stringify(place)); } catch { /* then it begins at its top */ }
  }
  function backToPlace() {
    let place = null;
    try { place = JSON.parse(sessionStorage.getItem("place")); sessionStorage.removeItem("place"); } catch { /* nothing was kept */ }
    if (place?.at !== location.pathname) return;
    document.querySelector("details.languages summary")?.focus({ preventScroll: true });
    const seen = document.getElementById(place.id);
    if (seen) scrollBy({ top: seen.getBoundingClientRect().top - place.top, behavior: "instant" });
  }
  document.addEventListener("DOMContentLoaded", () => setTimeout(backToPlace)); // after the other scripts, which may take the focus elsewhere

  // A form that is sent by script does not say which button was pressed.
  function withChoice({ target, submitter }) {
    const chosen = Object.assign(document.createElement("input"), { type: "hidden", name: submitter.name, value: submitter.value });
    target.append(chosen);
    return target;
  }

  const menus = (not) => [...document.querySelectorAll("details.languages[open]")].filter((menu) => !menu.contains(not));
  document.addEventListener("click", ({ target }) => menus(target).forEach((menu) => { menu.open = false; }));
  document.addEventListener("focusin", ({ target }) => menus(target).forEach((menu) => { menu.open = false; }));
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.activeElement?.closest("details.languages[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
})();
