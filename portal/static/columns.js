// The columns of the list of applications: which are shown, and in which order. What is chosen is kept on the server (choosing.py).
(() => {
  const dialog = () => document.getElementById("columns");
  const lines = () => [...dialog().querySelectorAll("li")];
  const named = (line) => line.querySelector("label span").textContent.trim();
  const shown = () => JSON.parse(document.getElementById("asked").dataset.asked).columns.split(",");

  // Those that are shown come first, in their order; the others follow as they are declared.
  const fill = (columns) => {
    const list = dialog().querySelector("ol"), all = lines();
    const place = (line) => { const at = columns.indexOf(line.dataset.column); return at < 0 ? columns.length : at; };
    all.sort((a, b) => place(a) - place(b)).forEach((line) => {
      line.querySelector("input").checked = columns.includes(line.dataset.column);
      list.append(line);
    });
    ends();
  };

  // A button that can go no further keeps its place and the focus, and says so.
  const ends = () => lines().forEach((line, at, all) => {
    line.querySelector("[data-move='-1']").setAttribute("aria-disabled", String(at === 0));
    line.querySelector("[data-move='1']").setAttribute("aria-disabled", String(at === all.length - 1));
  });

  const move = (button) => {
    const line = button.closest("li"), by = Number(button.dataset.move);
    const other = by < 0 ? line.previousElementSibling : line.nextElementSibling;
    if (!other) return;
    if (by < 0) other.before(line); else other.after(line);
    ends();
    button.focus();
    line.scrollIntoView({ block: "nearest" });
    const number = lines().indexOf(line) + 1;
    dialog().querySelector("[role=status]").textContent = _("{column} is number {number} of {all} now.", { column: named(line), number, all: lines().length });
  };

  const choose = () => emitEvent("desk-columns", lines().filter((line) => line.querySelector("input").checked).map((line) => line.dataset.column).join(","));

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("#columns-open, #columns-usual, #columns [data-move]");
    if (!button) return;
    if (button.id === "columns-open") { fill(shown()); dialog().returnValue = ""; dialog().showModal(); }
    else if (button.id === "columns-usual") { fill(dialog().dataset.usual.split(",")); lines()[0].querySelector("input").focus(); }
    else move(button);
  });
  document.addEventListener("close", (event) => { if (event.target.id === "columns" && event.target.returnValue === "show") choose(); }, true);
})();
