// What a partner types, kept in this browser until the portal has it (FACTS 76, 88).
// Each entry of localStorage is one answer, "draft:<application>:<question>" → {value, sequence}, so that two tabs never
// overwrite each other's. An entry goes when the portal has acknowledged that very sequence, and not before.
window.journal = (() => {
  "use strict";
  const { draft, now, saved: savedAt } = document.currentScript.dataset;
  const PREFIX = `draft:${draft}:`, LAST = `last:${draft}`, ADDRESS = "/apply/answers";
  const PACE = 250, SLOWEST = 10_000, KEEPALIVE_LIMIT = 60_000, BATCH = 100, ROOM = 200_000;
  const skew = Number(now) - Date.now(); // a device's clock may be wrong by hours: sequences follow the portal's
  const memory = new Map(); // for browsers that keep nothing: private windows, full disks
  let timer = 0, sentAt = 0, wait = 500, busy = null, stopped = false, last = Number(read(LAST)) || 0;

  function read(key) {
    try { return localStorage.getItem(key) ?? memory.get(key) ?? null; } catch { return memory.get(key) ?? null; }
  }
  function write(key, text) {
    try { localStorage.setItem(key, text); memory.delete(key); } catch { memory.set(key, text); }
  }
  function erase(key) {
    memory.delete(key);
    try { localStorage.removeItem(key); } catch { /* it was in memory only */ }
  }
  function keys() {
    let stored = [];
    try { stored = Object.keys(localStorage); } catch { /* memory alone */ }
    return [...new Set([...stored, ...memory.keys()])];
  }
  const isMine = (key) => key.startsWith(PREFIX);
  const entries = () => keys().filter(isMine).map((key) => ({ name: key.slice(PREFIX.length), ...JSON.parse(read(key)) }));

  function next() {
    last = Math.max(last + 1, Math.round((Date.now() + skew) * 1000));
    write(LAST, String(last));
    return last;
  }

  function put(name, value) {
    if (stopped) return;
    const sound = typeof value === "string" ? value.toWellFormed?.() ?? value : value; // half an emoji is no JSON
    write(PREFIX + name, JSON.stringify({ value: sound, sequence: next() }));
    if (document.documentElement.dataset.draft !== "offline") show("saving", "Saving…");
    soon();
  }

  // The first key goes at once, what follows at most four times a second: a browser that is killed loses no more than that.
  function soon(at = Math.max(0, sentAt + PACE - Date.now())) {
    if (!timer && !busy && !stopped) timer = setTimeout(flush, at);
  }

  // Another window may have sent what was typed here: then an empty post asks whether it is true before saying *Saved*.
  const isUnsettled = () => entries().length > 0 || ["saving", "offline"].includes(document.documentElement.dataset.draft);

  function flush() {
    clearTimeout(timer);
    timer = 0;
    if (!stopped && isUnsettled()) busy ??= send().finally(() => { busy = null; if (!timer && entries().length) soon(); });
    return busy ?? Promise.resolve();
  }

  async function send() {
    sentAt = Date.now();
    try {
      take(await post(batch()));
      wait = 500;
    } catch (problem) {
      later(problem);
    }
  }

  // As many as fit into one request: the portal takes 256 KiB.
  function batch() {
    let room = ROOM;
    return entries().slice(0, BATCH).filter((entry, number) => (room -= new Blob([JSON.stringify(entry)]).size) > 0 || !number);
  }

  async function post(items) {
    const body = JSON.stringify({ application: Number(draft), items });
    const answer = await fetch(ADDRESS, {
      method: "POST", body, keepalive: body.length < KEEPALIVE_LIMIT,
      headers: { "Content-Type": "application/json" }, signal: AbortSignal.timeout(10_000),
    });
    if (!answer.ok) throw answer;
    return answer.json();
  }

  function take({ saved, savedAt: at }) {
    for (const [name, sequence] of saved) {
      const kept = read(PREFIX + name);
      if (kept && JSON.parse(kept).sequence === sequence) erase(PREFIX + name);
    }
    if (!entries().length) show("saved", `Saved ${clock(at)}`);
  }

  function later(problem) {
    if (problem instanceof Response && problem.status === 409) return stop(sent(), true);
    if (problem instanceof Response && (problem.status === 401 || problem.status === 403)) return stop(shutOut(), false);
    const away = problem instanceof Response ? "Not saved yet – kept on this device" : "Offline – kept on this device";
    show("offline", away);
    const asked = problem instanceof Response ? Number(problem.headers.get("Retry-After")) * 1000 || 0 : 0;
    wait = Math.min(wait * 2, SLOWEST);
    clearTimeout(timer);
    timer = setTimeout(flush, Math.max(asked, wait));
  }

  function stop(notice, forget) {
    stopped = true;
    if (forget) entries().forEach(({ name }) => erase(PREFIX + name));
    show("offline", "Not saved");
    whenReady("content", (page) => {
      document.getElementById("journal-notice")?.remove();
      page.prepend(notice);
      notice.focus();
    });
  }

  const sent = () => notice("This application has been sent",
    "It was sent from another window or by a colleague, so the last change here was not saved.", "/apply/status", "See where it stands");
  const shutOut = () => notice("You are no longer let in on this device",
    "Enter your invitation code again. What you typed is kept on this device and will be saved then.", "/apply", "Enter the code");

  function notice(title, words, address, action) {
    const box = Object.assign(document.createElement("div"), { id: "journal-notice", className: "notice bad", tabIndex: -1 });
    box.setAttribute("role", "alert");
    const heading = Object.assign(document.createElement("h2"), { textContent: title });
    const text = Object.assign(document.createElement("p"), { textContent: words });
    box.append(heading, text, Object.assign(document.createElement("a"), { href: address, textContent: action }));
    return box;
  }

  function show(state, words) {
    document.documentElement.dataset.draft = state;
    whenReady("draft-state", (place) => { if (place.textContent !== words) place.textContent = words; });
  }

  const clock = (at) => new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

  // The page is drawn by script: what needs one of its elements waits for it.
  function whenReady(id, then) {
    const found = document.getElementById(id);
    if (found) return then(found);
    requestAnimationFrame(() => whenReady(id, then));
  }

  // On the way out there is no time to wait for an answer; what does not arrive is sent when the partner comes back.
  function leave() {
    const items = entries().slice(0, BATCH);
    if (!stopped && items.length && JSON.stringify(items).length < KEEPALIVE_LIMIT) post(items).then(take, () => {});
  }

  // Resolves to true once the portal has everything, to false if it has not after `patience` milliseconds.
  async function settled(patience) {
    const end = Date.now() + patience;
    while (!stopped && entries().length && Date.now() < end) {
      await flush();
      if (entries().length) await new Promise((go) => setTimeout(go, 200));
    }
    return !stopped && !entries().length;
  }

  // Whether this page's application is still the one that this browser is let in for.
  const isStillOurs = () => post([]).then(() => true, (problem) => {
    if (problem instanceof Response && [401, 403, 409].includes(problem.status)) later(problem);
    return !stopped;
  });

  // Entries of another application are not this partner's to see or to send.
  function forgetOthers() {
    keys().filter((key) => /^(draft|last):/.test(key) && !isMine(key) && key !== LAST).forEach(erase);
  }

  forgetOthers();
  const replay = entries();
  if (replay.length) {
    show("saving", "Saving…");
    settled(20_000).then((all) => all && dispatchEvent(new CustomEvent("replayed")));
  } else if (savedAt) {
    show("saved", `Saved ${clock(savedAt)}`);
  }
  addEventListener("pagehide", leave);
  addEventListener("online", flush);
  document.addEventListener("visibilitychange", () => { if (document.hidden) leave(); });
  (function watchSocket() { // a socket that came back shows that the portal is there again: do not wait for the back-off
    if (window.socket) window.socket.on("connect", () => setTimeout(flush, 100)); else setTimeout(watchSocket, 100);
  })();
  return { put, flush, settled, isStillOurs, entries, replay, whenReady };
})();
