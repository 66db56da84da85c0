// The review desk: documents open beside the answers, focus survives a redrawn list, and codes are copied with one click.
const desk = (() => {
  let opener = null;
  const viewer = () => document.getElementById("viewer");

  // What was pressed may be gone by then, as the last filter is: the reader is at the content then, not at the top of the page.
  const focus = (id) => requestAnimationFrame(() => {
    const place = document.getElementById(id) || (document.activeElement === document.body && document.getElementById("content"));
    if (place) place.focus();
  });

  // A list that looks again by itself replaces its buttons: the one that had the focus gets it back.
  // A row that is gone gives its focus to the one that came into its place.
  let last = "", line = -1;
  document.addEventListener("focusin", (event) => { last = event.target.id || ""; line = rows().indexOf(event.target); });
  const keep = () => requestAnimationFrame(() => {
    if (document.activeElement !== document.body || !last) return;
    const place = document.getElementById(last) || (line >= 0 && rows()[Math.min(line, rows().length - 1)]);
    if (place) place.focus({ preventScroll: true });
  });
  const rows = () => [...document.querySelectorAll("#queue a.row")];

  // Quasar puts something that takes the focus between a list and its options, which a reader then does not count (WCAG 1.3.1).
  new MutationObserver(() => {
    document.querySelectorAll(".q-menu[role=listbox] .q-virtual-scroll__content:not([role])").forEach((one) => one.setAttribute("role", "group"));
  }).observe(document.documentElement, { childList: true, subtree: true });

  const open = (link) => {
    const panel = viewer();
    if (!panel) return false;
    opener = link;
    panel.querySelector("[data-name]").textContent = link.dataset.name;
    panel.querySelector("iframe").title = link.dataset.name;
    // For the browser's PDF viewer: the page as wide as the frame, without its column of thumbnails.
    panel.querySelector("iframe").src = `${link.href}#navpanes=0&view=FitH`;
    panel.querySelector("[data-download]").href = `${link.href}?download=1`;
    panel.querySelector("[data-tab]").href = link.href;
    panel.hidden = false;
    document.documentElement.classList.add("viewing");
    document.querySelectorAll("a[data-document]").forEach((one) => one.toggleAttribute("data-open", one.href === link.href));
    panel.querySelector("[data-close]").focus();
    return true;
  };

  const close = () => {
    const panel = viewer();
    if (!panel || panel.hidden) return;
    panel.hidden = true;
    panel.querySelector("iframe").removeAttribute("src");
    document.documentElement.classList.remove("viewing");
    document.querySelectorAll("a[data-open]").forEach((one) => one.removeAttribute("data-open"));
    // The list of documents may have been redrawn since.
    (opener?.isConnected ? opener : document.querySelector(`a[data-document][href="${opener?.getAttribute("href")}"]`))?.focus();
  };

  const copy = async (button) => {
    await navigator.clipboard.writeText(button.dataset.copy);
    const words = button.textContent;
    button.textContent = _("Copied");
    setTimeout(() => { button.textContent = words; }, 2000);
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-document]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && open(link)) event.preventDefault();
    if (event.target.closest?.("#viewer [data-close]")) close();
    const button = event.target.closest?.("button[data-copy]");
    if (button) copy(button);
    if (event.target.closest?.("[data-dismiss]")) { event.target.closest(".notice").remove(); document.getElementById("content")?.focus(); }
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && !document.querySelector(".q-dialog__inner")) close(); });
  return { focus, keep };
})();
