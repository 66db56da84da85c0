// One application: its documents open beside the answers, or over them on a narrow screen, one after the other.
const papers = (() => {
  const wide = matchMedia("(min-width: 1280px)");
  const ZOOMS = [1, 1.5, 2, 3, 4];
  let shown = null; // the link of the document that is open
  let zoom = 0, angle = 0; // of a picture

  const panel = () => document.getElementById("papers");
  const part = (name) => panel().querySelector(`[data-${name}]`);
  const section = (link) => link.closest(".section");

  // Each stands beside its answer, and again among all; what is renewed stands with what it replaces. One pages through where one opened it.
  const group = (link) => ["section-documents", "renewal"].find((one) => one === section(link)?.id);
  const around = (link) => [...document.querySelectorAll(".section a[data-document]")].filter((one) => group(one) === group(link));

  // What stood there when it was opened may have been drawn anew since.
  const current = () => (shown.isConnected ? shown : document.querySelector(`a[data-document][href="${shown.getAttribute("href")}"]`)) || shown;

  const picture = (link) => {
    const kind = link.dataset.document, frame = panel().querySelector("iframe"), holder = panel().querySelector(".picture");
    const image = holder.querySelector("img");
    frame.hidden = kind !== "pdf";
    holder.hidden = part("picture").hidden = kind !== "image";
    part("unshown").hidden = kind !== "other";
    frame.title = image.alt = link.dataset.name;
    frame.removeAttribute("src");
    image.removeAttribute("src");
    zoom = angle = 0;
    // For the browser's PDF viewer: the page as wide as the frame, without its column of thumbnails.
    if (kind === "image") image.src = link.href;
    if (kind === "pdf") frame.src = `${link.href}#navpanes=0&view=FitH`;
    if (kind === "other") part("unshown").querySelector("a").href = link.href;
  };

  // A picture as wide as there is room, or larger; turned on its side it takes the room that it has then.
  const fit = () => {
    const holder = panel()?.querySelector(".picture"), image = holder?.querySelector("img");
    if (!image?.naturalWidth || holder.hidden) return;
    const [broad, high] = angle % 180 ? [image.naturalHeight, image.naturalWidth] : [image.naturalWidth, image.naturalHeight];
    const scale = Math.min(1, holder.clientWidth / broad) * ZOOMS[zoom], sheet = image.parentElement;
    Object.assign(sheet.style, { width: `${broad * scale}px`, height: `${high * scale}px` });
    Object.assign(image.style, { width: `${image.naturalWidth * scale}px`, transform: `rotate(${angle}deg)` });
    part("scale").textContent = _("{percent} %", { percent: Math.round(scale * 100) });
    panel().querySelector("[data-zoom='-1']").disabled = zoom === 0;
    panel().querySelector("[data-zoom='1']").disabled = zoom === ZOOMS.length - 1;
  };
  document.addEventListener("load", (event) => { if (event.target.closest?.("#papers .picture")) fit(); }, true);
  addEventListener("resize", fit);

  const show = (link) => {
    shown = link;
    const all = around(link), place = section(link);
    panel().querySelector("h2").textContent = link.dataset.name;
    part("number").textContent = _("Document {number} of {count}", { number: all.indexOf(link) + 1, count: all.length });
    panel().querySelectorAll("[data-turn]").forEach((button) => { button.hidden = all.length < 2; });
    part("verdict").href = `#${place.id}`;
    part("verdict").hidden = !place.querySelector(".verdict");
    part("tab").href = link.href;
    part("tab").hidden = link.dataset.document === "other";
    part("download").href = `${link.href.split("?")[0]}?download=1`;
    picture(link);
    document.querySelectorAll("a[data-document]").forEach((one) => one.toggleAttribute("data-open", one === link));
  };

  const appear = () => {
    document.documentElement.style.setProperty("--top", `${document.querySelector(".top").offsetHeight}px`); // it may take two lines
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

  // Over the answers the document covers the bar that leads to the decision, so it leads there itself.
  const decide = () => {
    if (!wide.matches) { shown = null; close(); }
    const place = document.getElementById("decision");
    place.scrollIntoView({ block: "start" });
    place.focus({ preventScroll: true });
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
    if (event.target.closest("[data-decision]")) { event.preventDefault(); decide(); }
    const turned = event.target.closest("[data-turn]"), zoomed = event.target.closest("[data-zoom]");
    if (turned) turn(Number(turned.dataset.turn));
    if (zoomed) zoom = Math.max(0, Math.min(ZOOMS.length - 1, zoom + Number(zoomed.dataset.zoom)));
    if (event.target.closest("[data-rotate]")) angle = (angle + 90) % 360;
    if (zoomed || event.target.closest("[data-rotate]")) fit();
  });
  document.addEventListener("close", (event) => { if (event.target.id === "papers" && !event.target.open) closed(); }, true);
  // Over the answers the browser closes it by itself.
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && wide.matches && !document.querySelector(".q-dialog__inner")) close(); });

  // While one is open, the arrows go on to the next: not within a picture that is larger than its place, which they move.
  document.addEventListener("keydown", (event) => {
    const forwards = document.documentElement.dir === "rtl" ? -1 : 1, by = { ArrowLeft: -forwards, ArrowRight: forwards }[event.key];
    if (!by || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || !event.target.closest?.("#papers")) return;
    if (event.target.scrollWidth > event.target.clientWidth && event.target.matches(".picture")) return;
    event.preventDefault();
    turn(by);
  });

  // The application is a step further: the reader is led to what comes next, once the dialog that did it has given its focus back.
  const onward = () => setTimeout(() => desk.focus(document.getElementById("onward") ? "onward" : "decision"), 250);

  const press = (...ids) => ids.map((id) => document.getElementById(id)).find((one) => one && !one.disabled)?.click();
  keys.offer({
    j: () => press("neighbour-after"), k: () => press("neighbour-before"), u: () => press("back"), "/": () => palette.open(),
    a: () => press("assign-me", "assign-choose"), n: () => document.querySelector(".composer textarea")?.focus(),
    // Where it cannot be asked for now, why stands in the panel.
    r: () => (document.querySelector("#deed-request:not([disabled])") ? press("deed-request") : desk.focus("decision")),
  });
  return { open, close, onward };
})();
