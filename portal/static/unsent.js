// What is typed at the desk and not sent stays in this tab of the browser, for whoever typed it, until it is sent, thrown away, or they
// sign out. portal/unsent.py puts it back. Where nobody is signed in (the page after a sign-out) all of it goes, in the other tabs too.
const unsent = (() => {
  "use strict";
  const ROOT = "unsent:", { who } = document.currentScript.dataset, mine = `${ROOT}${who}:`;
  const channel = new BroadcastChannel("desk");

  const drop = (start) => Object.keys(sessionStorage).filter((key) => key.startsWith(ROOT) && !key.startsWith(start)).forEach((key) => sessionStorage.removeItem(key));
  drop(who ? mine : "-");
  if (!who) { channel.postMessage("signed out"); return {}; }

  const read = (form) => JSON.parse(sessionStorage.getItem(mine + form) || "{}");
  const write = (form, said) => {
    if (Object.keys(said).length) sessionStorage.setItem(mine + form, JSON.stringify(said));
    else sessionStorage.removeItem(mine + form);
  };
  const keep = (form, name, value) => write(form, { ...read(form), [name]: value });
  // One field, or all that belongs to a row ("items.vat_number" and what begins with it and a dot).
  const forget = (form, name) => write(form, Object.fromEntries(Object.entries(read(form)).filter(([one]) => one !== name && !one.startsWith(`${name}.`))));
  const gone = (form) => write(form, {});

  // A field of a row is kept also while it is empty: that the row is there was somebody's choice.
  document.addEventListener("input", ({ target }) => {
    const place = target.closest?.("[data-unsent]");
    if (!place) return;
    const { unsent: form, unsentName: name } = place.dataset;
    if (target.value.trim() || name.includes(".")) keep(form, name, target.value);
    else forget(form, name);
  }, true);

  const told = (said) => { if (Object.keys(said).length) emitEvent("desk-unsent", said); };
  const tell = (form) => { if (Object.keys(read(form)).length) told({ [form]: read(form) }); };
  const begin = () => {
    if (!window.did_handshake) return setTimeout(begin, 50);
    told(Object.fromEntries(Object.keys(sessionStorage).filter((key) => key.startsWith(mine)).map((key) => [key.slice(mine.length), read(key.slice(mine.length))])));
  };
  begin();

  // Whoever signs out leaves by the form's own way; the other tabs are sent away, by the portal (portal/attendance.py) or by this.
  const leave = (address) => { if (!window.signingOut) location.replace(address); };
  document.addEventListener("submit", ({ target }) => { if (target.matches(".account")) { window.signingOut = true; } });
  channel.addEventListener("message", () => { drop("-"); leave(`/auth/ended?to=${encodeURIComponent(location.pathname + location.search)}`); });

  return { keep, forget, gone, tell, leave };
})();
