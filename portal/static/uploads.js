// The documents of this step, a row for each: what is wrong with it, how far it is, until when it is valid; removed and put back.
// The carrying is static/carrier.js's business; what is chosen or dropped comes from static/taking.js.
window.uploads = (() => {
  "use strict";
  const UNDO = 10_000, QUIET = 5000; // ms: how long a removal can be undone here, and between two words of progress
  const EARLIEST = "1990-01-01", LATEST = "2100-12-31";
  const { carrier } = window;

  const slots = () => [...document.querySelectorAll("[data-slot]")];
  const slotOf = (target) => target.closest?.("[data-slot]");
  const isMultiple = (slot) => slot.dataset.multiple === "yes";
  const asksExpiry = (slot) => slot.dataset.expires === "yes";
  const rows = (slot) => [...slot.querySelectorAll(".file")].map((item) => item.row).filter(Boolean);
  const takes = ({ dataset }) => ({ endings: dataset.accept.split(",").map((one) => one.slice(1)), kinds: dataset.kinds, megabytes: Number(dataset.limit), binds: dataset.photos === "bound" });
  const PHOTOS = ".jpg,.jpeg,.png";
  const today = () => new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 10);

  // One file in its slot: on its way (`upload`) or stored. What is written in stays; only what changes is drawn anew.
  class Row {
    constructor(slot, { upload = null, stored = null, pages = [] }) {
      Object.assign(this, { slot, upload, stored, pages, photos: upload?.record.photos ?? inPdf(pages), longer: null, spoken: Date.now(), said: 0 });
      this.item = make("li", { className: "file", row: this });
      this.mark = make("span", { className: "file-mark", ariaHidden: "true" });
      this.title = make("div", { className: "file-title" });
      this.small = make("small");
      this.made = make("small", { className: "made", textContent: this.photos ? boundOf(this.photos) : "" });
      this.bar = make("progress", { max: 1, hidden: true, ariaLabel: _("Upload of {name}", { name: this.name }) });
      this.deeds = make("div", { className: "file-deeds" });
      this.item.append(this.mark, make("div", { className: "file-name" }, this.title, this.small, this.made, this.bar, ...(asksExpiry(slot) ? [this.expiry()] : [])), this.deeds);
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
      const others = rows(this.slot).filter((other) => other !== this && other.stored), { replaces } = this.upload.record;
      const same = others.filter((other) => other.stored.publicId === stored.publicId || (other.name === stored.fileName && other.stored.fileSize === stored.fileSize));
      same.forEach((other) => other.item.remove());
      const before = others.filter((other) => !same.includes(other) && (!isMultiple(this.slot) || other.stored.publicId === replaces));
      before.forEach((other) => other.replaced());
      Object.assign(this, { stored, upload: null });
      this.draw();
      tidy(this.slot);
      filed(this.slot);
      if (stored.sameAsSent) say(this.slot, [carrier.sameAsSent()]);
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
      const box = this.slot.querySelector("input"), at = document.activeElement, focused = this.deeds.contains(at) || (this.lent && at === box);
      this.mark.replaceChildren(...this.picture());
      this.title.replaceChildren(this.link());
      this.deeds.replaceChildren(...this.buttons());
      if (focused) this.focus(this.deeds.querySelector("button") ?? this.title.querySelector("a") ?? box);
    }

    // While a PDF of photos is looked at it has no button; whoever was at *Add a page* is there again afterwards.
    focus(place) {
      this.lent = this.pages.length > 0 && place.type === "file";
      place.focus();
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
      if (this.state === "held") return upload.words;
      if (this.state === "elsewhere") return _("Being uploaded in another window");
      if (this.state !== "broken") return _("Waiting");
      if (line) return _("You are offline. The upload goes on by itself when you are back; what has arrived stays.");
      const went = upload.share > 0 ? _("The connection broke off at {percent} %.", { percent: upload.percent }) : _("It could not be sent just now.");
      return `${upload.words || went} ${_("It is tried again by itself.")}`;
    }

    buttons() {
      const more = this.pages.length && !this.longer && !this.joining ? [act(_("Add a page"), this.name, () => this.choosePages())] : [];
      if (this.stored) return [...more, act(_("Remove"), this.name, () => this.remove())];
      if (this.state === "checking" || this.state === "elsewhere") return [];
      const stop = act(_("Cancel"), this.name, () => carrier.cancel(this.upload));
      return this.state === "broken" ? [act(_("Try now"), this.name, () => carrier.start(this.upload)), ...more, stop] : [...more, stop];
    }

    // A telephone takes one photo at a time: the next page joins those that are there, in a new PDF in the place of this one.
    choosePages() {
      this.box = make("input", { type: "file", accept: PHOTOS, multiple: true, onchange: () => window.taking.join(this, [...this.box.files]) });
      this.box.click();
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
      this.longer?.takeDay(value);
      if (this.upload) return carrier.redate(this.upload, value || null);
      this.stored.expiryDate = value;
      const going = await carrier.expire(this.stored.publicId, this.slot.dataset.slot, value || null);
      going.watch = ({ state, words }) => {
        if (state === "stored") { say(this.slot, []); announce(this.slot, _("Expiry date of {name} is saved", { name: this.name })); filed(this.slot); }
        if (state === "refused") say(this.slot, [words]);
        if (state === "broken") announce(this.slot, _("The date is kept on this device and sent as soon as the portal can be reached."));
      };
    }

    // The day of the shorter PDF, whose place this one takes.
    takeDay(value) {
      const box = this.item.querySelector("input[type=date]");
      if (box) box.value = value;
      if (this.upload) carrier.redate(this.upload, value || null);
    }

    takenOut() { return carrier.ask("/api/upload-file/remove", { publicId: this.stored.publicId }); }

    async remove() {
      this.deeds.querySelectorAll("button").forEach((button) => { button.disabled = true; });
      try {
        await this.takenOut();
      } catch (error) {
        say(this.slot, [error.message || _("“{name}” could not be removed just now. Check your connection, then try again.", { name: this.name })]);
        this.drawn = "";
        this.draw();
        return this.deeds.querySelector("button:last-child").focus();
      }
      say(this.slot, []);
      this.undoable(_("{name} is removed", { name: this.name })).focus();
      filed(this.slot);
    }

    replaced() { this.undoable(this.longer ? _("A page is added to {name}", { name: this.name }) : _("{name} is replaced", { name: this.name })); }

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
        else if (this.longer?.stored) this.longer.takenOut().then(() => this.longer.item.remove());
        const row = new Row(this.slot, { stored, pages: this.pages });
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
      rows(this.slot).filter(({ longer }) => longer === this).forEach((shorter) => Object.assign(shorter, { longer: null, drawn: "" }).draw());
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
    slot.querySelector("label.camera > span")?.replaceChildren(has && !several ? _("Replace with a photo") : _("Take a photo"));
  }

  // The page's Python counts documents; before its socket is there it will count them when it comes.
  function filed(slot) {
    const tell = () => window.did_handshake ? emitEvent("filed", slot.dataset.slot) : setTimeout(tell, 200);
    tell();
  }

  const inPdf = (photos) => photos.filter(({ jpeg }) => jpeg).length;
  const boundOf = (count) => ngettext("Made into a PDF from your photo", "Made into a PDF from your {count} photos", count);
  const pages = ({ pages: count }) => count ? ngettext("{count} page", "{count} pages", count) : "";
  const number = (value, unit, digits) => value.toLocaleString(_.tag, { style: "unit", unit, maximumFractionDigits: digits });
  const size = (bytes) => bytes >= 1e6 ? number(bytes / 1e6, "megabyte", 1) : number(Math.max(1, bytes / 1e3), "kilobyte", 0);
  const moment = (at) => new Date(at).toLocaleString(_.tag, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
  const day = (iso) => new Date(`${iso}T12:00`).toLocaleDateString(_.tag, { day: "numeric", month: "long", year: "numeric" });

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
    slot.querySelector(`[data-apart="${upload.record.publicId}"]`)?.remove(); // the row says it
    if (upload.state === "refused") row.refused();
  }));

  // A date that the portal has not got yet is shown, not the older one that the page was built with.
  function redated(slot, record) {
    const row = rows(slot).find((one) => one.stored?.publicId === record.publicId), box = row?.item.querySelector("input[type=date]");
    if (box) box.value = record.day ?? "";
  }

  return { Row, slots, slotOf, isMultiple, takes, rows, make, say, announce, inPdf, boundOf };
})();
