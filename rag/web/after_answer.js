// The card that a thumb down opens: it has the keyboard until it is answered, and Escape leaves it.
(() => {
  const card = () => document.getElementById("right-document");
  const open = () => Boolean(card()?.checkVisibility());
  let thumb; // the one that opened it

  document.addEventListener("click", (event) => {
    const button = event.target.closest("#chat .icon-button");
    if (/^Dislike/.test(button?.ariaLabel)) thumb = button;
  }, true);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !open()) return;
    // The first Escape closes the list of documents where that is open.
    if (event.target.getAttribute("aria-expanded") === "true" && card().contains(event.target)) return;
    event.stopPropagation();
    document.getElementById("leave-document").click();
  }, true);

  window.lodestarThumbs = {
    asked: () => {
      if (!open()) return;
      card().setAttribute("role", "dialog");
      card().setAttribute("aria-labelledby", "right-document-title");
      card().tabIndex = -1;
      card().focus();
    },
    // A thumb stays filled only where something is kept.
    left: () => {
      if (thumb?.ariaLabel === "Disliked") thumb.click();
      thumb?.focus();
    },
    kept: () => thumb?.focus(),
  };
})();
