// A renewal: each answer that is another than what stands is marked as new, from the portal's drawing on and as it is typed.
(() => {
  "use strict";
  const marks = () => document.querySelectorAll("[data-stands]");
  function mark() {
    for (const told of marks()) {
      const place = told.closest("[data-question]"), value = place && window.form.value(place.dataset.question);
      const isNew = String(value ?? "").trim() !== "" && JSON.stringify(value) !== told.dataset.stands && shown(place, value) !== told.dataset.stands;
      told.querySelector(".new").hidden = !isNew;
    }
  }
  // A number is kept as one and typed with signs around it.
  const shown = (place, value) => (typeof value === "string" && place.querySelector("[inputmode=numeric]") ? value.replace(/[^\d.]/g, "") : "");
  document.addEventListener("input", () => setTimeout(mark), true);
  document.addEventListener("change", () => setTimeout(mark), true);
  addEventListener("written", () => setTimeout(mark));
  document.addEventListener("DOMContentLoaded", () => setTimeout(mark));
})();
