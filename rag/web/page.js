// What Gradio has no words for: a citation leads to its passage, the drawers of a phone, and a question's limits.
(() => {
  const MOST_CHARACTERS = 4000;
  const phone = matchMedia("(max-width: 899px)");
  const box = () => document.querySelector("#question textarea");
  const DRAWERS = { saved: "#saved", sources: "#panel", map: ".map-panel" };
  let opener;

  // A drawer has the keyboard until it is closed: what lies below it is out of reach meanwhile.
  function open(name, target) {
    if (!phone.matches) return;
    if (!document.body.dataset.drawer) opener = document.activeElement;
    document.body.dataset.drawer = name;
    below(true);
    const drawer = document.querySelector(DRAWERS[name]);
    drawer.tabIndex = -1;
    // What is not in sight yet cannot have the focus.
    setTimeout(() => document.body.dataset.drawer === name && (target ?? drawer).focus({ preventScroll: true }), 200);
  }
  function close() {
    if (!document.body.dataset.drawer) return;
    delete document.body.dataset.drawer;
    below(false);
    if (opener?.isConnected) opener.focus({ preventScroll: true });
  }
  function below(inert) {
    const parts = ".brand, #rooms > .tab-wrapper, #chat, #question, #choices, .map > :not(.map-panel)";
    document.querySelectorAll(parts).forEach((part) => (part.inert = inert));
  }
  phone.addEventListener("change", close);

  function showTurn(section) {
    document.querySelectorAll("#panel .turn").forEach((turn) => turn.classList.toggle("shown", turn === section));
  }

  function showSource(id) {
    const source = document.getElementById(id);
    if (!source) return;
    showTurn(source.closest(".turn"));
    open("sources", source);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const panel = document.getElementById("panel");
    const top = panel.scrollTop + source.getBoundingClientRect().top - panel.getBoundingClientRect().top - 52;
    panel.scrollTo({ top, behavior: calm ? "auto" : "smooth" });
    source.focus({ preventScroll: true });
    source.classList.remove("flash");
    void source.offsetWidth; // restarts the animation when the same number is clicked twice
    source.classList.add("flash");
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    const id = link?.getAttribute("href").slice(1) ?? "";
    if (/^s\d+-\d+$/.test(id)) {
      event.preventDefault();
      showSource(id);
    } else if (/^turn-\d+$/.test(id)) {
      event.preventDefault();
      showTurn(document.getElementById(id));
      document.getElementById("panel").scrollTop = 0;
    }
    const drawer = event.target.closest("[data-open]");
    if (drawer) open(drawer.dataset.open);
    else if (event.target.closest("[data-close], #new-chat, #saved-list button, #saved-list tr") || event.target === document.body) close();
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && close());

  // An empty question does nothing; one that is too long says so and stays where it is.
  function stopped(event) {
    const text = box()?.value ?? "";
    const over = text.trim().length > MOST_CHARACTERS;
    if (text.trim() && !over) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const limit = document.getElementById("too-long");
    if (over && limit) {
      const count = (n) => n.toLocaleString("en");
      limit.textContent = `Please keep a question under ${count(MOST_CHARACTERS)} characters; this one has ${count(text.trim().length)}.`;
      limit.hidden = false;
    }
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && event.target === box()) stopped(event);
  }, true);
  document.addEventListener("click", (event) => {
    if (event.target.closest("#question .submit-button")) stopped(event);
  }, true);
  document.addEventListener("input", (event) => {
    const limit = document.getElementById("too-long");
    if (event.target === box() && limit && event.target.value.trim().length <= MOST_CHARACTERS) limit.hidden = true;
  });

  // What is deleted is gone: the browser alone had it.
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#chat [aria-label='Delete this conversation']")) return;
    if (!confirm("Delete this conversation? It cannot be brought back.")) event.stopImmediatePropagation();
  }, true);

  // What a visitor typed comes written so that no letter of it is Markdown (typed.py). Where it is not read as that, to be
  // edited, copied or read out, it is put back.
  const TYPED = "\n\n[typed]: #";
  const typed = (text) => text.replace(TYPED, "").replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
  function putBack(root) {
    for (const said of root.querySelectorAll("#chat .user [aria-label$='[typed]: #']")) said.ariaLabel = typed(said.ariaLabel);
    for (const box of root.querySelectorAll("#chat .user textarea")) {
      if (!box.value.endsWith(TYPED)) continue;
      box.value = typed(box.value);
      box.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  // A copied answer carries plain numbers and says below what they stand for.
  if (navigator.clipboard) {
    const write = navigator.clipboard.writeText.bind(navigator.clipboard);
    navigator.clipboard.writeText = (text) => {
      const labels = new Map();
      const letters = { "&lt;": "<", "&amp;": "&" };
      if (text.endsWith(TYPED)) return write(typed(text));
      const plain = text.split(/(^````[^]*?^````+$)/m).map((part, at) => at % 2 ? part : part
        .replace(/\[\\\[(\d+)\\\]\]\(#(s\d+-\d+)\)/g, (_, n, id) => {
          const label = document.getElementById(id)?.dataset.label;
          if (label) labels.set(Number(n), label);
          return `[${n}]`;
        })
        .replace(/> \u2060/g, "")
        .replace(/<span class="doubt[^>]*>|<\/span>/g, "")
        .replace(/<code( *)>([^<]*)<\/code>/g, (_, more, code) => "`" + more.replace(/ /g, "`") + code + more.replace(/ /g, "`") + "`")
        .replace(/&(?:lt|amp|#(\d+));/g, (letter, code) => letters[letter] ?? String.fromCodePoint(Number(code)))).join("");
      const list = [...labels].sort((a, b) => a[0] - b[0]).map(([n, label]) => `[${n}] ${label}`);
      return write(list.length ? `${plain}\n\n${list.join("\n")}` : plain);
    };
  }

  // What a visitor has edited Gradio shows as it reads it, until the server has it. In a conversation nothing but our own
  // numbers may lead anywhere, and nothing is loaded: the policy stops the loading, this takes the rest away.
  const FOREIGN = "a:not([href^='#']), area, img, picture, source, video, audio, track, iframe, object, embed, form, input, link, meta, base, style, bgsound, math, [formaction], [ping], [style*='url'], [background]";
  // Of a question only what Markdown makes of plain text stays.
  const MARKDOWN = "p, br, hr, strong, em, del, code, pre, ul, ol, li, blockquote, h1, h2, h3, h4, h5, h6, table, thead, tbody, tr, th, td, span, div";
  const COPIES = ".code_wrap > button, .code_wrap > button *"; // Gradio's own, beside a block of code
  function strip(root) {
    const found = [...root.querySelectorAll(FOREIGN)];
    if (root.matches(FOREIGN)) found.push(root);
    for (const element of found) {
      if (!element.closest("#chat .message .md, #panel, #saved-list, .toast-body")) continue;
      element.replaceWith(...element.childNodes);
    }
    for (const element of root.querySelectorAll("#chat .user.message .md *")) {
      for (const { name } of [...element.attributes]) {
        if (/^(on|form|style|src|ping|action|data|background|(xlink:)?href)/.test(name)) element.removeAttribute(name);
      }
      if (!element.matches(`${MARKDOWN}, ${COPIES}`)) element.replaceWith(...element.childNodes);
    }
  }
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.addedNodes) if (node.nodeType === Node.ELEMENT_NODE) strip(node);
    }
    putBack(document);
  }).observe(document, { childList: true, subtree: true });

  // Whoever opens the view behind one answer wants it for the next one too.
  let behind = false;
  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.("#panel details.found") && event.target.closest(".turn.shown")) behind = event.target.open;
  }, true);

  window.lodestar = {
    open,
    showTurn,
    save: (text) => {
      if (!text) return;
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text], { type: "text/markdown" }));
      link.download = `${text.match(/^# (.*)$/m)?.[1] ?? "Conversation"}.md`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    },
    send: () => document.querySelector("#question .submit-button")?.click(),
    ready: () => {
      const sources = document.querySelectorAll("#panel .turn.shown .source[id]").length;
      document.querySelector(".brand [data-open='sources']").textContent = sources ? `Sources (${sources})` : "Sources";
      const panel = document.getElementById("panel");
      if (panel) panel.scrollTop = 0;
      if (behind) document.querySelectorAll("#panel details.found").forEach((view) => (view.open = true));
      if (!phone.matches && document.activeElement === document.body) box()?.focus();
    },
  };
})();
