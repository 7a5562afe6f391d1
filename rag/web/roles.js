// Gradio calls the questions to begin with a list, and their buttons are no items of one: a screen reader would be told of an
// empty list. They are a group of buttons.
(() => {
  new MutationObserver(() => {
    const examples = document.querySelector("#chat .examples[role='list']");
    examples?.setAttribute("aria-label", "Questions to begin with");
    examples?.setAttribute("role", "group");
  }).observe(document, { childList: true, subtree: true });
})();

// A key that is pressed in one of Gradio's menus opens its list a moment later. Tab, or Shift before it, has left the menu by
// then: the list would stay open over the box to ask in.
document.addEventListener("keydown", (event) => {
  if (/^(Tab|Shift)$/.test(event.key) && event.target.matches("input[role='combobox']")) event.stopPropagation();
}, true);
