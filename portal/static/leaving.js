// A decision that leaves soon: its time is counted down, from what the server said was left when it was drawn.
const leaving = (() => {
  const ends = new WeakMap();

  const shown = (left) => (left > 0 ? _("Time left: {time}", { time: `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` }) : _("It leaves now."));

  const tick = () => document.querySelectorAll("[data-left]").forEach((place) => {
    if (!ends.has(place)) ends.set(place, performance.now() + Number(place.dataset.left) * 1000);
    const words = shown(Math.max(0, Math.round((ends.get(place) - performance.now()) / 1000)));
    if (place.textContent !== words) place.textContent = words;
  });

  // A preview appears below what was typed, which may be long.
  const look = (id) => requestAnimationFrame(() => {
    const place = document.getElementById(id);
    if (!place) return;
    place.focus({ preventScroll: true });
    place.scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  });

  setInterval(tick, 500);
  return { look };
})();
