// The list of applications: rows are ticked, filters chosen, keys pressed. What is ticked is remembered by number while the list is redrawn.
(() => {
  const chosen = new Set();
  let everything = false, from = null, shown = null;

  const $ = (id) => document.getElementById(id);
  const boxes = () => [...document.querySelectorAll("#queue tbody .tick input")];
  const asked = () => JSON.parse($("asked")?.dataset.asked || "{}");
  const total = () => Number($("asked")?.dataset.total || 0);

  // Ticks
  const count = () => (everything ? total() : chosen.size);

  const show = () => {
    const bar = $("ticked");
    if (!bar) return;
    boxes().forEach((box) => { box.checked = everything || chosen.has(Number(box.value)); });
    const page = $("tick-page"), ticked = boxes().filter((box) => box.checked).length;
    if (page) { page.checked = ticked > 0 && ticked === boxes().length; page.indeterminate = ticked > 0 && !page.checked; }
    const told = count() ? ngettext("{count} selected", "{count} selected", count(), { count: count() }) : "";
    const line = bar.querySelector("[role=status]"), all = bar.querySelector("[data-ticks=all]");
    if (line.textContent !== told) line.textContent = told;
    const one = bar.querySelector("[data-ticks=request]");
    if (one) one.hidden = everything || chosen.size !== 1; // each partner is asked something else
    all.hidden = everything || total() <= boxes().length;
    all.textContent = ngettext("Select all found: {count}", "Select all found: {count}", total(), { count: total() });
    bar.hidden = !count();
    measure.observe(bar);
  };
  // What is said at the foot of the page stands above the bar (desk.css).
  const measure = new ResizeObserver(() => document.documentElement.style.setProperty("--ticked", `${$("ticked")?.offsetHeight || 0}px`));

  const untick = () => {
    chosen.clear(); everything = false; from = null; show();
    const select = document.querySelector("#ticked select");
    if (select) { select.value = ""; unchosen(""); }
  };

  const tick = (box, on) => {
    if (everything) { everything = false; chosen.clear(); boxes().forEach((one) => chosen.add(Number(one.value))); }
    if (on) chosen.add(Number(box.value)); else chosen.delete(Number(box.value));
  };

  const ticked = (box, range) => {
    const all = boxes(), here = all.indexOf(box), there = range && from ? all.findIndex((one) => one.value === from) : here;
    const [first, end] = [Math.min(here, there < 0 ? here : there), Math.max(here, there)];
    all.slice(first, end + 1).forEach((one) => tick(one, box.checked));
    from = box.value;
    show();
  };

  const assign = (who, which) => emitEvent("desk-assign", { who, which });
  const which = () => (everything ? "all" : [...chosen]);
  const request = (number) => emitEvent("desk-request", number);
  const assigned = (who) => count() && assign(who, which());

  // Nobody is assigned by accident: the list of colleagues begins with no one.
  const unchosen = (said) => {
    const select = $("ticked").querySelector("select");
    $("assign-error").textContent = said;
    if (said) select.setAttribute("aria-invalid", "true"); else select.removeAttribute("aria-invalid");
    if (said) select.focus({ preventScroll: true });
  };
  const handed = () => {
    const who = $("ticked").querySelector("select").value;
    unchosen(who ? "" : _("Choose a colleague first."));
    if (who) assigned(who);
  };

  // The file comes as the answer to a form: thousands of numbers would not stand in an address. All that is found has an address of its own.
  const exported = (form) => {
    const link = [...document.querySelectorAll(".taken-away a")].find((one) => one.getAttribute("href").includes(`/export.${form}`));
    if (!link || everything) return link?.click();
    const sent = Object.assign(document.createElement("form"), { method: "post", action: link.href });
    sent.append(Object.assign(document.createElement("input"), { type: "hidden", name: "only", value: [...chosen].join(",") }));
    document.body.append(sent);
    sent.submit();
    sent.remove();
  };

  document.addEventListener("click", (event) => {
    if (event.target.matches?.("#queue tbody .tick input")) ticked(event.target, event.shiftKey);
    else if (event.target.id === "tick-page") { const on = event.target.checked; boxes().forEach((box) => tick(box, on)); show(); }
    else if (event.target.closest?.("#sift")) unfold();
    const button = event.target.closest?.("[data-ticks]");
    if (!button) return;
    const what = button.dataset.ticks;
    if (what === "all") { everything = true; show(); $("ticked").querySelector("[data-ticks=none]").focus(); }
    else if (what === "none") { untick(); ($("tick-page") || document.body).focus(); }
    else if (what === "request") request([...chosen][0]);
    else if (what === "remind") emitEvent("desk-remind", { which: which() });
    else if (what === "csv" || what === "xlsx") exported(what);
    else if (what === "assign") handed();
    else assigned(what);
  });
  document.addEventListener("change", (event) => { if (event.target.matches?.("#ticked select")) unchosen(""); });

  // Filters
  const unfold = () => {
    const panel = $("sifting"), open = panel.hidden;
    panel.hidden = !open;
    $("sift").setAttribute("aria-expanded", String(open));
    if (open) panel.querySelector("input, select").focus();
  };

  const fill = () => {
    const said = asked();
    if (said.section) $("sifting").querySelector("details").open = true;
    $("sifting").querySelectorAll("[name]").forEach((one) => {
      const values = (said[one.name] || "").split(one.name === "capacity" || one.name === "region" ? "\n" : ",");
      if (one === document.activeElement && one.matches("input:not([type=checkbox])")) return;
      if (one.type === "checkbox") one.checked = values.includes(one.value);
      else one.value = one.name === "section" ? values.find((value) => [...one.options].some((o) => o.value === value)) || "" : values[0];
    });
  };

  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("#sifting");
    if (!form || (event.target.validity && !event.target.validity.valid)) return;
    const found = {};
    for (const [name, value] of new FormData(form)) if (value) found[name] = found[name] ? `${found[name]},${value}` : value;
    untick();
    emitEvent("desk-sift", new URLSearchParams(found).toString());
  });
  document.addEventListener("submit", (event) => { if (event.target.id === "sifting") event.preventDefault(); });

  // What is found was drawn anew: the same rows are ticked, and the panel says what holds. Elsewhere nothing is ticked any more.
  const key = () => { const { after, before, at, page, columns, ...rest } = asked(); return JSON.stringify(rest); };
  // On a telephone the views go beyond the edge: the one that is shown is in sight.
  const stand = () => {
    const view = document.querySelector(".tabs [aria-current]"), row = view?.parentElement;
    if (!row || row.scrollWidth <= row.clientWidth) return;
    const at = view.getBoundingClientRect(), room = row.getBoundingClientRect();
    row.scrollBy({ left: (at.left + at.right - room.left - room.right) / 2, behavior: "instant" });
  };
  let before = null;
  new MutationObserver(() => {
    const now = $("asked");
    if (!now || now === shown) return;
    shown = now;
    if (before !== null && before !== key()) untick();
    before = key();
    show();
    fill();
    stand();
  }).observe(document.documentElement, { childList: true, subtree: true });

  // Keys
  const { rows } = desk;
  const current = () => rows().find((row) => row.closest("tr").contains(document.activeElement));
  const move = (by) => {
    const all = rows(), here = all.indexOf(current());
    all[here < 0 ? (by > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, here + by))]?.focus();
  };
  const reviews = () => document.querySelector("#ticked [data-ticks=me]");
  const number = (row) => Number(row.id.replace("row-", ""));
  const mine = () => {
    if (!reviews()) return;
    if (count()) assigned("me");
    else if (current()) assign("me", [number(current())]);
  };
  // One partner is asked at a time: that of the row in focus, or the only one that is selected.
  const asks = () => {
    if (!reviews()) return;
    if (current()) request(number(current()));
    else if (!everything && chosen.size === 1) request([...chosen][0]);
  };

  // What the keys do with the row in focus, the palette offers by its name: it takes the focus itself, so the row is remembered.
  let last = null, line = 0;
  const offer = () => {
    const place = $("row-commands"), row = last && $(last);
    if (!place) return;
    const said = { company: row ? row.textContent : "" };
    const offered = [{ id: "row-assign", words: _("Assign to me: {company}", said) }, { id: "row-request", words: _("Request information: {company}", said) }];
    place.dataset.commands = JSON.stringify(row ? offered : []);
  };
  document.addEventListener("focusin", (event) => {
    if (event.target.closest?.("dialog, .q-dialog")) return;
    last = current()?.id || null;
    line = rows().indexOf(current());
    offer();
  });
  document.addEventListener("click", (event) => {
    if (!last || !["row-assign", "row-request"].includes(event.target.id)) return;
    const row = Number(last.replace("row-", ""));
    $(last)?.focus();
    if (event.target.id === "row-assign") assign("me", [row]); else request(row);
  });
  // A dialog about a row has changed it: the reader goes on there, or at the row that came into its place, once the dialog is gone.
  desk.back = () => setTimeout(() => {
    const row = last && ($(last) || rows()[Math.min(line, rows().length - 1)]);
    (row || $("content")).focus();
  }, 250);
  keys.offer({ j: () => move(1), k: () => move(-1), a: mine, r: asks, "/": () => document.querySelector(".search input")?.focus() });

  desk.untick = untick;
})();
