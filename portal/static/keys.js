// Keys of one letter, the same way on every page of the desk: a page offers what it has (`keys.offer`), and its help tells of it.
// They rest while somebody types, with Ctrl, Alt or Cmd, over a dialog, and where somebody has switched them off (WCAG 2.1.4).
const keys = (() => {
  const offered = {};
  const help = () => document.getElementById("keys");
  const on = () => localStorage.getItem("keys") !== "off";
  const typing = (place) => place.matches?.("input:not([type=checkbox]), select, textarea, [contenteditable]");
  const covered = (place) => document.querySelector("dialog:modal, .q-dialog__inner") || place.closest?.("dialog[open], [role=listbox]");

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || !on() || event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing(event.target) || covered(event.target) || !Object.hasOwn(offered, event.key)) return;
    event.preventDefault();
    offered[event.key]();
  });
  document.addEventListener("click", (event) => { if (event.target.closest?.("#keys-open")) help().showModal(); });
  document.addEventListener("change", (event) => {
    if (event.target.id === "keys-on") localStorage.setItem("keys", event.target.checked ? "on" : "off");
  });
  document.addEventListener("DOMContentLoaded", () => { if (document.getElementById("keys-on")) document.getElementById("keys-on").checked = on(); });
  offered["?"] = () => help()?.showModal();
  return { offer: (more) => Object.assign(offered, more) };
})();
