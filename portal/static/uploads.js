// The documents of this step: files chosen, dropped or photographed, what is wrong with them, how far they are, until when they are
// valid; removed and put back. The carrying is static/carrier.js's business, the looking at a file static/papers.js's.
(() => {
  "use strict";
  const UNDO = 10_000, QUIET = 5000; // ms: how long a removal can be undone here, and between two words of progress
  const EARLIEST = "1990-01-01", LATEST = "2100-12-31";
  const { carrier, papers } = window;

  const slots = () => [...document.querySelectorAll("[data-slot]")];
  const slotOf = (target) => target.closest?.("[data-slot]");
  const isMultiple = (slot) => slot.dataset.multiple === "yes";
  const asksExpiry = (slot) => slot.dataset.expires === "yes";
  const rows = (slot) => [...slot.querySelectorAll(".file")].map((item) => item.row).filter(Boolean);
  const takes = ({ dataset }) => ({ endings: dataset.accept.split(",").map((one) => one.slice(1)), kinds: dataset.kinds, megabytes: Number(dataset.limit) });
  const today = () => new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 10);

  // One file in its slot: on its way (`upload`) or stored. What is written in stays; only what changes is drawn anew.
  class Row {
    constructor(slot, { upload = null, stored = null }) {
      Object.assign(this, { slot, upload, stored, spoken: Date.now(), said: 0 });
      this.item = make("li", { className: "file", row: this });
      this.mark = make("span", { className: "file-mark", ariaHidden: "true" });
      this.title = make("div", { className: "file-title" });
      this.small = make("small");
      this.bar = make("progress", { max: 1, hidden: true, ariaLabel: _("Upload of {name}", { name: this.name }) });
      this.deeds = make("div", { className: "file-deeds" });
      this.item.append(this.mark, make("div", { className: "file-name" }, this.title, this.small, this.bar, ...(asksExpiry(slot) ? [this.expiry()] : [])), this.deeds);
      slot.querySelector(".files").append(this.item);
      if (upload) upload.watch = () => this.heard();
      this.draw();
    }

    get name() { return this.stored?.fileName ?? this.upload.record.name; }
    get state() { return this.stored ? "stored" : this.upload.state; }

    heard() {
      const { upload } = this;
      if (upload.state === "stored") return this.keep(upload.stored);
      if (upload.state === "cancelled") return this.gone(_("{name} is cancelled", { name: this.name }));
      if (upload.state === "refused") return this.refused();
      if (upload.state === "sending") this.tell();
      this.draw();
    }

    refused() {
      say(this.slot, [...this.slot.querySelectorAll(":scope > [role=alert] p")].map((one) => one.textContent).concat(this.upload.words));
      carrier.dismiss(this.upload);
      this.gone("");
    }

    // Progress is said at a quarter, a half and three quarters, and not all the time.
    tell() {
      const quarter = Math.floor(this.upload.share * 4) * 25;
      if (quarter <= this.said || quarter >= 100 || Date.now() - this.spoken < QUIET) return;
      Object.assign(this, { spoken: Date.now(), said: quarter });
      announce(this.slot, _("{name}: {percent} % uploaded", { name: this.name, percent: quarter }));
    }

    keep(stored) {
      const others = rows(this.slot).filter((other) => other !== this && other.stored);
      const same = others.filter((other) => other.stored.publicId === stored.publicId || (other.name === stored.fileName && other.stored.fileSize === stored.fileSize));
      same.forEach((other) => other.item.remove());
      if (!isMultiple(this.slot)) others.filter((other) => !same.includes(other)).forEach((other) => other.replaced());
      Object.assign(this, { stored, upload: null });
      this.draw();
      tidy(this.slot);
      filed(this.slot);
      const left = rows(this.slot).filter((other) => other.upload).length, all = rows(this.slot).filter((other) => other.isNew).length;
      if (!left) rows(this.slot).forEach((other) => { other.isNew = false; });
      const words = left || all < 2 ? _("{name} is uploaded", { name: this.name }) : ngettext("{count} document is uploaded", "All {count} documents are uploaded", all);
      announce(this.slot, asksExpiry(this.slot) && !stored.expiryDate ? `${words}. ${_("Enter until when it is valid")}` : words);
    }

    draw() {
      const { state } = this;
      this.item.className = `file ${state}`;
      this.small.textContent = this.told();
      this.bar.hidden = state !== "sending";
      this.bar.value = this.upload?.share ?? 0;
      if (this.drawn === state) return;
      this.drawn = state;
      const focused = this.deeds.contains(document.activeElement);
      this.mark.replaceChildren(...this.picture());
      this.title.replaceChildren(this.link());
      this.deeds.replaceChildren(...this.buttons());
      if (focused) (this.deeds.querySelector("button") ?? this.title.querySelector("a") ?? this.slot.querySelector("input")).focus();
    }

    picture() {
      if (!this.stored?.hasThumbnail) return [{ stored: "✓", broken: "!" }[this.state] ?? ""];
      return [make("img", { src: `/documents/${this.stored.publicId}/thumbnail`, alt: "", onerror() { this.replaceWith("✓"); } })];
    }

    link() {
      const name = make("bdi", { textContent: this.name });
      return this.stored ? make("a", { href: `/documents/${this.stored.publicId}`, target: "_blank", rel: "noopener" }, name) : name;
    }

    told() {
      const { upload, stored } = this, line = upload && navigator.onLine === false;
      if (stored) return [pages(stored), size(stored.fileSize), _("uploaded {time}", { time: moment(stored.uploadedAt) })].filter(Boolean).join(" · ");
      if (this.state === "sending") return _("{percent} % of {size}", { percent: upload.percent, size: size(upload.record.blob.size) });
      if (this.state === "checking") return _("Checking the file…");
      if (this.state === "elsewhere") return _("Being uploaded in another window");
      if (this.state !== "broken") return _("Waiting");
      if (line) return _("You are offline. The upload goes on by itself when you are back; what has arrived stays.");
      const went = upload.share > 0 ? _("The connection broke off at {percent} %.", { percent: upload.percent }) : _("It could not be sent just now.");
      return `${upload.words || went} ${_("It is tried again by itself.")}`;
    }

    buttons() {
      if (this.stored) return [act(_("Remove"), this.name, () => this.remove())];
      if (this.state === "checking" || this.state === "elsewhere") return [];
      const stop = act(_("Cancel"), this.name, () => carrier.cancel(this.upload));
      return this.state === "broken" ? [act(_("Try now"), this.name, () => carrier.start(this.upload)), stop] : [stop];
    }

    // Certificates run out: the day is asked for at once, goes with the file, and may be typed or chosen from the calendar.
    expiry() {
      const id = `expiry-${Math.random().toString(36).slice(2)}`, told = make("p", { id: `${id}-error`, className: "error" });
      const box = make("input", { type: "date", id, value: this.stored?.expiryDate ?? this.upload?.record.day ?? "", min: EARLIEST, max: LATEST });
      box.setAttribute("aria-describedby", told.id);
      const judge = (final) => {
        const wrong = box.validity.badInput || box.validity.rangeUnderflow || box.validity.rangeOverflow;
        told.textContent = wrong ? (final ? _("Enter a whole date, with day, month and year.") : "") : box.value && box.value < today()
          ? _("This document ran out on {date}. Upload the current one, or correct the date.", { date: day(box.value) }) : "";
        box.setAttribute("aria-invalid", String(Boolean(told.textContent)));
        return !wrong;
      };
      box.addEventListener("change", () => judge(false) && this.dated(box.value));
      box.addEventListener("blur", () => judge(true));
      if (box.value) judge(true);
      told.setAttribute("role", "alert");
      const words = make("span", {}, _("Valid until"), make("span", { className: "sr", textContent: ` (${this.name})` }));
      return make("div", {}, make("label", { className: "expires" }, words, box), told);
    }

    async dated(value) {
      if (this.upload) return carrier.redate(this.upload, value || null);
      this.stored.expiryDate = value;
      const going = await carrier.expire(this.stored.publicId, this.slot.dataset.slot, value || null);
      going.watch = ({ state, words }) => {
        if (state === "stored") announce(this.slot, _("Expiry date of {name} is saved", { name: this.name }));
        if (state === "refused") say(this.slot, [words]);
        if (state === "broken") announce(this.slot, _("The date is kept on this device and sent as soon as the portal can be reached."));
      };
    }

    async remove() {
      const { publicId } = this.stored;
      this.deeds.querySelectorAll("button").forEach((button) => { button.disabled = true; });
      try {
        await carrier.ask("/api/upload-file/remove", { publicId });
      } catch (error) {
        say(this.slot, [error.message || _("“{name}” could not be removed just now. Check your connection, then try again.", { name: this.name })]);
        this.drawn = "";
        this.draw();
        return this.deeds.querySelector("button").focus();
      }
      this.undoable(_("{name} is removed", { name: this.name })).focus();
      filed(this.slot);
    }

    replaced() { this.undoable(_("{name} is replaced", { name: this.name })); }

    // It is done; for a moment it can be taken back. The offer stays as long as somebody is at it.
    undoable(words) {
      const undo = act(_("Undo"), this.name, () => this.restore(item)), item = make("li", { className: "file undo" }, make("span", { className: "file-name" }, words), undo);
      this.item.replaceWith(item);
      tidy(this.slot);
      announce(this.slot, words);
      const end = () => setTimeout(() => item.matches(":hover, :focus-within") ? end() : item.remove(), UNDO);
      end();
      return undo;
    }

    async restore(item) {
      try {
        const stored = await carrier.ask("/api/upload-file/restore", { publicId: this.stored.publicId });
        if (!isMultiple(this.slot)) rows(this.slot).filter((other) => other.stored).forEach((other) => other.item.remove());
        const row = new Row(this.slot, { stored });
        item.replaceWith(row.item);
        tidy(this.slot);
        filed(this.slot);
        announce(this.slot, _("{name} is back", { name: this.name }));
        row.title.querySelector("a").focus();
      } catch (error) {
        say(this.slot, [error.message || _("“{name}” could not be put back just now. Try again.", { name: this.name })]);
      }
    }

    gone(words) {
      const focused = this.item.contains(document.activeElement);
      this.item.remove();
      tidy(this.slot);
      if (words) announce(this.slot, words);
      if (focused || document.activeElement === document.body) this.slot.querySelector("input[type=file]").focus({ preventScroll: true });
    }
  }

  function make(tag, properties = {}, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  function act(words, name, onclick) {
    return make("button", { type: "button", className: "quiet", onclick }, words, make("span", { className: "sr", textContent: ` ${name}` }));
  }

  // Of a mixed lot the good ones go on, and each of the others is told why it does not.
  async function take(slot, files, wrong = []) {
    const given = isMultiple(slot) ? [...files] : [...files].slice(0, 1), words = [...wrong];
    say(slot, words);
    if (files.length > given.length) words.push(_("This takes one file, so only “{name}” was taken.", { name: given[0].name }));
    for (const file of given) {
      const found = await papers.fit(file, takes(slot));
      if (found.words) words.push(found.words); else await admit(slot, found.file).catch(() => words.push(_("“{name}” could not be read. Save it on this device first, then choose it again.", { name: file.name })));
    }
    say(slot, words);
  }

  async function admit(slot, file) {
    if (!isMultiple(slot)) rows(slot).filter((other) => other.upload).forEach((other) => carrier.cancel(other.upload));
    const own = papers.told(file, file.name.startsWith("photo ") ? rows(slot).map((row) => row.name) : []);
    const upload = await carrier.add(slot.dataset.slot, own, { label: slot.dataset.label, page: location.pathname });
    new Row(slot, { upload }).isNew = true;
    announce(slot, _("Uploading {name}", { name: own.name }));
  }

  function say(slot, sentences) {
    slot.querySelector(":scope > [role=alert]").replaceChildren(...sentences.map((words) => make("p", { textContent: words })));
    slot.querySelector("input[type=file]").setAttribute("aria-invalid", String(sentences.length > 0));
  }
  function announce(slot, words) { slot.querySelector(".told").textContent = words; }

  // What the button does changes with what is there.
  function tidy(slot) {
    const has = rows(slot).some((row) => row.stored), several = isMultiple(slot);
    slot.classList.toggle("has", has);
    slot.querySelector(".choose").textContent = several ? (has ? _("Add files") : _("Choose files")) : has ? _("Replace") : _("Choose a file");
  }

  // The page's Python counts documents; before its socket is there it will count them when it comes.
  function filed(slot) {
    const tell = () => window.did_handshake ? emitEvent("filed", slot.dataset.slot) : setTimeout(tell, 200);
    tell();
  }

  const pages = ({ pages: count }) => count ? ngettext("{count} page", "{count} pages", count) : "";
  const number = (value, unit, digits) => value.toLocaleString(_.tag, { style: "unit", unit, maximumFractionDigits: digits });
  const size = (bytes) => bytes >= 1e6 ? number(bytes / 1e6, "megabyte", 1) : number(Math.max(1, bytes / 1e3), "kilobyte", 0);
  const moment = (at) => new Date(at).toLocaleString(_.tag, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
  const day = (iso) => new Date(`${iso}T12:00`).toLocaleDateString(_.tag, { day: "numeric", month: "long", year: "numeric" });

  document.addEventListener("change", ({ target }) => {
    if (!target.matches?.("[data-slot] input[type=file]") || !target.files.length) return;
    const files = [...target.files];
    take(slotOf(target), target.matches("[data-photo]") ? files.map(papers.asPhoto) : files);
    target.value = ""; // so that the same file can be chosen again
  });

  // A file dropped beside a slot must not replace the page.
  const light = (over) => slots().forEach((slot) => slot.classList.toggle("over", slot === over));
  for (const kind of ["dragover", "dragenter"]) {
    document.addEventListener(kind, (event) => {
      if (![...event.dataTransfer?.types ?? []].includes("Files")) return;
      event.preventDefault();
      const over = slotOf(event.target);
      light(over);
      event.dataTransfer.dropEffect = over ? "copy" : "none";
    });
  }
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) light(null); });
  document.addEventListener("drop", (event) => {
    const given = event.dataTransfer;
    if (!given || ![...given.types].includes("Files")) return;
    event.preventDefault();
    light(null);
    const slot = slotOf(event.target);
    if (!slot) return;
    const folders = [...given.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry?.isDirectory).map((entry) => entry.name);
    const files = [...given.files].filter((file) => !folders.includes(file.name));
    take(slot, files, folders.map(papers.folder));
  });

  slots().forEach((slot) => {
    slot.querySelector(".files").replaceChildren();
    JSON.parse(slot.dataset.files).forEach((stored) => new Row(slot, { stored }));
    tidy(slot);
  });
  carrier.ready.then((kept) => kept.forEach((upload) => {
    const slot = document.querySelector(`[data-slot="${upload.record.slot}"]`);
    if (!slot) return;
    if (upload.record.id.startsWith("day:")) return redated(slot, upload.record);
    const row = new Row(slot, { upload });
    if (upload.state === "refused") row.refused();
  }));

  // A date that the portal has not got yet is shown, not the older one that the page was built with.
  function redated(slot, record) {
    const row = rows(slot).find((one) => one.stored?.publicId === record.publicId), box = row?.item.querySelector("input[type=date]");
    if (box) box.value = record.day ?? "";
  }
})();
