// Ticked rows of a list: the button that acts on all of them knows their codes. A list that is drawn anew begins without ticks.
document.addEventListener("change", (event) => {
  const bar = document.querySelector("[data-ticks]");
  if (!bar || !event.target.matches("input[data-tick], input[data-tick-all]")) return;
  const all = bar.querySelector("[data-tick-all]");
  const rows = [...document.querySelectorAll("input[data-tick]")];
  if (event.target === all) rows.forEach((row) => { row.checked = all.checked; });
  const ticked = rows.filter((row) => row.checked);
  all.checked = ticked.length === rows.length;
  all.indeterminate = ticked.length > 0 && !all.checked;
  bar.querySelector("button[data-act]").dataset.value = ticked.map((row) => row.dataset.tick).join(" ");
});
