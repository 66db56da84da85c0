// The status page stays open: what has changed is put in its place, and said once.
(() => {
  "use strict";
  const told = document.getElementById("standing-told");
  const part = (name) => document.querySelector(`[data-part="${name}"]`);
  window.standing = {
    show(changed) {
      const within = document.activeElement?.closest("[data-part]")?.dataset.part, link = document.activeElement?.getAttribute("href");
      for (const [name, html] of Object.entries(changed)) part(name).innerHTML = html;
      if (changed[within] !== undefined) (link && part(within).querySelector(`[href="${CSS.escape(link)}"]`) || document.getElementById("content")).focus();
      const title = part("title").querySelector("h1").textContent, next = part("stages").querySelector(".next")?.textContent ?? "";
      if (changed.title || changed.stages) told.textContent = `${title}. ${next}`;
    },
  };
})();
