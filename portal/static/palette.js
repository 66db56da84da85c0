// The command palette: what is typed is looked for among applications (by the server), pages, and what the page below offers.
// A page offers what its [data-commands] name, by the ids of its buttons, and its visible buttons at the top. What was chosen last
// comes first; only references and addresses are kept in the browser, and signing out takes them away.
const palette = (() => {
  const WAIT = 120, SHOWN = 8, KEPT = "palette";
  const $ = (id) => document.getElementById(id);
  const plain = (text) => text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLocaleLowerCase();
  let asking = null, timer = 0, saying = 0, found = { applications: [], recent: [] }, options = [], active = 0;

  // What was chosen last
  const kept = () => { try { return JSON.parse(localStorage.getItem(KEPT)) || []; } catch { return []; } };
  const keep = (key) => localStorage.setItem(KEPT, JSON.stringify([key, ...kept().filter((one) => one !== key)].slice(0, 2 * SHOWN)));
  const references = () => kept().filter((key) => key.startsWith("case:")).map((key) => key.slice(5)).slice(0, SHOWN);
  const recently = (one) => { const at = kept().indexOf(one.key); return at < 0 ? Infinity : at; };

  // What there is
  const application = (one) => ({ key: `case:${one.reference}`, words: one.company, more: `${one.reference} · ${one.status}`, href: `/review/${one.reference}` });
  const pages = () => JSON.parse($("palette").dataset.pages).map((one) => ({ key: `page:${one.href}`, ...one }));
  const told = () => [...document.querySelectorAll("[data-commands]")].flatMap((one) => JSON.parse(one.dataset.commands)).filter((one) => one.why || $(one.id));
  const seen = () => [...document.querySelectorAll("main :is(.title, .toolbar) :is(button, a.btn)")]
    .filter((one) => one.offsetParent && one.id !== "keys-open" && one.textContent.trim() && !one.closest("dialog"))
    .map((one) => ({ words: one.textContent.trim(), element: one }));
  const always = () => [
    { words: _("Keys of this page"), element: $("keys-open") }, { words: $("theme").getAttribute("aria-label"), element: $("theme") },
    { words: document.querySelector(".account button").textContent.trim(), element: document.querySelector(".account button") },
  ].filter((one) => one.element);
  const actions = () => [...told(), ...seen(), ...always()].map((one) => ({ key: `act:${one.id || one.words}`, more: one.why || "", ...one }));

  const groups = (words) => {
    const fits = (one) => plain(`${one.words} ${one.key}`).includes(plain(words));
    const sorted = (all) => all.map((one, at) => [recently(one), at, one]).sort((a, b) => (a[0] === b[0] ? a[1] - b[1] : a[0] - b[0])).map((one) => one[2]);
    if (!words) {
      const last = sorted([...found.recent.map(application), ...pages()]).filter((one) => recently(one) < Infinity).slice(0, 5);
      return [[_("Recent"), last], [_("On this page"), sorted(actions())], [_("Pages"), pages().filter((one) => !last.some((other) => other.key === one.key))]];
    }
    return [[_("Applications"), sorted(found.applications.map(application))], [_("On this page"), sorted(actions().filter(fits))], [_("Pages"), sorted(pages().filter(fits))]];
  };

  // The list
  const made = (tag, attributes, ...inside) => {
    const one = document.createElement(tag);
    Object.entries(attributes).forEach(([name, value]) => one.setAttribute(name, value));
    one.append(...inside);
    return one;
  };
  const line = (one, number) => {
    const text = made("span", { class: "words", dir: "auto" }, one.words), more = made("span", { class: "more", dir: "auto" }, one.more || "");
    const attributes = { id: `palette-${number}`, role: "option", tabindex: "-1", "aria-selected": "false", ...(one.why ? { "aria-disabled": "true" } : {}) };
    return made(one.href ? "a" : "div", one.href ? { ...attributes, href: one.href } : attributes, text, ...(one.more ? [more] : []));
  };
  const show = () => {
    const drawn = [];
    options = [];
    groups($("palette-words").value.trim()).filter(([, all]) => all.length).forEach(([title, all], at) => {
      const group = made("div", { role: "group", "aria-labelledby": `palette-group-${at}` }, made("p", { id: `palette-group-${at}`, role: "presentation" }, title));
      all.forEach((one) => { group.append(line(one, options.length)); options.push(one); });
      drawn.push(group);
    });
    $("palette-list").replaceChildren(...drawn);
    document.querySelector(".palette-none").hidden = options.length > 0;
    choose(0);
    clearTimeout(saying);
    saying = setTimeout(() => {
      const count = options.length;
      $("palette").querySelector("[role=status]").textContent = count ? ngettext("{count} found", "{count} found", count, { count }) : document.querySelector(".palette-none").textContent;
    }, 600);
  };
  const choose = (number) => {
    $(`palette-${active}`)?.setAttribute("aria-selected", "false");
    active = options.length ? (number + options.length) % options.length : 0;
    const one = $(`palette-${active}`);
    one?.setAttribute("aria-selected", "true");
    one?.scrollIntoView({ block: "nearest" });
    if (one) $("palette-words").setAttribute("aria-activedescendant", one.id);
    else $("palette-words").removeAttribute("aria-activedescendant");
  };

  // The server
  const ask = async () => {
    asking?.abort();
    asking = new AbortController();
    const asked = new URLSearchParams({ q: $("palette-words").value.trim(), recent: references().join(",") });
    try {
      const answer = await fetch(`/palette?${asked}`, { signal: asking.signal, headers: { accept: "application/json" } });
      if (!answer.ok || answer.redirected) return;
      found = await answer.json();
      mention(found.mentions);
      if ($("palette").open) show();
    } catch (error) {
      if (error.name !== "AbortError" && !(error instanceof TypeError)) throw error; // away for a moment: what is here can be chosen all the same
    }
  };
  const mention = (count) => {
    const link = $("mentions");
    link.hidden = !count;
    link.querySelector(".count").textContent = count;
    link.setAttribute("aria-label", ngettext("{count} mention", "{count} mentions", count, { count }));
  };

  // Doing
  const act = (one) => {
    if (one.why) { // it cannot be done now: that stands beside it, and is said
      $("palette").querySelector("[role=status]").textContent = one.why;
      return;
    }
    keep(one.key);
    $("palette").close();
    const element = one.element || $(one.id);
    requestAnimationFrame(() => { element.focus(); element.click(); });
  };
  const take = (number, event) => {
    const one = options[number];
    if (!one) return;
    if (!one.href) return act(one);
    keep(one.key);
    if (event.ctrlKey || event.metaKey) window.open(one.href, "_blank", "noopener");
    else location.assign(one.href);
  };
  const open = () => {
    if ($("palette").open || document.querySelector("dialog:modal, .q-dialog__inner")) return;
    $("palette-words").value = "";
    $("palette").showModal();
    show();
    $("palette-words").focus();
    ask();
  };

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k" && $("palette")) {
      event.preventDefault();
      if ($("palette").open) $("palette").close(); else open();
    }
    if (event.target.id !== "palette-words" || event.isComposing) return;
    const does = { ArrowDown: () => choose(active + 1), ArrowUp: () => choose(active - 1), Enter: () => take(active, event) }[event.key];
    if (does) { event.preventDefault(); does(); }
  });
  document.addEventListener("input", (event) => {
    if (event.target.id !== "palette-words") return;
    show();
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#palette-open")) open();
    if (event.target.id === "palette") event.target.close(); // beside it
    const option = event.target.closest?.("#palette-list [role=option]");
    if (!option) return;
    if (options[Number(option.id.slice(8))]?.href && (event.ctrlKey || event.metaKey || event.shiftKey)) return; // as links do
    event.preventDefault();
    take(Number(option.id.slice(8)), event);
  });
  document.addEventListener("submit", (event) => { if (event.target.matches(".account")) localStorage.removeItem(KEPT); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden && $("palette")) ask(); });
  document.addEventListener("DOMContentLoaded", () => {
    const here = location.pathname.match(/^\/review\/([A-Z]+-\d+-\w+)$/);
    if (here) keep(`case:${here[1]}`);
    if ($("palette")) ask();
  });
  return { open };
})();
