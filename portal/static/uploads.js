// Documents on their way from this browser straight to the object store: ask for a signed address, PUT the bytes there, and say
// so; the portal then looks at them and stores the document, or says why not.
(() => {
  "use strict";
  const AT_ONCE = 3;
  const waiting = [];
  let running = 0;

  const slotOf = (target) => target.closest?.("[data-slot]");
  const isMultiple = (slot) => slot.dataset.multiple === "yes";

  class Refused extends Error {}

  // One file in one slot, from choosing to stored. `file` is absent for what was stored before.
  class Upload {
    constructor(slot, file, stored = null) {
      Object.assign(this, { slot, file, stored, state: stored ? "stored" : "waiting", share: 0, words: "", xhr: null, ticket: null, sent: false });
      this.row = document.createElement("li");
      this.row.upload = this;
      slot.querySelector(".files").append(this.row);
      this.draw();
    }

    get name() { return this.stored?.fileName ?? this.file.name; }

    async run() {
      try {
        this.show("waiting");
        if (!await window.journal.isStillOurs()) throw new Error("This page is out of date. Reload it, then try again.");
        if (!this.sent) {
          this.ticket = await ask("/api/upload-file", { slot: this.slot.dataset.slot, fileName: this.file.name, fileType: this.file.type, fileSize: this.file.size });
          if (this.state === "cancelled") return this.forget();
          this.show("sending");
          await this.put();
          this.sent = true;
        }
        this.show("checking");
        this.keep(await ask("/api/upload-file/complete", { r2Key: this.ticket.r2Key }));
      } catch (error) {
        if (this.state !== "cancelled") this.fail(error);
      }
    }

    put() {
      return new Promise((done, failed) => {
        const xhr = this.xhr = new XMLHttpRequest();
        xhr.open(this.ticket.method, this.ticket.uploadUrl);
        for (const [name, value] of Object.entries(this.ticket.headers)) xhr.setRequestHeader(name, value);
        xhr.timeout = 600_000;
        xhr.upload.onprogress = ({ loaded, total }) => { this.share = total ? loaded / total : 0; this.draw(); };
        xhr.onload = () => xhr.status < 300 ? done() : failed(new Error(`“${this.name}” could not be stored just now. Try again.`));
        xhr.onerror = xhr.ontimeout = () => failed(new Error(`“${this.name}” did not arrive. Check your connection, then try again.`));
        xhr.onabort = () => failed(new Error("Cancelled"));
        xhr.send(this.file);
      });
    }

    keep(stored) {
      if (!isMultiple(this.slot)) rows(this.slot).filter((other) => other !== this && other.stored).forEach((other) => other.row.remove());
      rows(this.slot).filter((other) => other !== this && other.stored?.publicId === stored.publicId).forEach((other) => other.row.remove());
      this.stored = stored;
      this.show("stored");
      announce(this.slot, `${this.name} is uploaded`);
      filed(this.slot);
    }

    // A refused file goes, its sentence stays beside the slot; anything else may be tried again.
    fail(error) {
      if (error instanceof Refused) {
        say(this.slot, error.message);
        this.row.remove();
        return tidy(this.slot);
      }
      if (error.status === 409) this.sent = false;
      this.words = error.message;
      this.show("failed");
      announce(this.slot, this.words);
    }

    cancel() {
      this.state = "cancelled";
      this.xhr?.abort();
      const place = waiting.indexOf(this);
      if (place >= 0) waiting.splice(place, 1);
      this.forget();
      this.gone(`${this.name} is cancelled`);
    }

    forget() {
      if (this.ticket) ask("/api/upload-file/remove", { r2Key: this.ticket.r2Key }).catch(() => {}); // else the sweep takes it
    }

    async remove() {
      this.row.querySelectorAll("button").forEach((button) => { button.disabled = true; });
      try {
        await ask("/api/upload-file/remove", { r2Key: this.stored.r2Key });
        this.gone(`${this.name} is removed`);
        filed(this.slot);
      } catch (error) {
        say(this.slot, error.message);
        this.draw();
      }
    }

    gone(words) {
      this.row.remove();
      tidy(this.slot);
      announce(this.slot, words);
      this.slot.querySelector("input[type=file]").focus();
    }

    show(state) {
      this.state = state;
      this.draw();
      tidy(this.slot);
    }

    draw() {
      const row = this.row, focused = row.contains(document.activeElement);
      if (this.state === "sending" && row.querySelector("progress")) {
        row.querySelector("progress").value = this.share;
        row.querySelector("small").textContent = this.told();
        return;
      }
      row.className = `file ${this.state}`;
      row.replaceChildren(this.mark(), this.title(), ...this.buttons());
      if (focused) row.querySelector("button, a")?.focus();
    }

    mark() {
      return element("span", { className: "file-mark", textContent: { stored: "✓", failed: "!" }[this.state] ?? "", ariaHidden: "true" });
    }

    title() {
      const name = this.stored
        ? element("a", { href: `/documents/${this.stored.publicId}`, target: "_blank", rel: "noopener", textContent: this.name })
        : element("span", { textContent: this.name });
      const box = element("div", { className: "file-name" }, name, element("small", { textContent: this.told() }));
      if (this.stored && this.slot.dataset.expires === "yes") box.append(this.expiry());
      if (this.state === "sending") box.append(element("progress", { max: 1, value: this.share, ariaLabel: `Upload of ${this.name}` }));
      return box;
    }

    // Certificates run out: the date goes with the file, and is saved as soon as it is a date.
    expiry() {
      const box = element("input", { type: "date", value: this.stored.expiryDate ?? "", min: "1990-01-01", max: "2100-12-31" });
      box.addEventListener("change", async () => {
        try {
          await ask("/apply/expiry", { document: this.stored.publicId, day: box.value || null });
          this.stored.expiryDate = box.value;
          say(this.slot, "");
          announce(this.slot, `Expiry date of ${this.name} is saved`);
        } catch (error) {
          say(this.slot, error.message);
        }
      });
      return element("label", { className: "expires" }, element("span", {}, "Valid until", element("span", { className: "sr", textContent: ` (${this.name})` })), box);
    }

    told() {
      if (this.state === "stored") return `${size(this.stored.fileSize)}, uploaded ${moment(this.stored.uploadedAt)}`;
      if (this.state === "failed") return this.words;
      if (this.state === "checking") return "Checking the file…";
      return this.state === "sending" ? `${Math.round(this.share * 100)} % of ${size(this.file.size)}` : "Waiting";
    }

    buttons() {
      if (this.state === "stored") return [act("Remove", this.name, () => this.remove())];
      if (this.state === "failed") return [act("Try again", this.name, () => start(this)), act("Remove", this.name, () => this.cancel())];
      return this.state === "checking" ? [] : [act("Cancel", this.name, () => this.cancel())];
    }
  }

  const rows = (slot) => [...slot.querySelectorAll(".file")].map((row) => row.upload);

  function element(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  function act(words, name, onclick) {
    return element("button", { type: "button", className: "quiet", onclick }, words, element("span", { className: "sr", textContent: ` ${name}` }));
  }

  async function ask(address, body, patience = 3) {
    const answer = await post(address, body);
    if (answer.ok) return answer.json();
    if (answer.status === 429 && patience) { // many files at once, or many partners behind one address: wait as told
      await new Promise((go) => setTimeout(go, 1000 * Math.min(60, Number(answer.headers.get("Retry-After")) || 5)));
      return ask(address, body, patience - 1);
    }
    const told = await answer.json().catch(() => ({}));
    const words = told.errors?.[0]?.message ?? told.detail ?? "Something went wrong on our side. Try again.";
    throw [413, 422].includes(answer.status) ? new Refused(words) : Object.assign(new Error(words), { status: answer.status });
  }

  function post(address, body) {
    const request = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal: AbortSignal.timeout(60_000) };
    return fetch(address, request).catch(() => { throw new Error("The portal could not be reached. Check your connection, then try again."); });
  }

  function start(upload) {
    waiting.push(upload);
    next();
  }

  function next() {
    while (running < AT_ONCE && waiting.length) {
      running += 1;
      waiting.shift().run().finally(() => { running -= 1; next(); });
    }
  }

  function take(slot, files) {
    const all = [...files];
    say(slot, "");
    if (!isMultiple(slot) && all.length > 1) say(slot, `This takes one file, so only “${all[0].name}” was taken.`);
    const taken = isMultiple(slot) ? all : all.slice(0, 1);
    if (!isMultiple(slot)) rows(slot).filter((other) => other.state === "failed").forEach((other) => other.row.remove());
    taken.forEach((file) => start(new Upload(slot, file)));
  }

  function say(slot, words) { slot.querySelector(".error").textContent = words; }
  function announce(slot, words) { slot.querySelector(".told").textContent = words; }

  // What the button does changes with what is there.
  function tidy(slot) {
    const has = rows(slot).some((upload) => upload.stored);
    slot.classList.toggle("has", has);
    slot.querySelector(".choose").textContent = isMultiple(slot) ? (has ? "Add files" : "Choose files") : has ? "Replace" : "Choose a file";
  }

  function filed(slot) {
    const tell = () => window.did_handshake ? emitEvent("filed", slot.dataset.slot) : setTimeout(tell, 200);
    tell();
  }

  const size = (bytes) => bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} KB`;
  const moment = (at) => new Date(at).toLocaleString("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });

  document.addEventListener("change", ({ target }) => {
    if (!target.matches?.("[data-slot] input[type=file]") || !target.files.length) return;
    take(slotOf(target), target.files);
    target.value = ""; // so that the same file can be chosen again
  });

  // A file dropped beside a slot must not replace the page.
  for (const kind of ["dragover", "dragenter"]) {
    document.addEventListener(kind, (event) => {
      if (![...event.dataTransfer?.types ?? []].includes("Files")) return;
      event.preventDefault();
      const over = slotOf(event.target);
      document.querySelectorAll(".slot.over").forEach((slot) => slot.classList.toggle("over", slot === over));
      over?.classList.add("over");
      event.dataTransfer.dropEffect = over ? "copy" : "none";
    });
  }
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.querySelectorAll(".slot.over").forEach((slot) => slot.classList.remove("over")); });
  document.addEventListener("drop", (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    document.querySelectorAll(".slot.over").forEach((slot) => slot.classList.remove("over"));
    const slot = slotOf(event.target);
    if (slot) take(slot, event.dataTransfer.files);
  });
  addEventListener("beforeunload", (event) => { if (running) event.preventDefault(); });

  window.journal.whenReady("questions", () => document.querySelectorAll("[data-slot]").forEach((slot) => {
    JSON.parse(slot.dataset.files).forEach((stored) => new Upload(slot, null, stored));
    tidy(slot);
  }));
})();
