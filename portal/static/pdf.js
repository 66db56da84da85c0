// Pictures as the pages of a PDF, each on A4: photos of a paper where a PDF is wanted. A PDF takes a JPEG as it is (DCTDecode).
window.pdfOf = (() => {
  "use strict";
  const SHORT = 595, LONG = 842; // A4, in points

  // `pages` are {jpeg: Blob, width, height} in pixels, upright and in colour (RGB); answers a Blob.
  function pdfOf(pages) {
    const parts = [], starts = [];
    const length = () => parts.reduce((sum, part) => sum + (part.size ?? part.length), 0);
    const put = (number, ...body) => { starts[number] = length(); parts.push(`${number} 0 obj\n`, ...body, "\nendobj\n"); };
    parts.push("%PDF-1.4\n", new Uint8Array([37, 0xe2, 0xe3, 0xcf, 0xd3, 10])); // the second line says that there are bytes in it
    put(1, "<< /Type /Catalog /Pages 2 0 R >>");
    put(2, `<< /Type /Pages /Count ${pages.length} /Kids [${pages.map((page, at) => `${first(at)} 0 R`).join(" ")}] >>`);
    pages.forEach((page, at) => drawn(page, first(at), put));
    parts.push(...index(starts, length()));
    return new Blob(parts, { type: "application/pdf" });
  }

  const first = (at) => 3 + at * 3; // a page is three objects: itself, what is drawn on it, the picture

  function drawn({ jpeg, width, height }, number, put) {
    const [wide, high] = width > height ? [LONG, SHORT] : [SHORT, LONG];
    const scale = Math.min(wide / width, high / height), across = width * scale, up = height * scale;
    const drawing = `q ${[across, 0, 0, up, (wide - across) / 2, (high - up) / 2].map((one) => one.toFixed(2)).join(" ")} cm /P Do Q`;
    put(number, `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${wide} ${high}] /Resources << /XObject << /P ${number + 2} 0 R >> >> /Contents ${number + 1} 0 R >>`);
    put(number + 1, `<< /Length ${drawing.length} >>\nstream\n${drawing}\nendstream`);
    put(number + 2, `<< /Type /XObject /Subtype /Image /Width ${width} /Height ${height} /ColorSpace /DeviceRGB /BitsPerComponent 8 `
      + `/Filter /DCTDecode /Length ${jpeg.size} >>\nstream\n`, jpeg, "\nendstream");
  }

  // Where each object begins; a line of it has exactly 20 bytes.
  function index(starts, at) {
    const line = (start) => `${String(start).padStart(10, "0")} 00000 n \n`;
    return [`xref\n0 ${starts.length}\n0000000000 65535 f \n`, ...starts.slice(1).map(line),
      `trailer\n<< /Size ${starts.length} /Root 1 0 R >>\nstartxref\n${at}\n%%EOF\n`];
  }

  return pdfOf;
})();
