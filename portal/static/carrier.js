// Brings documents to the object store over any line. Each is kept in this browser (IndexedDB) until the portal has it, with where
// it stands: a cut, a reload, another page of the form or another day on this device goes on with what is missing. A large file
// goes in pieces, and no piece that has arrived is sent again.
window.carrier = (() => {
  "use strict";
  const AT_ONCE = 2, SLOWEST = 30_000, STALLED = 45_000, LIFE = 7 * 86_400_000;
  const draft = Number(document.querySelector("script[data-draft]")?.dataset.draft ?? 0);
  const all = new Map(), queue = [], memory = new Map();
  const doneElsewhere = "BroadcastChannel" in window ? new BroadcastChannel(`uploads:${draft}`) : null;
  let running = 0;

  class Refused extends Error {} // saying it again would not help
  class Later extends Error { constructor(words, seconds = 0, held = false) { super(words); Object.assign(this, { seconds, held }); } }

  // One file on its way, or a date that belongs to a stored one (`day` without a `blob`). `watch` hears of every change.
  class Upload {
    constructor(record) { Object.assign(this, { record, state: "waiting", share: 0, words: "", tries: 0, watch: () => {} }); }
    show(state, words = "") { Object.assign(this, { state, words }); this.watch(this); }
    get percent() { return Math.floor(this.share * 100); }
  }

  const isDate = ({ id }) => id.startsWith("day:");

  async function run(upload) {
    try {
      const stored = await alone(upload, () => isDate(upload.record) ? date(upload) : bring(upload));
      if (stored) finish(upload, stored);
    } catch (problem) {
      if (upload.state === "cancelled") return;
      if (problem instanceof Later) return pause(upload, problem);
      await refuse(upload, problem.message);
    }
  }

  async function bring(upload) {
    const { record } = upload;
    const ticket = await begun(upload);
    if (!ticket.arrived) {
      upload.show("sending");
      await send(upload, ticket);
    }
    if (upload.state !== "held") upload.show("checking");
    if (record.day) await ask("/api/upload-file/expiry", { publicId: record.publicId, day: record.day });
    const day = record.day;
    const stored = await ask("/api/upload-file/complete", { publicId: record.publicId, replaces: record.replaces ?? "" });
    return record.day === day ? { ...stored, expiryDate: day ?? stored.expiryDate } : dated(upload, stored); // typed meanwhile
  }

  async function dated(upload, stored) {
    await ask("/api/upload-file/expiry", { publicId: stored.publicId, day: upload.record.day });
    return { ...stored, expiryDate: upload.record.day };
  }

  async function date({ record }) {
    const { day } = record;
    await ask("/api/upload-file/expiry", { publicId: record.publicId, day });
    if (record.day !== day) throw new Later(""); // typed anew meanwhile
    return { publicId: record.publicId, expiryDate: day };
  }

  // What was begun before goes on; what the portal has given up meanwhile begins anew.
  async function begun(upload) {
    const { record } = upload;
    if (record.publicId) {
      const ticket = await ask("/api/upload-file/resume", { publicId: record.publicId }, [404, 409]);
      if (ticket) return ticket;
    }
    const promised = { application: draft, slot: record.slot, fileName: record.name, fileType: record.blob.type, fileSize: record.blob.size, replaces: record.replaces ?? "" };
    const ticket = await ask("/api/upload-file", promised);
    record.publicId = ticket.publicId;
    if (upload.state === "cancelled") { forget(upload); throw new Error("cancelled"); }
    await keep(record);
    return ticket;
  }

  async function send(upload, ticket) {
    const { blob } = upload.record;
    if (!ticket.pieces.length) return put(upload, ticket, blob, 0);
    let there = blob.size - ticket.pieces.reduce((sum, one) => sum + one.end - one.start, 0);
    for (const piece of ticket.pieces) {
      await put(upload, piece, blob.slice(piece.start, piece.end), there);
      there += piece.end - piece.start;
      upload.tries = 0; // the line carries something: the next break is a new one
    }
  }

  function put(upload, { uploadUrl, headers }, bytes, before) {
    return new Promise((done, failed) => {
      const xhr = upload.xhr = new XMLHttpRequest(), broken = () => failed(new Later(""));
      let stalled = setTimeout(() => xhr.abort(), STALLED);
      xhr.open("PUT", uploadUrl);
      Object.entries(headers).forEach(([name, value]) => xhr.setRequestHeader(name, value));
      xhr.upload.onprogress = ({ loaded }) => {
        clearTimeout(stalled);
        stalled = setTimeout(() => xhr.abort(), STALLED);
        upload.share = (before + loaded) / upload.record.blob.size;
        upload.watch(upload);
      };
      xhr.onload = () => xhr.status < 300 || xhr.status === 412 ? done() : broken(); // 412: it has arrived before
      xhr.onerror = xhr.onabort = broken;
      xhr.onloadend = () => clearTimeout(stalled);
      upload.share = before / upload.record.blob.size;
      xhr.send(bytes);
    });
  }

  // The words stay, also over a reload, until somebody has seen them; the bytes go.
  async function refuse(upload, words) {
    Object.assign(upload.record, { refused: words, blob: null });
    await keep(upload.record);
    upload.show("refused", words);
  }

  function pause(upload, problem) {
    upload.tries += 1;
    upload.show(problem.held ? "held" : "broken", problem.message); // held: it has arrived, and is not let through yet
    const wait = problem.held ? problem.seconds * 1000 : Math.max(problem.seconds * 1000, Math.min(SLOWEST, 500 * 2 ** upload.tries) * (0.75 + Math.random() / 2));
    upload.timer = setTimeout(() => start(upload), wait);
  }

  function start(upload) {
    clearTimeout(upload.timer);
    if (queue.includes(upload) || !["waiting", "broken", "held"].includes(upload.state)) return;
    queue.push(upload);
    if (!["broken", "held"].includes(upload.state)) upload.show("waiting");
    next();
  }

  function next() {
    while (running < AT_ONCE && queue.length) {
      const upload = queue.shift();
      if (upload.state === "cancelled") continue;
      running += 1;
      if (upload.state !== "held") upload.show("waiting");
      run(upload).finally(() => { running -= 1; next(); });
    }
  }

  // The same upload goes on in one window only. The others wait, and hear how it ended.
  async function alone(upload, deed) {
    if (!navigator.locks) return deed();
    const name = `upload:${upload.record.id}`;
    let result = null, free = true;
    await navigator.locks.request(name, { ifAvailable: true }, async (lock) => { free = Boolean(lock); if (lock) result = await deed(); });
    if (!free) {
      upload.show("elsewhere");
      navigator.locks.request(name, async () => { if (await isKept(upload.record.id)) setTimeout(() => { upload.state = "waiting"; start(upload); }); });
    }
    return result;
  }

  function finish(upload, stored) {
    drop(upload);
    doneElsewhere?.postMessage({ id: upload.record.id, stored });
    Object.assign(upload, { stored, share: 1 });
    upload.show("stored");
  }
  doneElsewhere?.addEventListener("message", ({ data }) => {
    const upload = all.get(data.id);
    if (!upload) return;
    all.delete(data.id);
    upload.stored = data.stored;
    upload.show(data.stored ? "stored" : "cancelled");
  });

  // From choosing on it is kept; `blob` is a copy in memory, since a file may change or go away.
  // `photos` says of how many it was made, `replaces` which stored document it takes the place of.
  async function add(slot, file, { label, page, day = "", photos = 0, replaces = "" }) {
    const blob = new Blob([await file.arrayBuffer()], { type: file.type });
    return admit({ id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, slot, label, page, name: file.name, blob, day, photos, replaces });
  }

  // Until when a stored document is valid; the newest date is the one that is sent.
  async function expire(publicId, slot, day) {
    const id = `day:${publicId}`, going = all.get(id);
    if (!going) return admit({ id, slot, publicId, day });
    going.record.day = day;
    await keep(going.record);
    return going;
  }

  async function admit(record) {
    const upload = new Upload({ ...record, draft, at: Date.now() });
    all.set(record.id, upload);
    await keep(upload.record);
    setTimeout(() => start(upload)); // whoever asked watches it first
    return upload;
  }

  async function redate(upload, day) {
    upload.record.day = day;
    await keep(upload.record);
  }

  function cancel(upload) {
    upload.show("cancelled");
    upload.xhr?.abort();
    clearTimeout(upload.timer);
    drop(upload);
    forget(upload);
    doneElsewhere?.postMessage({ id: upload.record.id, stored: null });
  }

  const forget = ({ record }) => record.publicId && ask("/api/upload-file/remove", { publicId: record.publicId }).catch(() => {}); // else the sweep takes it

  // Of a document that a reviewer asked for, and that is what they have already.
  const sameAsSent = () => _("This is the same file as before, so it still counts as not answered. Upload another one, or say why it stays as it is.");

  // `mild` are statuses that are answered by null. What is refused comes with the portal's sentence.
  async function ask(address, body, mild = []) {
    const request = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal: AbortSignal.timeout(60_000) };
    const answer = await fetch(address, request).catch(() => { throw new Later(""); });
    if (answer.ok) return answer.json().catch(() => { throw new Later(""); });
    if (mild.includes(answer.status)) return null;
    const told = await answer.json().catch(() => ({}));
    const words = told.errors?.[0]?.message ?? told.detail ?? _("Something went wrong on our side.");
    if (answer.status === 401) throw new Later(words, SLOWEST / 1000);
    const again = answer.status === 429 || answer.status >= 500 || (answer.status === 409 && address.endsWith("/complete"));
    const seconds = Math.min(60, Number(answer.headers.get("Retry-After")) || 0);
    throw again ? new Later(answer.status === 429 ? "" : words, seconds, Boolean(told.beingChecked)) : new Refused(words);
  }

  // A browser that keeps nothing (a private window, a full disk) has it in memory only: then leaving the page is asked about.
  const opened = new Promise((done) => {
    try {
      const asked = indexedDB.open("uploads", 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore("files", { keyPath: "id" });
      asked.onsuccess = () => done(asked.result);
      asked.onerror = asked.onblocked = () => done(null);
    } catch { done(null); }
  });
  async function database(deed, otherwise, mode = "readwrite") {
    const found = await opened;
    if (!found) return otherwise;
    return new Promise((done) => {
      try {
        const change = found.transaction("files", mode, { durability: "relaxed" }), asked = deed(change.objectStore("files"));
        change.oncomplete = () => done(asked?.result);
        change.onerror = change.onabort = () => done(otherwise);
      } catch { done(otherwise); }
    });
  }
  async function keep(record) {
    if (!all.has(record.id)) return;
    memory.set(record.id, record);
    if (await database((files) => files.put(record), null) !== null) memory.delete(record.id);
  }
  function drop({ record }) {
    all.delete(record.id);
    memory.delete(record.id);
    return database((files) => files.delete(record.id));
  }
  const isKept = async (id) => Boolean(await database((files) => files.count(id), 0, "readonly"));

  // What was kept on this device: another application's is not this partner's to see or to send.
  const ready = (async () => {
    const found = await database((files) => files.getAll(), [], "readonly");
    const mine = (record) => record.draft === draft && Date.now() - record.at < LIFE;
    found.filter((record) => !mine(record)).forEach((record) => drop({ record }));
    return found.filter(mine).sort((one, other) => one.at - other.at).map((record) => {
      const upload = new Upload(record);
      all.set(record.id, upload);
      if (record.refused) Object.assign(upload, { state: "refused", words: record.refused });
      setTimeout(() => start(upload));
      return upload;
    });
  })();

  // Nothing of this partner's stays on the device; what is under way is not the portal's yet.
  async function forgetAll() {
    await ready;
    await Promise.all([...all.values()].map((upload) => {
      upload.show("cancelled");
      upload.xhr?.abort();
      clearTimeout(upload.timer);
      return drop(upload);
    }));
  }

  addEventListener("online", () => all.forEach((upload) => upload.state === "broken" && start(upload)));
  addEventListener("beforeunload", (event) => { if (memory.size) event.preventDefault(); });
  return { add, expire, redate, cancel, start, dismiss: drop, ask, sameAsSent, ready, forgetAll, isBusy: () => all.size > 0 };
})();
