// The review desk: focus survives a redrawn list, and codes are copied with one click.
const desk = (() => {
  const EVERY = 10000;
  // What was pressed may be gone by then, as the last filter is: the reader is at the content then, not at the top of the page.
  const focus = (id) => requestAnimationFrame(() => {
    const place = document.getElementById(id) || (document.activeElement === document.body && document.getElementById("content"));
    if (place) place.focus();
  });

  // The second click of a double click does nothing: it came too late for the button it was meant for, and would be refused in red, or
  // meet the button that has come into its place. Pages of a document are turned that way.
  document.addEventListener("click", (event) => {
    if (event.detail < 2 || !event.target.closest("button") || event.target.closest("#papers")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  // A list that looks again by itself replaces its buttons: the one that had the focus gets it back.
  // A row that is gone gives its focus to the one that came into its place.
  let last = "", line = -1;
  document.addEventListener("focusin", (event) => { last = event.target.id || ""; line = rows().indexOf(event.target); });
  const keep = () => requestAnimationFrame(() => {
    document.dispatchEvent(new Event("desk:redrawn"));
    if (document.activeElement !== document.body || !last) return;
    const place = document.getElementById(last) || (line >= 0 && rows()[Math.min(line, rows().length - 1)]);
    if (place) place.focus({ preventScroll: true });
  });
  const other = () => document.dispatchEvent(new Event("desk:other"));
  const rows = () => [...document.querySelectorAll("#queue a.row")];

  // A list changes in place, and the browser's Back and Forward lead through what it showed; without its socket the page is loaded.
  addEventListener("popstate", () => {
    if (!document.querySelector("[data-list]")) return;
    if (window.did_handshake) emitEvent("desk-back", location.search.slice(1)); else location.reload();
  });

  // What has come in meanwhile is asked for while somebody looks.
  const look = () => { if (!document.hidden && document.querySelector("[data-list]") && window.did_handshake) emitEvent("desk-look"); };
  setInterval(look, EVERY);
  document.addEventListener("visibilitychange", look);

  // What is wrong stands below its field: below a long text it is out of sight while the field has the focus.
  const wrong = (id) => setTimeout(() => {
    const place = document.getElementById(id);
    if (!place?.textContent) return;
    const ends = place.closest(".sheet")?.querySelector(":scope > .ends"), bar = document.querySelector(".to-decision");
    const low = Math.min(innerHeight, ...[ends, bar].filter((one) => one?.offsetParent).map((one) => one.getBoundingClientRect().top));
    if (place.getBoundingClientRect().bottom > low || place.getBoundingClientRect().top < 0) place.scrollIntoView({ block: "center", behavior: "instant" });
  }, 150);

  // A box to choose from finds what has all the words that are typed, in any order; by itself it looks for them as they stand.
  const plain = (text) => String(text).normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
  const sift = (box, typed, update) => update(() => {
    const words = plain(typed).split(/\s+/).filter(Boolean);
    box.filteredOptions = box.initialOptions.filter((one) => words.every((word) => plain(one.label).includes(word)));
  });

  // Quasar puts something that takes the focus between a list and its options, which a reader then does not count (WCAG 1.3.1).
  new MutationObserver(() => {
    document.querySelectorAll(".q-menu[role=listbox] .q-virtual-scroll__content:not([role])").forEach((one) => one.setAttribute("role", "group"));
  }).observe(document.documentElement, { childList: true, subtree: true });

  const copy = async (button) => {
    await navigator.clipboard.writeText(button.dataset.copy);
    const words = button.textContent;
    button.textContent = _("Copied");
    setTimeout(() => { button.textContent = words; }, 2000);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button[data-copy]");
    if (button) copy(button);
    if (event.target.closest?.("[data-dismiss]")) { event.target.closest(".notice").remove(); document.getElementById("content")?.focus(); }
  });
  return { focus, keep, other, rows, sift, wrong };
})();
