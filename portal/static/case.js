// One application: its documents open beside the answers, or over them on a narrow screen, one after the other.
const papers = (() => {
  const wide = matchMedia("(min-width: 1280px)");
  const IMAGE = /\.(png|jpe?g)$/i;
  let shown = null; // the link of the document that is open

  const panel = () => document.getElementById("papers");
  const part = (name) => panel().querySelector(`[data-${name}]`);
  const section = (link) => link.closest(".section");

  // Each stands beside its answer, and again among all: one pages through where one opened it.
  const around = (link) => {
    const among = section(link)?.id === "section-documents";
    return [...document.querySelectorAll(".section a[data-document]")].filter((one) => (section(one).id === "section-documents") === among);
  };

  // What stood there when it was opened may have been drawn anew since.
  const current = () => (shown.isConnected ? shown : document.querySelector(`a[data-document][href="${shown.getAttribute("href")}"]`)) || shown;

  const picture = (link) => {
    const isImage = IMAGE.test(link.dataset.name), frame = panel().querySelector("iframe"), holder = panel().querySelector(".picture");
    const image = holder.querySelector("img");
    frame.hidden = isImage;
    holder.hidden = !isImage;
    frame.title = image.alt = link.dataset.name;
    frame.removeAttribute("src");
    image.removeAttribute("src");
    // For the browser's PDF viewer: the page as wide as the frame, without its column of thumbnails.
    if (isImage) image.src = link.href;
    else frame.src = `${link.href}#navpanes=0&view=FitH`;
  };

  const show = (link) => {
    shown = link;
    const all = around(link), place = section(link);
    panel().querySelector("h2").textContent = link.dataset.name;
    part("number").textContent = _("Document {number} of {count}", { number: all.indexOf(link) + 1, count: all.length });
    panel().querySelectorAll("[data-turn]").forEach((button) => { button.hidden = all.length < 2; });
    part("verdict").href = `#${place.id}`;
    part("verdict").hidden = !place.querySelector(".verdict");
    part("tab").href = link.href;
    part("download").href = `${link.href}?download=1`;
    picture(link);
    document.querySelectorAll("a[data-document]").forEach((one) => one.toggleAttribute("data-open", one === link));
  };

  const appear = () => {
    if (wide.matches) panel().show(); // the page beside it stays in use
    else panel().showModal(); // nothing behind it can be reached
    document.documentElement.classList.toggle("reading", wide.matches);
  };

  const open = (link) => {
    show(link);
    if (!panel().open) appear();
    panel().querySelector("h2").focus({ preventScroll: true });
    if (wide.matches) link.scrollIntoView({ block: "center" }); // the answers are narrower now, and what was clicked has moved
  };

  const turn = (step) => {
    const all = around(current());
    const link = all[(all.indexOf(current()) + step + all.length) % all.length];
    show(link);
    if (wide.matches) link.scrollIntoView({ block: "center" });
  };

  const close = () => panel()?.open && panel().close();

  const closed = () => {
    document.documentElement.classList.remove("reading");
    panel().querySelector("iframe").removeAttribute("src");
    document.querySelectorAll("a[data-open]").forEach((one) => one.removeAttribute("data-open"));
    if (!shown) return;
    current().focus();
    shown = null;
  };

  // The verdict on what was just read: on a narrow screen the document makes way for it.
  const judge = () => {
    const place = section(current());
    if (!wide.matches) { shown = null; close(); }
    place.scrollIntoView({ block: "start" });
    const button = [...place.querySelectorAll(".rulings .btn")].find((one) => one.offsetParent);
    if (!button) place.tabIndex = -1; // no verdict can be given now: what was said stands there
    (button || place).focus({ preventScroll: true });
  };

  // Turned or made narrower: what lay beside the answers now lies over them, or the other way round.
  wide.addEventListener("change", () => {
    if (!panel()?.open) return;
    panel().close();
    appear();
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-document]");
    if (link && panel() && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); open(link); }
    const within = event.target.closest?.("#papers");
    if (!within) return;
    if (event.target.closest("[data-close]")) close();
    if (event.target.closest("[data-verdict]")) { event.preventDefault(); judge(); }
    const turned = event.target.closest("[data-turn]");
    if (turned) turn(Number(turned.dataset.turn));
  });
  document.addEventListener("close", (event) => { if (event.target.id === "papers" && !event.target.open) closed(); }, true);
  // Over the answers the browser closes it by itself.
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && wide.matches && !document.querySelector(".q-dialog__inner")) close(); });
  return { open, close };
})();
