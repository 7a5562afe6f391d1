// Which of the saved conversations is open. Gradio shows them ten at a time and draws the rows anew as it likes.
(() => {
  const EACH = 10;
  let open = -1;

  function mark() {
    const page = Number(document.querySelector("#saved-list .paginate .current-page")?.textContent ?? 1);
    document.querySelectorAll("#saved-list td").forEach((cell, at) => {
      const here = at + (page - 1) * EACH === open;
      if (here !== cell.hasAttribute("aria-current")) here ? cell.setAttribute("aria-current", "true") : cell.removeAttribute("aria-current");
    });
  }
  new MutationObserver(mark).observe(document, { childList: true, characterData: true, subtree: true });

  window.lodestarSaved = {
    opened: (number) => {
      open = number === "" ? -1 : Number(number);
      mark();
    },
  };
})();
