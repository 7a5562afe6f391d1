// Gradio calls the questions to begin with a list, and their buttons are no items of one: a screen reader would be told of an
// empty list. They are a group of buttons. To the buttons of the box to ask in it gives no names, and to one that deletes a
// misleading one.
(() => {
  const NAMES = {
    "#question .submit-button": "Send the question",
    "#question .stop-button": "Stop the answer",
    "#chat .icon-button[aria-label='Clear']": "Delete this conversation",
  };
  new MutationObserver(() => {
    const examples = document.querySelector("#chat .examples[role='list']");
    examples?.setAttribute("aria-label", "Questions to begin with");
    examples?.setAttribute("role", "group");
    for (const [button, name] of Object.entries(NAMES)) {
      const found = document.querySelector(button);
      if (!found || found.ariaLabel === name) continue;
      found.ariaLabel = found.title = name;
    }
  }).observe(document, { childList: true, subtree: true });
})();

// A key that is pressed in one of Gradio's menus opens its list a moment later. Tab, or Shift before it, has left the menu by
// then: the list would stay open over the box to ask in.
document.addEventListener("keydown", (event) => {
  if (/^(Tab|Shift)$/.test(event.key) && event.target.matches("input[role='combobox']")) event.stopPropagation();
}, true);
