// What is wrong with a file before it is sent, in words; and photos made fit: smaller where they are too large, JPEG where they are
// Apple's HEIC and this browser can read it.
window.papers = (() => {
  "use strict";
  const SIDES = [4000, 3000, 2200, 1600, 1200]; // pixels of the longer side, tried in turn
  const PICTURES = ["jpg", "jpeg", "png"], APPLE = ["heic", "heif"];
  const TYPES = { "image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf", "image/heic": "heic" };

  const endingOf = (name) => /\.([^.]+)$/.exec(name)?.[1].toLowerCase() ?? "";
  const withEnding = (name, ending) => `${name.replace(/\.[^.]*$/, "")}.${ending}`;

  // `slot` says what it takes: {endings, kinds, megabytes}. Answers {file} or {words}.
  async function fit(file, slot) {
    const named = sensible(file), ending = endingOf(named.name);
    if (!named.size) return { words: _("“{name}” is empty. Choose the file again.", { name: named.name }) };
    try {
      if (APPLE.includes(ending)) return await fromApple(named, slot);
      if (!slot.endings.includes(ending)) return { words: _("“{name}” cannot be used here. Choose a {kinds} file.", { name: named.name, kinds: slot.kinds }) };
      if (named.size <= slot.megabytes * 1e6) return { file: named };
      return PICTURES.includes(ending) ? { file: await smaller(named, slot, ending === "png" ? "image/png" : "image/jpeg") } : tooLarge(named, slot);
    } catch {
      return tooLarge(named, slot);
    }
  }

  function tooLarge({ name, size }, { megabytes }) {
    const words = _("“{name}” is larger than {limit} MB: it has {size} MB. Make it smaller, for example by saving it at a lower resolution, and upload it again.",
      { name, limit: megabytes, size: (size / 1e6).toLocaleString(_.tag, { maximumFractionDigits: 1 }) });
    return { words };
  }

  const folder = (name) => _("“{name}” is a folder. Open it and choose the files in it.", { name });

  async function fromApple(file, slot) {
    const jpeg = slot.endings.includes("jpg") && await smaller(file, slot, "image/jpeg").catch(() => null); // Safari can read it
    return jpeg ? { file: jpeg } : { words: slot.endings.includes("jpg")
      ? _("“{name}” is a photo in Apple's HEIC format, which most people cannot open. On the iPhone, send it to yourself by email, or on a Mac open it in Preview and export it as JPEG; then upload that.", { name: file.name })
      : _("“{name}” cannot be used here. Choose a {kinds} file.", { name: file.name, kinds: slot.kinds }) };
  }

  // Drawn anew at the largest size that fits; the browser turns it the way it was held. A logo stays a PNG, for its transparency.
  async function smaller(file, slot, type) {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    try {
      for (const side of SIDES) {
        const blob = await drawn(picture, Math.min(1, side / Math.max(picture.width, picture.height)), type);
        if (blob && blob.size <= slot.megabytes * 1e6) return new File([blob], withEnding(file.name, type === "image/png" ? "png" : "jpg"), { type });
      }
    } finally {
      picture.close();
    }
    throw new Error("too large");
  }

  function drawn(picture, scale, type) {
    const canvas = Object.assign(document.createElement("canvas"), { width: Math.max(1, picture.width * scale), height: Math.max(1, picture.height * scale) });
    const pen = canvas.getContext("2d");
    if (type === "image/jpeg") { pen.fillStyle = "#fff"; pen.fillRect(0, 0, canvas.width, canvas.height); }
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => canvas.toBlob(done, type, 0.85));
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

  return { fit, folder, asPhoto, told };
})();
