// What stands beside the map: the conversation's questions, what one of them found, or a passage.
(() => {
  function made(tag, text = "", more = {}) {
    const element = document.createElement(tag);
    element.textContent = text;
    for (const [name, value] of Object.entries(more)) element.setAttribute(name, value);
    return element;
  }

  class Panel {
    constructor(element, room) {
      Object.assign(this, { element, room });
    }

    head(title, back) {
      const head = made("header");
      head.append(made("h2", title));
      if (back) {
        const all = made("button", "Back", { type: "button", class: "map-back" });
        all.addEventListener("click", () => (this.room.focus(-1), this.overview(), this.element.querySelector("button")?.focus()));
        head.append(all);
      }
      head.append(made("button", "\u00d7", { type: "button", "data-close": "map", "aria-label": "Close" }));
      return head;
    }

    overview() {
      this.shows = "overview";
      const nearby = "Passages about similar things lie close together; how far apart groups are means nothing. Choose a point to read its passage.";
      const parts = [this.head("Map"), made("p", nearby, { class: "quiet" })];
      if (this.room.questions.length) {
        const list = made("ol", "", { class: "map-questions" });
        this.room.questions.forEach((question, n) => {
          const item = made("li");
          const button = made("button", question.question, { type: "button" });
          button.prepend(made("b", String(n + 1)));
          button.addEventListener("click", () => this.question(n));
          item.append(button);
          list.append(item);
        });
        parts.push(made("h3", "This conversation"), list);
      } else parts.push(made("p", "Each question of the conversation appears here with lines to the passages it found.", { class: "quiet" }));
      this.element.replaceChildren(...parts);
    }

    question(n) {
      const question = this.room.questions[n];
      this.shows = "question";
      this.room.focus(n);
      const list = made("ul", "", { class: "map-found" });
      for (const chunk of question.chunks) {
        const item = made("li");
        const button = made("button", chunk.label, { type: "button", "data-row": chunk.row, class: chunk.cited ? "cited" : "" });
        button.append(made("small", `${chunk.score.toFixed(2)}${chunk.cited ? ", cited" : ""}`));
        item.append(button);
        list.append(item);
      }
      const parts = [this.head(`Question ${n + 1}`, true), made("p", question.question, { class: "asked-words" })];
      if (question.searched) parts.push(made("p", `Searched for: ${question.searched}`, { class: "quiet" }));
      parts.push(made("p", question.answer, { class: "quiet" }), made("h3", "What it found"), list);
      this.element.replaceChildren(...parts);
      this.bring();
    }

    async passage(row) {
      const reply = await this.room.ask("passage", row).catch(() => null);
      if (!reply?.html) return;
      this.shows = "passage";
      this.room.drawing.chosen = this.room.map.rows.indexOf(row);
      this.room.drawing.wanted();
      const body = made("div");
      body.innerHTML = reply.html; // made by our own server, everything of the document escaped
      this.element.replaceChildren(this.head("Passage", true), body);
      const source = body.querySelector(".source");
      this.bring(source);
      source.focus({ preventScroll: true });
    }

    bring(target) {
      this.element.scrollTop = 0;
      window.lodestar.open("map", target);
    }
  }

  window.lodestarMade = made;
  window.LodestarMapPanel = Panel;
})();
