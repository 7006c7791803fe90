// Names the boxes that Django's autocomplete puts in the place of a select: they
// take over its value and leave its label behind.
(() => {
  "use strict";

  const $ = window.django && window.django.jQuery;
  if (!$) return;

  const labelOf = (select) => {
    const label = select.labels && select.labels[0];
    if (label && !label.id) label.id = `${select.id}_label`;
    return label;
  };
  const boxOf = (select) => select.nextElementSibling && select.nextElementSibling.querySelector("[role=combobox]");
  const name = (within) => {
    for (const select of within.querySelectorAll("select.select2-hidden-accessible")) {
      const label = labelOf(select);
      const box = boxOf(select);
      const shown = box && box.querySelector("[role=textbox]");
      if (label && shown) {
        box.setAttribute("aria-labelledby", `${label.id} ${shown.id}`);
        shown.setAttribute("aria-labelledby", label.id);
      }
    }
  };

  // The autocomplete waits for the same moment and was asked first.
  $(() => name(document));
  document.addEventListener("formset:added", (event) => name(event.target));
  // What one searches by, and the list found, are made when the box opens.
  $(document).on("select2:open", (event) => {
    const label = labelOf(event.target);
    const box = boxOf(event.target);
    const search = document.querySelector(".select2-container--open .select2-search__field");
    if (label && search) search.setAttribute("aria-label", label.textContent.trim());
    if (box) box.setAttribute("aria-controls", box.getAttribute("aria-owns"));
  });
})();
