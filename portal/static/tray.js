// Uploads that go on while another page of the form is open: a small tray says how far they are, and what came of them. Folded it is
// one line; how it was left stays for the session.
(() => {
  "use strict";
  const { carrier, uploads: { make } } = window;
  const KEY = "tray", STAYS = 6000; // ms: how long a line stays when its document is there
  const lines = new Map(), counted = { all: 0, sent: 0 };
  const root = document.documentElement, next = document.querySelector("#questions > .ways, #questions > .send");
  let tray = null, fold = null, list = null, said = null;

  // It stands in the page before what leads on, and sticks to the screen's end until that is reached.
  function open() {
    if (tray) return tray.classList.remove("empty"), root.classList.add("has-tray");
    said = make("p", { className: "sr" });
    said.setAttribute("role", "status");
    list = make("ul", { id: "tray-list", role: "list" });
    fold = make("button", { type: "button", className: "tray-fold", onclick: () => remember(list.hidden) });
    fold.setAttribute("aria-controls", list.id);
    tray = make("section", { className: "tray", ariaLabel: _("Documents of other steps") }, make("div", { className: "tray-box" }, fold, list, said));
    if (next) next.before(tray); else (document.getElementById("questions") ?? document.getElementById("content")).append(tray);
    root.classList.add("has-tray");
    new ResizeObserver(clear).observe(tray.firstChild);
    if (next) new IntersectionObserver(([seen]) => { if (!seen.isIntersecting) hold(""); }).observe(next);
    unfold(kept() ?? !matchMedia("(max-width: 820px)").matches);
  }

  function close() {
    tray.classList.add("empty");
    root.classList.remove("has-tray");
  }

  function unfold(on) {
    list.hidden = !on;
    fold.setAttribute("aria-expanded", String(on));
  }

  function remember(on) {
    hold("");
    unfold(on);
    try { sessionStorage.setItem(KEY, on ? "open" : "folded"); } catch { /* then it is asked anew on each page */ }
  }

  function kept() {
    try { return { open: true, folded: false }[sessionStorage.getItem(KEY)]; } catch { return undefined; }
  }

  // What somebody is typing in does not come to lie under it when it grows.
  function clear() {
    const { height, top } = tray.firstChild.getBoundingClientRect(), focused = document.activeElement;
    root.style.setProperty("--tray", `${Math.ceil(height)}px`);
    const under = focused && focused !== document.body && !tray.contains(focused) && !focused.contains(tray);
    const { top: from, bottom: to } = under ? focused.getBoundingClientRect() : {};
    if (to > top && from < top + height) focused.scrollIntoView({ block: "nearest" });
  }

  // By itself it does not grow smaller while the way on is on the screen: that would move away under the thumb.
  const hold = (height) => { tray.style.minBlockSize = height; };
  function steady() {
    if (next && next.getBoundingClientRect().top < innerHeight) hold(`${tray.offsetHeight}px`);
  }

  function show(upload) {
    open();
    const name = upload.record.name, line = lines.get(upload) ?? entered(upload);
    if (upload.state === "cancelled") return settle(upload, 0, 1);
    if (line.dataset.state === "sending" && upload.state === "sending") line.querySelector("small").replaceChildren(told(upload));
    else drawn(upload, line);
    if (upload.state === "stored") {
      counted.sent += 1;
      const { sameAsSent } = upload.stored;
      said.textContent = sameAsSent ? carrier.sameAsSent() : _("{name} is uploaded", { name });
      filed(upload.record.slot);
      settle(upload, sameAsSent ? 4 * STAYS : STAYS);
    }
    sum();
  }

  function entered(upload) {
    const line = make("li");
    counted.all += 1;
    lines.set(upload, line);
    list.append(line);
    return line;
  }

  function drawn(upload, line) {
    line.dataset.state = upload.state;
    line.replaceChildren(make("span", {}, make("bdi", { textContent: upload.record.name }), make("small", { textContent: told(upload) })), ...buttons(upload));
    if (upload.state !== "refused") return;
    unfold(true); // it needs somebody, whatever was folded
    line.setAttribute("role", "alert");
  }

  // "Documents: 2 of 3 sent · 43 %"
  function sum() {
    const { all, sent } = counted, going = [...lines.keys()].filter(({ state }) => state !== "refused");
    const share = going.reduce((total, { share: one }) => total + one, 0) / (going.length || 1);
    const words = _("Documents: {sent} of {all} sent", { sent: sent.toLocaleString(_.tag), all: all.toLocaleString(_.tag) });
    const percent = sent < all && share > 0 && share < 1 ? (Math.floor(share * 100) / 100).toLocaleString(_.tag, { style: "percent" }) : "";
    fold.replaceChildren(make("span", { textContent: [words, percent].filter(Boolean).join(" · ") }));
  }

  function buttons(upload) {
    const name = make("span", { className: "sr", textContent: ` ${upload.record.name}` });
    if (upload.state === "stored" || upload.state === "checking" || upload.state === "elsewhere") return [];
    const there = make("a", { href: `${upload.record.page}#${upload.record.slot}`, className: "quiet" }, _("Go to it"), name);
    if (upload.state !== "refused") return [there];
    return [there, make("button", { type: "button", className: "quiet", onclick: () => { carrier.dismiss(upload); settle(upload, 0, 1); } }, _("Close"), name.cloneNode(true))];
  }

  function told(upload) {
    if (upload.state === "stored") return upload.stored.sameAsSent ? carrier.sameAsSent() : _("Uploaded");
    if (upload.state === "refused") return upload.words;
    if (upload.state === "checking") return _("Checking the file…");
    if (upload.state === "held") return upload.words;
    if (upload.state === "elsewhere") return _("Being uploaded in another window");
    if (upload.state === "broken") return navigator.onLine === false ? _("Offline. It goes on by itself.") : _("Interrupted. It is tried again by itself.");
    return upload.state === "sending" ? _("{percent} % uploaded", { percent: upload.percent }) : _("Waiting");
  }

  // `fewer` is 1 where nothing was sent: it is not counted any more.
  function settle(upload, after, fewer = 0) {
    setTimeout(() => {
      const line = lines.get(upload), last = lines.size === 1, focused = line?.contains(document.activeElement) || (last && tray.contains(document.activeElement));
      steady();
      line?.remove();
      lines.delete(upload);
      counted.all -= fewer;
      if (last) close(); else sum();
      if (focused) (last ? document.getElementById("content") : fold)?.focus({ preventScroll: true });
    }, after);
  }

  function filed(slot) {
    const tell = () => window.did_handshake ? emitEvent("filed", slot) : setTimeout(tell, 200);
    tell();
  }

  carrier.ready.then((waiting) => waiting.filter(({ record }) => !record.id.startsWith("day:") && !document.querySelector(`[data-slot="${record.slot}"]`)).forEach((upload) => {
    upload.watch = show;
    show(upload);
  }));
})();
