// What is wrong with a file before it is sent, in words; and photos made fit: smaller where they are too large, JPEG where they are
// Apple's HEIC and this browser can read it. Where a slot wants a PDF, photos of a paper are made into one.
window.papers = (() => {
  "use strict";
  const SIDES = [4000, 3000, 2200, 1600, 1200]; // pixels of the longer side, tried in turn
  const LEAVES = [2500, 2000, 1600, 1200]; // the same for the page of a PDF: on A4 that is 215 to 100 dots an inch
  const PICTURES = ["jpg", "jpeg", "png"], APPLE = ["heic", "heif"];
  const TYPES = { "image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf", "image/heic": "heic" };

  const endingOf = (name) => /\.([^.]+)$/.exec(name)?.[1].toLowerCase() ?? "";
  const withEnding = (name, ending) => `${name.replace(/\.[^.]*$/, "")}.${ending}`;

  const isPhoto = (file) => [...PICTURES, ...APPLE].includes(endingOf(sensible(file).name));

  // `files` are one document: a file, or the photos of its pages. `slot` says what it takes: {endings, kinds, megabytes, binds}; with
  // `binds` one photo becomes a PDF too. `begun` are {pages, name} of what is to have further pages. Answers {words} or {file, pages};
  // `pages` are photos to which others may be added, as {jpeg, width, height} where they are in a PDF, else as {photo}.
  async function fit(files, slot, begun = { pages: [] }) {
    const named = files.map(sensible), empty = named.find(({ size }) => !size);
    if (empty) return { words: _("“{name}” is empty. Choose the file again.", { name: empty.name }) };
    const more = slot.endings.includes("pdf") && named.every(isPhoto);
    if (more && (slot.binds || named.length > 1 || begun.pages.length)) return bound(named, slot, begun);
    const found = await alone(named[0], slot);
    return more && found.file ? { ...found, pages: [{ photo: found.file }] } : found;
  }

  async function alone(named, slot) {
    const ending = endingOf(named.name);
    try {
      if (APPLE.includes(ending)) return await fromApple(named, slot);
      if (!slot.endings.includes(ending)) return unfit(named, slot);
      if (named.size <= slot.megabytes * 1e6) return { file: named };
      return PICTURES.includes(ending) ? { file: await smaller(named, slot, ending === "png" ? "image/png" : "image/jpeg") } : tooLarge(named, slot);
    } catch {
      return tooLarge(named, slot);
    }
  }

  function unfit({ name }, { kinds, binds }) {
    return { words: binds
      ? _("“{name}” cannot be used here. Choose a {kinds} file, or photos of the pages.", { name, kinds })
      : _("“{name}” cannot be used here. Choose a {kinds} file.", { name, kinds }) };
  }

  // All pages or none: a certificate that lacks one is worse than a word that says so.
  async function bound(photos, slot, begun) {
    const pages = [], name = withEnding(begun.name ?? photos[0].name, "pdf");
    for (const source of [...begun.pages, ...photos.map((photo) => ({ photo }))]) {
      const page = source.jpeg ? source : await leaf(source.photo, LEAVES[0]).catch(() => null);
      if (!page) return unreadable(source.photo);
      pages.push(page);
    }
    for (const side of LEAVES) {
      const fitting = [];
      for (const page of pages) fitting.push(Math.max(page.width, page.height) <= side ? page : await leaf(page.jpeg, side));
      const file = new File([window.pdfOf(fitting)], name, { type: "application/pdf" });
      if (file.size <= slot.megabytes * 1e6) return { file, pages };
    }
    return { words: _("These photos are larger than {limit} MB together. Take fewer of them, or upload the pages as a PDF.", { limit: slot.megabytes }) };
  }

  function unreadable({ name }) {
    return APPLE.includes(endingOf(name)) ? fromAppleOnly(name) : { words: _("“{name}” could not be opened as a photo. Take it again, or choose another file.", { name }) };
  }

  function tooLarge({ name, size }, { megabytes }) {
    const words = _("“{name}” is larger than {limit} MB: it has {size} MB. Make it smaller, for example by saving it at a lower resolution, and upload it again.",
      { name, limit: megabytes, size: (size / 1e6).toLocaleString(_.tag, { maximumFractionDigits: 1 }) });
    return { words };
  }

  const folder = (name) => _("“{name}” is a folder. Open it and choose the files in it.", { name });

  async function fromApple(file, slot) {
    const jpeg = slot.endings.includes("jpg") && await smaller(file, slot, "image/jpeg").catch(() => null); // Safari can read it
    if (jpeg) return { file: jpeg };
    return slot.endings.includes("jpg") ? fromAppleOnly(file.name) : unfit(file, slot);
  }
  const fromAppleOnly = (name) => ({ words: _("“{name}” is a photo in Apple's HEIC format, which most people cannot open. On the iPhone, send it to yourself by email, or on a Mac open it in Preview and export it as JPEG; then upload that.", { name }) });

  // Drawn anew at the largest size that fits; the browser turns it the way it was held. A logo stays a PNG, for its transparency.
  async function smaller(file, slot, type) {
    const picture = await opened(file);
    try {
      for (const side of SIDES) {
        const { blob } = await drawn(picture, side, type);
        if (blob && blob.size <= slot.megabytes * 1e6) return new File([blob], withEnding(file.name, type === "image/png" ? "png" : "jpg"), { type });
      }
    } finally {
      picture.close();
    }
    throw new Error("too large");
  }

  // A page of a PDF, upright, at most so many pixels long: {jpeg, width, height}.
  async function leaf(photo, side) {
    const picture = await opened(photo);
    try {
      const { blob, width, height } = await drawn(picture, side, "image/jpeg");
      if (!blob) throw new Error("not drawn");
      return { jpeg: blob, width, height };
    } finally {
      picture.close();
    }
  }

  const opened = (file) => createImageBitmap(file, { imageOrientation: "from-image" });

  function drawn(picture, side, type) {
    const scale = Math.min(1, side / Math.max(picture.width, picture.height));
    const canvas = Object.assign(document.createElement("canvas"), { width: Math.max(1, picture.width * scale), height: Math.max(1, picture.height * scale) });
    const pen = canvas.getContext("2d");
    if (type === "image/jpeg") { pen.fillStyle = "#fff"; pen.fillRect(0, 0, canvas.width, canvas.height); }
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => canvas.toBlob((blob) => done({ blob, width: canvas.width, height: canvas.height }), type, 0.85));
  }

  // Telephones call every photo "image.jpg"; some files have a type and no ending.
  function sensible(file) {
    const ending = endingOf(file.name), known = TYPES[file.type];
    if (/^image\.(jpe?g|png|hei[cf])$/i.test(file.name)) return new File([file], photoName(ending), { type: file.type });
    return !ending && known ? new File([file], `${file.name}.${known}`, { type: file.type }) : file;
  }

  // "photo 2026-11-22.jpg", in the day of whoever took it.
  function photoName(ending = "jpg") {
    const now = new Date(), two = (number) => String(number).padStart(2, "0");
    return `photo ${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}.${ending === "jpeg" ? "jpg" : ending}`;
  }
  const asPhoto = (file) => new File([file], photoName(endingOf(file.name) || "jpg"), { type: file.type });

  // A second one of the same name in a slot is told apart.
  function told(file, names) {
    const ending = endingOf(file.name), bare = withEnding(file.name, "").slice(0, -1);
    let name = file.name;
    for (let number = 2; names.includes(name); number += 1) name = `${bare} ${number}.${ending}`;
    return name === file.name ? file : new File([file], name, { type: file.type });
  }

  return { fit, isPhoto, folder, asPhoto, told };
})();
