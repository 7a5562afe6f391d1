// A source opened as the document it is from, and what is doubtful in an answer found in the list beside it.
(() => {
  const phone = matchMedia("(max-width: 899px)");
  let dialog, server, opener, shown, opened = 0;
  const part = (name) => dialog.querySelector(name);
  const more = (way) => part(`[data-more='${way}']`);

  function say(sentence) {
    part(".notice").textContent = sentence;
  }

  function know(reply) {
    shown.first = Math.min(shown.first ?? reply.first, reply.first);
    shown.next = Math.max(shown.next ?? reply.next, reply.next);
    more("before").hidden = shown.first === 0;
    more("from").hidden = shown.next >= reply.count;
  }

  function page(html) {
    const made = document.createElement("div");
    made.className = "page";
    made.tabIndex = -1;
    made.innerHTML = html; // made by our own server, everything of the document escaped
    return made;
  }

  async function open(button) {
    const asked = JSON.parse(button.dataset.read);
    const mine = ++opened;
    opener = button;
    shown = { source: asked.source };
    part("h2").textContent = asked.source;
    part(".doc-type").textContent = part(".path").textContent = "";
    part(".pages").replaceChildren();
    more("before").hidden = more("from").hidden = true;
    say("");
    if (!dialog.open) dialog.showModal();
    part(".reader-text").focus();
    const slow = setTimeout(() => say("Opening the document."), 400);
    const reply = await server.read_document(asked).catch(() => null);
    clearTimeout(slow);
    if (mine !== opened || !dialog.open) return;
    say(reply?.fault ?? reply?.notice ?? "The document could not be opened; please try again.");
    if (!reply?.html) return;
    part("h2").textContent = reply.title;
    part(".doc-type").textContent = reply.kind;
    part(".path").textContent = reply.path;
    shown.generation = reply.generation;
    part(".pages").replaceChildren(page(reply.html));
    know(reply);
    const cited = part(".cited, .near");
    if (!cited) return;
    cited.focus({ preventScroll: true });
    const view = part(".reader-text"), mark = cited.querySelector("mark") ?? cited;
    const above = (element) => element.getBoundingClientRect().top - view.getBoundingClientRect().top;
    // The passage from its beginning, unless the words that prove the answer would then be out of sight.
    const room = view.clientHeight;
    view.scrollTop += above(mark) - above(cited) < room * 0.6 ? above(cited) - Math.min(96, room * 0.15) : above(mark) - room * 0.4;
  }

  async function showMore(way) {
    const mine = opened, button = more(way), view = part(".reader-text");
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    const at = way === "before" ? shown.first : shown.next;
    const reply = await server.read_more({ source: shown.source, generation: shown.generation, [way]: at }).catch(() => null);
    button.removeAttribute("aria-busy");
    if (mine !== opened || !dialog.open) return;
    if (!reply?.html) {
      say(reply?.fault ?? "More could not be read; please try again.");
      return view.scrollTo({ top: 0 });
    }
    const added = page(reply.html), height = view.scrollHeight;
    part(".pages")[way === "before" ? "prepend" : "append"](added);
    know(reply);
    if (way === "before") view.scrollTop += view.scrollHeight - height;
    added.focus({ preventScroll: true });
  }

  function mount(element, calls) {
    dialog = element.querySelector("dialog");
    server = calls;
    dialog.addEventListener("click", (event) => {
      const way = event.target.closest("[data-more]")?.dataset.more;
      if (way) showMore(way);
      else if (event.target === dialog || event.target.closest(".reader-close")) dialog.close();
    });
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "Escape") event.stopPropagation(); // it ends the dialog, not the drawer below it
    });
    dialog.addEventListener("close", () => {
      opened++;
      part(".pages").replaceChildren();
      // The panel may have been drawn anew meanwhile.
      const again = [...document.querySelectorAll("[data-read]")].find((other) => other.dataset.read === opener?.dataset.read);
      (opener?.isConnected ? opener : again)?.focus();
    });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-read]");
    if (button && dialog) open(button);
  });

  // A sentence that is in doubt leads to the list that says why.
  function explain(doubt) {
    const messages = [...document.querySelectorAll("#chat .bot.message:not(.pending)")];
    const turn = messages.indexOf(doubt.closest(".bot.message")) + 1;
    const list = document.getElementById(`doubts-${turn}`);
    if (!list) return;
    window.lodestar.showTurn(list.closest(".turn"));
    document.getElementById("panel").scrollTop = 0;
    if (!phone.matches) return;
    const same = [...list.querySelectorAll("li")].filter((item) => item.querySelector(".why").textContent === doubt.title);
    const words = doubt.textContent.trim().slice(0, 24);
    const item = same.find((one) => one.textContent.includes(words)) ?? same[0];
    item?.scrollIntoView({ block: "nearest" });
    window.lodestar.open("sources", item);
  }
  document.addEventListener("click", (event) => {
    const doubt = event.target.closest("#chat .doubt");
    if (doubt && !event.target.closest("a")) explain(doubt);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches?.("#chat .doubt")) explain(event.target);
  });

  window.lodestarReader = { mount };
})();
