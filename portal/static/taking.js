// What is chosen, photographed or dropped, on its way into a slot: which files are one document, what is wrong with the others.
window.taking = (() => {
  "use strict";
  const { carrier, papers, uploads } = window;
  const { Row, slots, slotOf, isMultiple, takes, rows, make, say, announce, inPdf, boundOf } = uploads;

  // Of a mixed lot the good ones go on, and each of the others is told why it does not. `begun` is the row of a PDF that gets pages.
  async function take(slot, files, wrong = [], begun = undefined) {
    const lots = documents(slot, [...files], begun), words = [...wrong];
    say(slot, words);
    if (begun) joining(begun, true);
    if (files.length > lots.flat().length) words.push(_("This takes one file, so only “{name}” was taken.", { name: lots[0][0].name }));
    for (const lot of lots) {
      const busy = preparing(slot, lot), found = await papers.fit(lot, takes(slot), begun).catch(() => unread(lot)).finally(() => busy.remove());
      if (found.words) words.push(found.words);
      else await admit(slot, found, begun).catch(() => words.push(unread(lot).words));
    }
    if (begun) joining(begun, false);
    say(slot, words);
  }

  const unread = ([{ name }]) => ({ words: _("“{name}” could not be read. Save it on this device first, then choose it again.", { name }) });

  // While a page is prepared for a PDF, another for the same PDF would put it in the place of the first.
  const joining = (begun, is) => Object.assign(begun, { joining: is, drawn: "" }).draw();

  // Which files are a document each: in a slot for one file, photos that are chosen together are its pages, if it takes PDF.
  function documents(slot, files, begun) {
    if (begun || (!isMultiple(slot) && takes(slot).endings.includes("pdf") && files.every(papers.isPhoto))) return [files].filter((lot) => lot.length);
    return (isMultiple(slot) ? files : files.slice(0, 1)).map((file) => [file]);
  }

  // A large photo takes a telephone some seconds.
  function preparing(slot, [{ name }]) {
    const item = make("li", { className: "file waiting" }, make("span", { className: "file-mark", ariaHidden: "true" }), make("span", { className: "file-name" }, _("Preparing {name}…", { name })));
    slot.querySelector(".files").append(item);
    return item;
  }

  async function admit(slot, { file, pages = [] }, begun) {
    const replaces = begun?.stored?.publicId ?? begun?.upload?.record.replaces ?? "";
    rows(slot).filter((other) => other.upload && (other === begun || !isMultiple(slot))).forEach((other) => carrier.cancel(other.upload));
    const own = papers.told(file, file.name.startsWith("photo ") ? rows(slot).filter((row) => row !== begun).map((row) => row.name) : []);
    const day = begun?.stored?.expiryDate ?? begun?.upload?.record.day ?? "";
    const upload = await carrier.add(slot.dataset.slot, own, { label: slot.dataset.label, page: location.pathname, day, photos: inPdf(pages), replaces });
    const row = Object.assign(new Row(slot, { upload, pages }), { isNew: true });
    if (begun) succeed(begun, row);
    announce(slot, [...inPdf(pages) ? [boundOf(inPdf(pages))] : [], _("Uploading {name}", { name: own.name })].join(". "));
  }

  // While the longer PDF is under way, a page that was added to the shorter one would be lost.
  function succeed(begun, row) {
    Object.assign(begun, { longer: row, drawn: "" }).draw();
    row.deeds.querySelector("button").focus();
  }

  // Further photos for a PDF that was made of photos.
  function join(begun, files) {
    const other = files.find((file) => !papers.isPhoto(file));
    if (other) return say(begun.slot, [_("“{name}” is not a photo, so it cannot be a page of this PDF. Choose a photo of the page.", { name: other.name })]);
    if (files.length) take(begun.slot, files, [], begun);
  }

  document.addEventListener("change", ({ target }) => {
    if (!target.matches?.("[data-slot] input[type=file]") || !target.files.length) return;
    const files = [...target.files];
    take(slotOf(target), target.matches("[data-photo]") ? files.map(papers.asPhoto) : files);
    target.value = ""; // so that the same file can be chosen again
  });

  // A file dropped beside a slot must not replace the page.
  const light = (over) => slots().forEach((slot) => slot.classList.toggle("over", slot === over));
  for (const kind of ["dragover", "dragenter"]) {
    document.addEventListener(kind, (event) => {
      if (![...event.dataTransfer?.types ?? []].includes("Files")) return;
      event.preventDefault();
      const over = slotOf(event.target);
      light(over);
      event.dataTransfer.dropEffect = over ? "copy" : "none";
    });
  }
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) light(null); });
  document.addEventListener("drop", (event) => {
    const given = event.dataTransfer;
    if (!given || ![...given.types].includes("Files")) return;
    event.preventDefault();
    light(null);
    const slot = slotOf(event.target);
    if (!slot) return;
    const folders = [...given.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry?.isDirectory).map((entry) => entry.name);
    const files = [...given.files].filter((file) => !folders.includes(file.name));
    take(slot, files, folders.map(papers.folder));
  });

  return { join };
})();
