// Ticked rows of a list: the button that acts on all of them knows their codes. A list that looks again by itself keeps what was ticked.
(() => {
  const ticked = new Set();
  const rows = () => [...document.querySelectorAll("input[data-tick]")];

  const show = (bar) => {
    const all = bar.querySelector("[data-tick-all]");
    all.checked = ticked.size > 0 && ticked.size === rows().length;
    all.indeterminate = ticked.size > 0 && !all.checked;
    bar.querySelector("button[data-act]").dataset.value = [...ticked].join(" ");
  };

  document.addEventListener("change", (event) => {
    const bar = document.querySelector("[data-ticks]");
    if (!bar || !event.target.matches("input[data-tick], input[data-tick-all]")) return;
    if (event.target.matches("[data-tick-all]")) rows().forEach((row) => { row.checked = event.target.checked; });
    ticked.clear();
    rows().filter((row) => row.checked).forEach((row) => ticked.add(row.dataset.tick));
    show(bar);
  });

  // Another list was asked for: what was ticked in this one is not what is seen there.
  document.addEventListener("desk:other", () => { ticked.clear(); const bar = document.querySelector("[data-ticks]"); if (bar) show(bar); });

  // Who has left the list, or cannot be acted upon any more, is ticked no longer.
  document.addEventListener("desk:redrawn", () => {
    const before = new Set(ticked), bar = document.querySelector("[data-ticks]");
    ticked.clear();
    rows().filter((row) => before.has(row.dataset.tick)).forEach((row) => { row.checked = true; ticked.add(row.dataset.tick); });
    if (bar) show(bar);
  });
})();
