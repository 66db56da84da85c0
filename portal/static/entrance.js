// Shows the code in two groups of four while it is typed at its end; the portal reads it in any form.
document.addEventListener("input", ({ target }) => {
  if (target.id !== "code" || target.selectionStart !== target.value.length) return;
  const signs = target.value.toUpperCase().replace(/[\s-]/g, "");
  target.value = signs.length > 4 ? `${signs.slice(0, 4)} ${signs.slice(4)}` : signs;
});
