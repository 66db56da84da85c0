// An @ in a note opens a list of colleagues below it: chosen with the arrows and Enter, by Tab, with a click or a finger.
(() => {
  const SHOWN = 6;
  const plain = (text) => text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLocaleLowerCase();
  let field = null, list = null, names = [], active = 0, start = 0;

  const close = () => {
    if (!field) return;
    ["aria-controls", "aria-activedescendant", "aria-autocomplete", "aria-haspopup"].forEach((name) => field.removeAttribute(name));
    list.remove();
    field = list = null;
  };

  const choose = (number) => {
    active = (number + names.length) % names.length;
    [...list.children].forEach((one, at) => one.setAttribute("aria-selected", String(at === active)));
    list.children[active].scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", list.children[active].id);
  };

  const option = (name, number) => {
    const one = document.createElement("div");
    Object.assign(one, { id: `mention-${number}`, textContent: name, dir: "auto" });
    one.setAttribute("role", "option");
    return one;
  };

  const open = (textarea, found, from) => {
    if (field !== textarea) {
      close();
      field = textarea;
      list = Object.assign(document.createElement("div"), { id: "mention-list", className: "mention-list" });
      list.setAttribute("role", "listbox");
      list.setAttribute("aria-label", _("Colleagues to mention"));
      textarea.closest(".field").append(list);
      Object.entries({ "aria-controls": list.id, "aria-autocomplete": "list", "aria-haspopup": "listbox" }).forEach(([name, value]) => field.setAttribute(name, value));
    }
    [names, start] = [found, from];
    list.replaceChildren(...names.map(option));
    choose(0);
  };

  const look = (textarea) => {
    const people = JSON.parse(textarea.closest("[data-people]").dataset.people);
    const typed = textarea.value.slice(0, textarea.selectionStart).match(/(?:^|[\s(])@([^\n@]{0,40})$/);
    const wanted = typed && plain(typed[1]);
    const fits = (name) => plain(name) !== wanted.trim() && (plain(name).startsWith(wanted) || plain(name).split(/\s+/).some((part) => part.startsWith(wanted)));
    const found = typed ? people.filter(fits).slice(0, SHOWN) : [];
    if (found.length) open(textarea, found, textarea.selectionStart - typed[1].length - 1);
    else close();
  };

  const take = (number) => {
    const textarea = field;
    textarea.setRangeText(`@${names[number]} `, start, textarea.selectionStart, "end");
    close();
    textarea.dispatchEvent(new Event("input", { bubbles: true })); // what listens to typing hears of it
    textarea.focus();
  };

  document.addEventListener("input", (event) => { if (event.target.matches?.("[data-people] textarea")) look(event.target); });
  document.addEventListener("keydown", (event) => {
    if (!field || event.target !== field || event.isComposing) return;
    const does = { ArrowDown: () => choose(active + 1), ArrowUp: () => choose(active - 1), Enter: () => take(active), Tab: () => take(active), Escape: close }[event.key];
    if (!does) return;
    event.preventDefault();
    event.stopPropagation();
    does();
  }, true);
  document.addEventListener("pointerdown", (event) => { if (event.target.closest?.("#mention-list")) event.preventDefault(); }); // the field keeps the focus
  document.addEventListener("click", (event) => {
    const one = event.target.closest?.("#mention-list [role=option]");
    if (one) take(Number(one.id.slice(8)));
    else if (field && event.target !== field) close();
  });
})();
