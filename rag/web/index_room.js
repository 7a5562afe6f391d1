// The tab Index: the keyboard follows what is opened, and what is asked.
window.lodestarIndex = {
  asked: () => {
    const shown = document.querySelector("#confirm-no");
    if (shown?.checkVisibility()) shown.focus();
  },
  moved: () => {
    if (document.querySelector("#confirm-no")?.checkVisibility()) return window.lodestarIndex.asked();
    const title = document.querySelector("#documents .document h3");
    document.querySelector("#room-index")?.scrollTo({ top: 0 });
    title?.focus({ preventScroll: true });
  },
};
