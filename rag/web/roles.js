// Gradio calls the questions to begin with a list, and their buttons are no items of one: a screen reader would be told of an
// empty list. They are a group of buttons.
(() => {
  new MutationObserver(() => {
    const examples = document.querySelector("#chat .examples[role='list']");
    examples?.setAttribute("aria-label", "Questions to begin with");
    examples?.setAttribute("role", "group");
  }).observe(document, { childList: true, subtree: true });
})();
