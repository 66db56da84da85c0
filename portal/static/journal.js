// What a partner types, kept in this browser until the portal has it (FACTS 76, 88), and what others have stored meanwhile.
// Each entry of localStorage is one answer of one writer, "draft:<application>:answer:<writer>:<question>" → {value, sequence, base,
// label, at}, so that two windows never overwrite each other's. It goes when the portal has acknowledged that very sequence, and not
// before. `base` is the newest version of the answer that this page has seen: what is stored after it is never overwritten, but comes
// back as a conflict (models/merge.py), and stands in the entry as `against` until somebody chooses (static/others.js).
window.journal = (() => {
  "use strict";
  const { draft, saved: savedAt, step, who, page, seen: seenAtFirst } = document.currentScript.dataset;
  const PREFIX = `draft:${draft}:answer:`, ADDRESS = "/apply/answers";
  const LIFE = 7 * 24 * 3600 * 1000, PACE = 250, SLOWEST = 10_000, PATIENCE = 10_000, KEEPALIVE_LIMIT = 60_000, BATCH = 100, ROOM = 200_000, JUST = 5000;
  const memory = new Map(); // for browsers that keep nothing: private windows, full disks
  const known = new Map(), unseen = new Map(), waiting = new Map(); // by question: newest version shown; base while one is not shown; that one
  const typed = new Map(), adopted = new Set(), asked = new Set(); // by question: its last sequence here; writers that are gone; entries asked about as conflicts
  let seen = Number(seenAtFirst), timer = 0, sentAt = 0, wait = 500, busy = null, stopped = "", most = BATCH, lastSaved = savedAt;
  let isDrawn = false, hadSocket = false; // whether the questions stand as they were sent (form.js sets them back to that first); had one

  function recall(store, key) { try { return store.getItem(key); } catch { return null; } }
  function read(key) { return memory.get(key) ?? recall(localStorage, key); } // memory first: a full disk may hold an older answer
  function write(key, text) { try { localStorage.setItem(key, text); memory.delete(key); } catch { memory.set(key, text); } }
  function erase(key) {
    memory.delete(key);
    try { localStorage.removeItem(key); } catch { /* it was in memory only */ }
  }
  function keys() {
    let stored = [];
    try { stored = Object.keys(localStorage); } catch { /* memory alone */ }
    return [...new Set([...stored, ...memory.keys()])];
  }

  // A writer is a tab: its pages follow each other. While one is open the name is taken out of the tab's memory, which a duplicated
  // tab gets a copy of, so that no two open pages ever write under the same name.
  const writer = recall(sessionStorage, "writer") ?? Array.from(crypto.getRandomValues(new Uint8Array(9)), (one) => one.toString(36)).join("");
  const keep = (name, value) => { try { if (value === null) sessionStorage.removeItem(name); else sessionStorage.setItem(name, value); } catch { /* this page only */ } };
  const isBack = Date.now() - Number(recall(sessionStorage, "sent") ?? 0) < JUST; // the page before may have sent after this one was drawn
  let last = Number(recall(sessionStorage, "last")) || 0;
  keep("writer", null);

  const keyOf = (entry) => `${PREFIX}${entry.writer}:${entry.name}`;
  const entryAt = (key) => { const [by, name] = key.slice(PREFIX.length).split(":"); return { ...JSON.parse(read(key)), writer: by, name }; };
  const all = () => keys().filter((key) => key.startsWith(PREFIX)).map(entryAt);
  const ours = () => all().filter((entry) => entry.writer === writer || adopted.has(entry.writer));
  const isHeld = (entry) => entry.against || entry.refused;
  const pending = () => ours().filter((entry) => !isHeld(entry) || !asked.has(keyOf(entry)));
  const held = () => ours().filter(isHeld);
  const entryOf = (name) => ours().find((entry) => entry.name === name);
  const store = ({ writer: by, name, ...rest }) => write(`${PREFIX}${by}:${name}`, JSON.stringify(rest));

  const versionOf = (name) => Math.max(known.get(name) ?? 0, seen);
  const baseOf = (name) => unseen.get(name) ?? versionOf(name);
  function next() {
    last = Math.max(last + 1, Date.now() * 1000);
    keep("last", String(last));
    return last;
  }

  function put(name, value) {
    if (stopped === "sent" || stopped === "left") return;
    const before = ours().filter((entry) => entry.name === name);
    // What somebody else stored while these were waiting has not been shown, so the first one's base stands.
    const base = Math.min(baseOf(name), ...before.map((entry) => entry.base));
    note({ name, value, base, against: before.find((entry) => entry.against)?.against });
    before.filter((entry) => entry.writer !== writer).forEach((entry) => eraseIf(entry, entry.sequence));
    tellState();
    soon();
  }
  function note({ name, value, base, against }) {
    const sound = typeof value === "string" ? value.toWellFormed?.() ?? value : value; // half an emoji is no JSON
    const label = document.querySelector(`#${CSS.escape(name)}-label, [data-question="${CSS.escape(name)}"] legend`)?.textContent;
    typed.set(name, next());
    store({ name, writer, value: sound, sequence: typed.get(name), base, label, at: location.pathname, against });
  }

  // The first key goes at once, what follows at most four times a second: a browser that is killed loses no more than that.
  function soon(at = Math.max(0, sentAt + PACE - Date.now())) {
    if (!timer && !busy && !stopped) timer = setTimeout(flush, at);
  }

  // Another window may have sent what was typed here: then an empty post asks whether it is true before saying *Saved*.
  const isUnsettled = () => pending().length > 0 || ["saving", "offline"].includes(document.documentElement.dataset.draft);
  function flush() {
    clearTimeout(timer);
    timer = 0;
    if (!stopped && isUnsettled()) begin();
    return busy ?? Promise.resolve();
  }
  const begin = () => { busy ??= send().finally(() => { busy = null; if (!timer && pending().length) soon(); }); return busy; };
  async function send() {
    const items = batch();
    sentAt = Date.now();
    try {
      take(await post(items));
      wait = 500;
    } catch (problem) {
      later(problem, items);
    }
  }

  const bytes = (text) => new Blob([text]).size; // what limits count: a letter of Arabic has two
  // As many as fit into one request: the portal takes 256 KiB.
  function batch() {
    let room = ROOM;
    return pending().slice(0, most).filter((entry, number) => (room -= bytes(JSON.stringify(entry))) > 0 || !number);
  }
  async function post(items) {
    const wanted = items.map(({ name, value, sequence, base, writer: by }) => ({ name, value, sequence, base, writer: by }));
    const body = JSON.stringify({ application: Number(draft), page: window.clientId ?? page, step: Number(step), seen, items: wanted });
    keep("sent", String(Date.now()));
    const answer = await fetch(ADDRESS, {
      method: "POST", body, keepalive: bytes(body) < KEEPALIVE_LIMIT,
      headers: { "Content-Type": "application/json" }, signal: AbortSignal.timeout(PATIENCE),
    });
    if (!answer.ok) throw answer;
    return answer.json();
  }

  function take({ saved, conflicts, refused, news, version, savedAt: at }) {
    for (const [name, by, sequence, stored] of saved) {
      eraseIf({ name, writer: by }, sequence);
      known.set(name, Math.max(known.get(name) ?? 0, stored));
      if (waiting.get(name)?.writer === by && waiting.get(name).version <= stored) forget(name); // an older one of the same window
    }
    for (const { writer: by, sequence, ...there } of conflicts) hold({ name: there.name, writer: by }, sequence, { against: there });
    for (const { name, writer: by, sequence, why } of refused) hold({ name, writer: by }, sequence, { refused: why });
    if (news.filter((change) => hear(change, false)).length) window.form?.whole(); // a push was lost: Python has not heard it
    seen = Math.max(seen, version);
    hearAgain();
    lastSaved = at; tellState(true);
  }
  function eraseIf(entry, sequence) {
    const kept = read(keyOf(entry));
    if (kept && JSON.parse(kept).sequence === sequence) erase(keyOf(entry));
  }

  // It stays in the journal, and is not sent again until somebody has chosen or changed it, or the page is opened anew.
  function hold(entry, sequence, why) {
    const kept = read(keyOf(entry));
    if (!kept || JSON.parse(kept).sequence !== sequence) return;
    asked.add(keyOf(entry));
    write(keyOf(entry), JSON.stringify({ ...JSON.parse(kept), ...why }));
  }

  // Somebody else has stored an answer: show it, unless the same question is being answered here; then it is a matter of choice.
  function hear(change, telling = true) {
    const { name, version } = change, mine = entryOf(name);
    if (version <= (unseen.get(name) ?? versionOf(name))) return false;
    if (isOwn(change)) { known.set(name, Math.max(known.get(name) ?? 0, version)); return false; }
    if (mine?.against && mine.against.version < version) { store({ ...mine, against: change }); asked.delete(keyOf(mine)); soon(); }
    if (mine || !isDrawn || window.others?.isEdited(name)) {
      if (!unseen.has(name)) unseen.set(name, versionOf(name));
      if (!((waiting.get(name)?.version ?? 0) > version)) waiting.set(name, change);
      return false;
    }
    accept(change);
    if (change.writer !== writer) window.others?.show(change);
    if (telling) tellState();
    return true;
  }
  // What this page has sent comes back as news when two posts cross each other, or when an answer to one was lost: what is in the
  // box is that, or newer. What an earlier page of this window sent after this one was drawn is news indeed.
  const isOwn = ({ name, writer: by, sequence }) => by === writer && sequence <= (typed.get(name) ?? -1);
  const forget = (name) => { unseen.delete(name); waiting.delete(name); };
  function accept({ name, value, version }) {
    known.set(name, version);
    forget(name);
    window.form?.write(name, value, { journal: false });
  }

  // *Keep mine* is an ordinary change by who has now seen the other's answer; *Take theirs* is none at all.
  function choose(name, mine) {
    const entry = entryOf(name);
    if (!entry?.against) return;
    known.set(name, entry.against.version);
    forget(name);
    if (mine) note({ name, value: entry.value, base: entry.against.version });
    if (!mine || entry.writer !== writer) erase(keyOf(entry));
    window.form?.write(name, mine ? entry.value : entry.against.value, { journal: false }); // what another window left may not stand here
    window.form?.whole();
    tellState();
    flush();
  }

  function later(problem, items) {
    if (problem instanceof Response && problem.status === 409) return stop("sent", true);
    if (problem instanceof Response && (problem.status === 401 || problem.status === 403)) return stop("out", false, problem);
    if (problem instanceof Response && [400, 413, 422].includes(problem.status) && items.length) return setAside(items);
    show("offline", problem instanceof Response ? _("Not saved yet – kept on this device") : _("Offline – kept on this device"));
    const after = problem instanceof Response ? Number(problem.headers.get("Retry-After")) * 1000 || 0 : 0;
    wait = Math.min(wait * 2, SLOWEST);
    clearTimeout(timer);
    timer = setTimeout(flush, Math.max(after, wait));
  }

  // One of them cannot be stored: each goes alone, and the one that it is stays here until it is changed.
  function setAside(items) {
    most = 1;
    if (items.length === 1) hold(items[0], items[0].sequence, { refused: _("It is too long or holds something that cannot be stored. Shorten it or type it again.") });
    if (!pending().length) most = BATCH;
    tellState();
    soon(0);
  }

  async function stop(why, forget, problem) {
    if (stopped === "left") return;
    stopped = why;
    const words = problem && (await problem.clone().json().catch(() => ({}))).detail;
    if (forget) ours().forEach((entry) => erase(keyOf(entry)));
    show("offline", _("Not saved"));
    whenReady("content", () => window.others.stop(why, words));
  }

  // Whoever was here has signed out, on a device that others may use: from now on nothing that is typed is kept on it.
  function close() { stopped = "left"; }

  function tellState(fresh = false) {
    if (stopped) return;
    const choices = held().filter((entry) => entry.against).length, bad = held().length - choices, state = document.documentElement.dataset.draft;
    window.others?.draw(held());
    if (pending().length) { if (state !== "offline" || fresh) show("saving", _("Saving…")); }
    else if (choices) show("choice", ngettext("One answer needs your choice", "{count} answers need your choice", choices));
    else if (bad) show("choice", ngettext("One answer could not be saved", "{count} answers could not be saved", bad));
    else if (fresh) show("saved", _("Saved {time}", { time: clock(lastSaved) }));
    else if (state === "choice") { show("saving", _("Saving…")); soon(); }
    if (!pending().length) most = BATCH;
  }
  function show(state, words) {
    document.documentElement.dataset.draft = state;
    whenReady("draft-state", (place) => { if (place.textContent !== words) place.textContent = words; });
  }
  const clock = (at) => new Date(at).toLocaleTimeString(_.tag, { hour: "2-digit", minute: "2-digit" });

  // This may run before the page is read to its end: what needs one of its elements waits for it.
  function whenReady(id, then) {
    const found = document.getElementById(id);
    if (found) return then(found);
    requestAnimationFrame(() => whenReady(id, then));
  }

  // On the way out there is no time to wait for an answer; what does not arrive is sent when the partner comes back.
  function leave() {
    const items = pending().slice(0, BATCH);
    if (!stopped && items.length && bytes(JSON.stringify(items)) < KEEPALIVE_LIMIT) post(items).then(take, () => {});
  }

  // Resolves to true once the portal has everything, to false if it has not after `patience` milliseconds or a choice is due.
  async function settled(patience) {
    const end = Date.now() + patience;
    while (!stopped && pending().length && Date.now() < end) {
      await Promise.race([flush(), new Promise((go) => setTimeout(go, end - Date.now()))]);
      if (pending().length) await new Promise((go) => setTimeout(go, 200));
    }
    return !stopped && !ours().length;
  }

  // Whether other pages cannot be reached now, as far as this one can tell.
  const isAway = () => !stopped && (!navigator.onLine || (pending().length > 0 && document.documentElement.dataset.draft === "offline"));

  // Whether this page's application is still the one that this browser is let in for.
  const isStillOurs = () => post([]).then((reply) => { take(reply); return true; }, (problem) => {
    if (problem instanceof Response && [401, 403, 409].includes(problem.status)) later(problem, []);
    return !stopped;
  });

  // Answers of another application are never shown or sent here. They wait for a page of their own, but not for ever; what else was
  // kept of it (static/reply.js) goes, as it does not say how old it is.
  function forgetOld() {
    const isFresh = (key) => /^draft:\d+:answer:/.test(key) && JSON.parse(read(key)).sequence > (Date.now() - LIFE) * 1000;
    keys().filter((key) => key.startsWith("draft:") && !key.startsWith(`draft:${draft}:`) && !isFresh(key)).forEach(erase);
  }

  // A window that was closed or crashed has left entries: the first page that holds its lock takes them over, and no other does.
  function adopt() {
    const left = new Set(all().map((entry) => entry.writer).filter((one) => one !== writer && !adopted.has(one)));
    for (const one of left) whileLocked(one, () => { adopted.add(one); all().filter((entry) => entry.writer === one).forEach(bring); restart(); });
  }
  function bring({ name, value }) {
    if (!typed.has(name) && !all().some((entry) => entry.writer === writer && entry.name === name)) window.form?.write(name, value, { journal: false, tell: true });
  }
  function whileLocked(name, then) {
    if (!navigator.locks) return then(); // where windows cannot know of each other, what is left is everybody's: the portal sorts it out
    navigator.locks.request(`writer:${name}`, { ifAvailable: true }, (lock) => lock && (then(), new Promise(() => {})))
      .catch(() => adopted.delete(name)); // it was only on its way to its next page, and has taken its name back
  }
  function restart() {
    if (!pending().length) return tellState();
    show("saving", _("Saving…"));
    settled(20_000).then((done) => done && dispatchEvent(new CustomEvent("replayed")));
  }

  forgetOld();
  const replay = ours();
  navigator.locks?.request(`writer:${writer}`, { steal: true }, () => new Promise(() => {})).catch(() => {});
  if (replay.length) restart();
  else if (savedAt) show("saved", _("Saved {time}", { time: clock(savedAt) }));
  if (isBack && !replay.length) isStillOurs();
  const hearAgain = () => { if ([...waiting.values()].filter((change) => hear(change)).length) window.form?.whole(); };
  document.addEventListener("DOMContentLoaded", () => setTimeout(() => { isDrawn = true; hearAgain(); adopt(); tellState(); }));
  document.addEventListener("focusout", () => setTimeout(hearAgain, 150));
  addEventListener("pagehide", () => { leave(); keep("writer", writer); });
  addEventListener("pageshow", () => keep("writer", null));
  addEventListener("online", flush);
  document.addEventListener("resume", flush); // a page that was frozen: its timers are late
  document.addEventListener("visibilitychange", () => { if (document.hidden) leave(); else flush(); });
  // A socket that came back shows that the portal is there again: do not wait for the back-off, and ask what was missed.
  addEventListener("live", () => { if (hadSocket) setTimeout(() => begin(), 100); hadSocket = true; });
  return { put, flush, settled, isStillOurs, entries: ours, held, isAway, replay, whenReady, hear, choose, who, close };
})();
