// What is around the map's drawing: its controls, what a point or a question says, and asking for both.
(() => {
  const bytes = (packed) => Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0)).buffer;
  const places = (packed) => Float32Array.from(new Uint16Array(bytes(packed)), (value) => value / 32767.5 - 1);
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));

  const made = (...parts) => window.lodestarMade(...parts);

  class Room {
    constructor(element, server, follow) {
      const find = (selector) => element.querySelector(selector);
      Object.assign(this, { element, server, follow, map: {}, questions: [], seen: new Map() });
      [this.box, this.stage, this.canvas, this.list] = [".map", ".map-stage", "canvas", ".map-list"].map(find);
      [this.state, this.bar, this.tip, this.said] = [".map-state", "progress", ".map-glimpse", ".map-said"].map(find);
      [this.legend, this.toQuestions] = [".map-legend", ".map-asked"].map(find);
      this.panel = new window.LodestarMapPanel(find(".map-panel"), this);
      this.drawing = new window.LodestarMapCanvas(this.canvas);
      this.panel.overview();
      this.listen();
      new IntersectionObserver(([seen]) => this.opened(seen.isIntersecting)).observe(this.box);
    }

    // --- what is asked of the server ---

    async opened(visible) {
      this.visible = visible;
      if (!visible) return;
      this.follow();
      if (this.watching) return;
      this.watching = true;
      for (let rest = 400; this.visible; rest = Math.min(2000, rest * 1.2)) {
        if (await this.look()) break;
        await wait(rest);
      }
      this.watching = false;
    }

    // Whether the map is as it will stay.
    async look() {
      let map;
      try {
        map = await this.server.places({ generation: this.map.generation, settled: this.map.settled });
      } catch {
        this.tell("The map cannot be reached; reload the page.");
        return false;
      }
      const fault = map.fault;
      if (!map.generation) return this.tell(fault), false;
      if (map.flat) this.arrange(map);
      this.bar.hidden = map.settled === 2 || Boolean(fault);
      this.bar.value = map.progress;
      const percent = `${Math.floor(100 * map.progress)} %`;
      if (fault) this.tell(fault);
      else if (map.settled === 2) this.tell(this.count(this.map));
      else this.tell(map.settled ? `Arranging in 3-D, ${percent}` : `Arranging, ${percent}`);
      return map.settled === 2 || Boolean(fault);
    }

    count({ chunks, rows }) {
      const all = chunks.toLocaleString("en");
      if (rows.length < chunks) return `${rows.length.toLocaleString("en")} of ${all} passages, spread over all documents`;
      return chunks === 1 ? "1 passage" : `${all} passages`;
    }

    tell(sentence) {
      if (this.state.textContent !== sentence) this.state.textContent = sentence;
    }

    arrange(map) {
      const other = map.generation !== this.map.generation;
      this.map = { ...map, rows: new Uint32Array(bytes(map.rows)) };
      this.drawing.place(new Uint16Array(bytes(map.kind)), places(map.flat), places(map.deep));
      if (!other) return;
      this.seen.clear();
      this.drawing.hidden.clear();
      this.drawing.chosen = this.drawing.hovered = -1;
      this.legend.replaceChildren(...map.kinds.map((kind, n) => this.key(kind, n)));
      this.listKinds();
      this.trail(this.told);
    }

    async ask(what, row) {
      const reply = await this.server[what]({ generation: this.map.generation, row });
      if (!reply?.gone) return reply;
      await this.opened(true); // there is a new index
      return null;
    }

    async glimpse(point) {
      const row = this.map.rows[point];
      if (!this.seen.has(row)) {
        if (this.seen.size > 3000) this.seen.clear();
        this.seen.set(row, this.ask("glimpse", row).catch(() => null));
      }
      return this.seen.get(row);
    }

    // The conversation's questions, as the server found them for a generation.
    trail(told) {
      this.told = told;
      const { generation, questions } = JSON.parse(told || "{}");
      this.questions = generation && generation === this.map.generation ? questions : [];
      this.drawing.asked = -1;
      this.drawing.ask(this.questions);
      this.toQuestions.hidden = !this.questions.length;
      this.toQuestions.textContent = `Questions (${this.questions.length})`;
      if (this.panel.shows !== "passage") this.panel.overview();
    }

    // The question in focus; -1 for none.
    focus(n) {
      this.drawing.asked = n;
      this.drawing.wanted();
    }

    // --- the legend and the list ---

    key({ label, count }, n) {
      const button = made("button", "", { type: "button", "aria-pressed": "true" });
      const shape = (n + Math.floor(n / 9)) % 3;
      button.append(made("i", "", { class: `shape-${shape}`, style: `--kind: var(--kind-${n % 9})` }), made("span", label), made("small", count));
      button.addEventListener("click", () => {
        const { hidden } = this.drawing;
        if (!hidden.delete(n)) hidden.add(n);
        button.setAttribute("aria-pressed", String(!hidden.has(n)));
        this.drawing.wanted();
      });
      return button;
    }

    listKinds() {
      this.list.replaceChildren(...this.map.kinds.map(({ label, count }, n) => {
        const part = made("details");
        const list = made("ul");
        part.append(made("summary", `${label} (${count})`), list);
        part.addEventListener("toggle", () => part.open && !list.children.length && this.fill(list, n, 0));
        return part;
      }));
    }

    async fill(list, kind, from) {
      const reply = await this.server.listing({ generation: this.map.generation, kind, from });
      list.insertAdjacentHTML("beforeend", reply.html ?? "");
      if (!reply.next) return;
      const item = made("li");
      const more = made("button", "Show more", { type: "button", class: "map-more" });
      more.addEventListener("click", () => (item.remove(), this.fill(list, kind, reply.next)));
      item.append(more);
      list.append(item);
    }

    view(view) {
      this.box.dataset.view = view;
      this.box.querySelectorAll(".map-views button").forEach((one) => one.setAttribute("aria-pressed", String(one.dataset.view === view)));
      this.stage.hidden = this.legend.hidden = view === "list";
      this.list.hidden = view !== "list";
      if (view === "list") return;
      this.drawing.deep = view === "deep";
      this.drawing.show();
      this.hover({});
    }

    // --- the pointer and the keys ---

    async hover({ point = -1, question = -1 }) {
      const { drawing } = this;
      if (point === drawing.hovered && question === this.over) return;
      [drawing.hovered, this.over] = [point, question];
      this.canvas.style.cursor = point >= 0 || question >= 0 ? "pointer" : "";
      drawing.wanted();
      this.tip.hidden = true;
      if (question >= 0) {
        const { question: words, answer, at } = this.questions[question];
        this.show(at, made("b", words), made("p", answer));
      } else if (point >= 0) {
        await wait(60); // whoever only passes over does not ask
        if (drawing.hovered !== point) return;
        const shown = await this.glimpse(point);
        if (!shown?.title || drawing.hovered !== point) return;
        this.said.textContent = `${this.map.kinds[drawing.kinds[point]].label}: ${shown.place}. ${shown.text}`;
        const heading = shown.place === shown.title ? [] : [made("i", shown.place.replace(`${shown.title} › `, ""))];
        this.show([drawing.sx[point], drawing.sy[point]], made("b", shown.title), ...heading, made("p", shown.text));
      }
    }

    show([x, y], ...parts) {
      const { tip, stage } = this;
      tip.replaceChildren(...parts);
      tip.hidden = false;
      const { offsetWidth: width, offsetHeight: height } = tip;
      tip.style.left = `${Math.max(8, Math.min(stage.clientWidth - width - 8, x - width / 2))}px`;
      tip.style.top = `${Math.max(8, y + 18 + height < stage.clientHeight ? y + 18 : y - height - 32)}px`;
    }

    open({ point = -1, question = -1 }) {
      if (question >= 0) this.panel.question(question);
      else if (point >= 0) this.panel.passage(this.map.rows[point]);
    }

    listen() {
      const { canvas, drawing } = this;
      const fingers = new Map();
      let moved = 0, touching = false;
      const spot = (event) => [event.offsetX, event.offsetY];
      canvas.addEventListener("pointerdown", (event) => {
        canvas.setPointerCapture(event.pointerId);
        fingers.set(event.pointerId, spot(event));
        touching = event.pointerType !== "mouse";
        if (fingers.size === 1) moved = 0;
      });
      canvas.addEventListener("pointermove", (event) => {
        const [x, y] = spot(event), last = fingers.get(event.pointerId);
        if (!last) return void this.hover(drawing.under(x, y));
        moved += Math.abs(x - last[0]) + Math.abs(y - last[1]);
        if (moved > 4) this.tip.hidden = true;
        const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
        if (other) {
          const way = (one) => Math.hypot(one[0] - other[0], one[1] - other[1]);
          drawing.zoom(way([x, y]) / Math.max(1, way(last)), (x + other[0]) / 2, (y + other[1]) / 2);
          drawing.move((x - last[0]) / 2, (y - last[1]) / 2, false);
        } else if (moved > 4) drawing.move(x - last[0], y - last[1], drawing.deep && !event.shiftKey);
        fingers.set(event.pointerId, [x, y]);
      });
      canvas.addEventListener("pointerup", (event) => fingers.delete(event.pointerId));
      // Not when the finger is lifted: the click that follows would fall on what has just opened, and close it.
      canvas.addEventListener("click", (event) => {
        if (moved > 4) return;
        const hit = drawing.under(...spot(event), touching ? 10 : 0);
        if ("question" in hit || "point" in hit) this.open(hit);
        else if (drawing.asked >= 0) (this.focus(-1), this.panel.overview());
      });
      canvas.addEventListener("pointercancel", (event) => fingers.delete(event.pointerId));
      canvas.addEventListener("pointerleave", () => this.hover({}));
      canvas.addEventListener("blur", () => this.hover({}));
      canvas.addEventListener("wheel", (event) => {
        event.preventDefault();
        this.tip.hidden = true;
        drawing.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), ...spot(event));
      }, { passive: false });
      this.panel.element.addEventListener("keydown", (event) => event.key === "Escape" && canvas.focus());
      canvas.addEventListener("keydown", (event) => this.key_(event));
      this.element.addEventListener("click", (event) => {
        const button = event.target.closest("button");
        if (button?.dataset.view) this.view(button.dataset.view);
        else if (button?.dataset.zoom) Number(button.dataset.zoom) ? drawing.zoom(Number(button.dataset.zoom)) : drawing.show();
        else if (button?.dataset.row) this.panel.passage(Number(button.dataset.row));
      });
    }

    key_(event) {
      const { drawing } = this;
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (way && event.shiftKey) drawing.move(-40 * way[0], -40 * way[1]);
      else if (way) {
        const point = drawing.next(...way);
        if (point >= 0) this.hover({ point });
      } else if (event.key === "Enter") this.open({ point: drawing.hovered });
      else if (event.key === "+" || event.key === "=") drawing.zoom(1.5);
      else if (event.key === "-") drawing.zoom(1 / 1.5);
      else if (event.key === "0") drawing.show();
      else if (event.key === "Escape") (this.focus(-1), this.panel.overview(), this.hover({}));
      else return;
      event.preventDefault();
    }
  }

  let room = null, changed = 0;
  window.lodestarMap = {
    mount: (element, server, follow) => (room = new Room(element, server, follow)),
    trail: (told) => room?.trail(told),
    follow: () => {
      clearTimeout(changed); // an answer changes the conversation with each word; its end is what counts
      changed = setTimeout(() => room?.visible && room.follow(), 300);
    },
    get drawing() { return room?.drawing; },
  };
})();
