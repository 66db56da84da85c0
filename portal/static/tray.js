// Uploads that go on while another page of the form is open: a small tray says how far they are, and what came of them.
(() => {
  "use strict";
  const { carrier } = window;
  const lines = new Map();
  let tray = null, said = null;

  function make(tag, properties = {}, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  // It stands over the page's end, so what has the focus is scrolled clear of it.
  function open() {
    if (tray) return;
    said = make("p", { className: "sr" });
    said.setAttribute("role", "status");
    tray = make("aside", { className: "tray", ariaLabel: _("Documents of other steps") }, make("ul", { role: "list" }), said);
    document.body.append(tray);
    document.documentElement.classList.add("has-tray");
  }

  function close() {
    tray?.remove();
    tray = null;
    document.documentElement.classList.remove("has-tray");
  }

  function show(upload) {
    open();
    const name = upload.record.name, line = lines.get(upload) ?? make("li");
    lines.set(upload, line);
    if (upload.state === "cancelled") return settle(upload, 0);
    if (line.dataset.state === "sending" && upload.state === "sending") return void line.querySelector("small").replaceChildren(told(upload));
    line.dataset.state = upload.state;
    line.replaceChildren(make("span", {}, make("bdi", { textContent: name }), make("small", { textContent: told(upload) })), ...buttons(upload));
    if (!line.isConnected) tray.querySelector("ul").append(line);
    if (upload.state === "stored") {
      said.textContent = _("{name} is uploaded", { name });
      filed(upload.record.slot);
      settle(upload, 6000);
    }
    if (upload.state === "refused") line.setAttribute("role", "alert");
  }

  function buttons(upload) {
    const name = make("span", { className: "sr", textContent: ` ${upload.record.name}` });
    if (upload.state === "stored" || upload.state === "checking" || upload.state === "elsewhere") return [];
    const there = make("a", { href: `${upload.record.page}#${upload.record.slot}`, className: "quiet" }, _("Go to it"), name);
    if (upload.state !== "refused") return [there];
    return [there, make("button", { type: "button", className: "quiet", onclick: () => { carrier.dismiss(upload); settle(upload, 0); } }, _("Close"), name.cloneNode(true))];
  }

  function told(upload) {
    if (upload.state === "stored") return _("Uploaded");
    if (upload.state === "refused") return upload.words;
    if (upload.state === "checking") return _("Checking the file…");
    if (upload.state === "elsewhere") return _("Being uploaded in another window");
    if (upload.state === "broken") return navigator.onLine === false ? _("Offline. It goes on by itself.") : _("Interrupted. It is tried again by itself.");
    return upload.state === "sending" ? _("{percent} % uploaded", { percent: upload.percent }) : _("Waiting");
  }

  function settle(upload, after) {
    setTimeout(() => {
      const line = lines.get(upload), focused = line?.contains(document.activeElement);
      line?.remove();
      lines.delete(upload);
      if (!lines.size) close();
      if (focused) document.getElementById("content")?.focus({ preventScroll: true });
    }, after);
  }

  function filed(slot) {
    const tell = () => window.did_handshake ? emitEvent("filed", slot) : setTimeout(tell, 200);
    tell();
  }

  carrier.ready.then((kept) => kept.filter(({ record }) => !record.id.startsWith("day:") && !document.querySelector(`[data-slot="${record.slot}"]`)).forEach((upload) => {
    upload.watch = show;
    show(upload);
  }));
})();
