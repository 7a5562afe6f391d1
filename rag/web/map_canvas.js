// The drawing of the map: points, a camera in two or three dimensions, and the trail of questions, on one canvas.
(() => {
  const TAU = 2 * Math.PI;
  const PIN = 15; // how far a question's number stands above its place, so that it hides no point
  const clamp = (value, least, most) => Math.min(most, Math.max(least, value));

  // The place with the least way to all of `chunks`, the better found ones counting more.
  function among(chunks, places, size) {
    const weights = chunks.map((chunk) => 0.01 + chunk.score ** 2);
    let at = Array(size).fill(0);
    for (let step = 0; step < 40; step++) {
      const next = Array(size).fill(0);
      let sum = 0;
      chunks.forEach((chunk, n) => {
        const from = chunk.point * size;
        let way = 0;
        for (let axis = 0; axis < size; axis++) way += (places[from + axis] - at[axis]) ** 2;
        const weight = step ? weights[n] / Math.max(Math.sqrt(way), 1e-4) : weights[n];
        for (let axis = 0; axis < size; axis++) next[axis] += weight * places[from + axis];
        sum += weight;
      });
      at = next.map((value) => value / sum);
    }
    return at;
  }

  class MapCanvas {
    constructor(canvas) {
      this.canvas = canvas;
      this.pen = canvas.getContext("2d", { alpha: false });
      this.count = 0;
      this.deep = false;
      this.hidden = new Set();
      this.questions = [];
      this.hovered = this.chosen = this.asked = -1; // a point, a point, a question
      this.frames = { drawn: 0, ms: 0 };
      this.points = new window.LodestarMapPoints(this);
      this.show();
      new ResizeObserver(() => this.measure()).observe(canvas);
      new MutationObserver(() => this.repaint()).observe(document.body, { attributeFilter: ["class"] });
    }

    // Everything in sight again.
    show() {
      this.camera = { x: 0, y: 0, zoom: 1, yaw: 0.5, pitch: 0.35 };
      this.wanted();
    }

    measure() {
      const dots = window.devicePixelRatio || 1;
      const { clientWidth: width, clientHeight: height } = this.canvas;
      if (!width || !height) return;
      Object.assign(this, { width, height, dots });
      this.canvas.width = Math.round(width * dots);
      this.canvas.height = Math.round(height * dots);
      this.repaint();
    }

    repaint() {
      const style = getComputedStyle(this.canvas);
      this.colour = (name) => style.getPropertyValue(name).trim() || "gray";
      this.points.forget();
      this.wanted();
    }

    wanted() {
      if (this.asking) return;
      this.asking = requestAnimationFrame(() => {
        this.asking = 0;
        const start = performance.now();
        if (this.width) this.draw(start);
        this.frames.ms += performance.now() - start;
        this.frames.drawn += 1;
      });
    }

    // New places. Points that stood elsewhere go there within a second, so that the eye can follow.
    place(kinds, flat, deep) {
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      this.before = this.count === kinds.length && !calm ? { flat: this.flat, deep: this.solid, since: performance.now() } : null;
      Object.assign(this, { kinds, count: kinds.length, flat, solid: deep });
      if (!this.sx || this.sx.length !== this.count) {
        this.sx = new Float32Array(this.count);
        this.sy = new Float32Array(this.count);
        this.level = new Uint8Array(this.count);
      }
      this.reach = { flat: [1e-3, 1e-3], deep: 1e-3 };
      for (let n = 0; n < this.count; n++) {
        for (const axis of [0, 1]) this.reach.flat[axis] = Math.max(this.reach.flat[axis], Math.abs(flat[2 * n + axis]));
        this.reach.deep = Math.max(this.reach.deep, Math.hypot(deep[3 * n], deep[3 * n + 1], deep[3 * n + 2]));
      }
      this.ask(this.questions);
    }

    // The questions of the conversation, each with the points that it found.
    ask(questions) {
      this.questions = questions;
      for (const question of this.count ? questions : []) {
        question.flat = among(question.chunks, this.flat, 2);
        question.deep = among(question.chunks, this.solid, 3);
      }
      if (this.asked >= questions.length) this.asked = -1;
      this.wanted();
    }

    get places() { return this.deep ? this.solid : this.flat; }

    // Where something stands on the screen: [x, y, depth from 0, near, to 1].
    project(places, from) {
      const { camera, width, height } = this;
      const x = width / 2 + camera.x, y = height / 2 + camera.y;
      if (!this.deep) return [x + places[from] * this.scale, y - places[from + 1] * this.scale, 0];
      const { sinYaw, cosYaw, sinPitch, cosPitch } = this.turn;
      const across = places[from] * cosYaw + places[from + 2] * sinYaw;
      const away = places[from + 2] * cosYaw - places[from] * sinYaw;
      const up = places[from + 1] * cosPitch - away * sinPitch;
      const far = (away * cosPitch + places[from + 1] * sinPitch) / this.reach.deep;
      const near = this.scale * 3 / (3 + far);
      return [x + across * near, y - up * near, (far + 1) / 2];
    }

    aim() {
      const { camera, width, height } = this;
      const { yaw, pitch } = camera;
      this.turn = { sinYaw: Math.sin(yaw), cosYaw: Math.cos(yaw), sinPitch: Math.sin(pitch), cosPitch: Math.cos(pitch) };
      const [right, top] = this.reach.flat;
      const room = [width / 2 - 28, height / 2 - 28];
      this.scale = camera.zoom * (this.deep ? Math.min(...room) * 1.2 / this.reach.deep : Math.min(room[0] / right, room[1] / top));
    }

    draw(now) {
      const { LEVELS } = window.LodestarMapPoints;
      const { pen, dots, width, height, count } = this;
      pen.setTransform(dots, 0, 0, dots, 0, 0);
      pen.fillStyle = this.colour("--body-background-fill");
      if (!count) return pen.fillRect(0, 0, width, height);
      this.aim();
      let places = this.places;
      if (this.before) {
        const share = (now - this.before.since) / 900;
        const start = this.deep ? this.before.deep : this.before.flat;
        if (share >= 1) this.before = null;
        else {
          const eased = share * share * (3 - 2 * share);
          places = places.map((value, n) => start[n] + eased * (value - start[n]));
          setTimeout(() => this.wanted());
        }
      }
      const size = this.deep ? 3 : 2;
      for (let n = 0; n < count; n++) {
        const [x, y, far] = this.project(places, n * size);
        this.sx[n] = x;
        this.sy[n] = y;
        this.level[n] = this.deep ? clamp(Math.floor((1 - far) * LEVELS), 0, LEVELS - 1) : LEVELS - 1;
      }
      const lit = this.lit();
      this.points.draw(lit ? 0.18 : 1);
      this.lines();
      lit?.forEach((n) => this.points.again(n));
      for (const [point, width] of [[this.chosen, 2.5], [this.hovered, 1.5]]) if (point >= 0) this.ring(point, width);
      this.questions.forEach((question, n) => this.pin(question, n));
    }

    // The points that the question in focus found; null where none is in focus.
    lit() {
      const question = this.questions[this.asked];
      return question ? new Set(question.chunks.map((chunk) => chunk.point)) : null;
    }

    get radius() {
      const few = clamp(9 - Math.log2(Math.max(2, this.count)) * 0.5, 2, 6);
      return clamp(few * Math.sqrt(this.camera.zoom) ** 0.8, few, 9);
    }

    ring(point, line) {
      if (this.hidden.has(this.kinds[point])) return;
      this.pen.beginPath();
      this.pen.arc(this.sx[point], this.sy[point], this.radius + 3.5, 0, TAU);
      this.stroke("--body-text-color", line, 1);
    }

    stroke(colour, line, alpha, dash = []) {
      const { pen } = this;
      pen.globalAlpha = alpha;
      pen.strokeStyle = this.colour(colour);
      pen.lineWidth = line;
      pen.setLineDash(dash);
      pen.stroke();
      pen.setLineDash([]);
      pen.globalAlpha = 1;
    }

    // From each question to what it found, cited ones stronger; from question to question.
    lines() {
      const { pen } = this;
      this.questions.forEach((question) => (question.at = this.project(this.deep ? question.deep : question.flat, 0)));
      this.questions.forEach((question, n) => {
        const faint = this.asked >= 0 && this.asked !== n ? 0.25 : 1;
        for (const cited of [false, true]) {
          pen.beginPath();
          for (const chunk of question.chunks) {
            if (chunk.cited !== cited || this.hidden.has(this.kinds[chunk.point])) continue;
            pen.moveTo(question.at[0], question.at[1]);
            pen.lineTo(this.sx[chunk.point], this.sy[chunk.point]);
          }
          this.stroke("--link-text-color", cited ? 1.6 : 1, (cited ? 0.8 : 0.4) * faint);
        }
      });
      pen.beginPath();
      this.questions.forEach(({ at }, n) => (n ? pen.lineTo(at[0], at[1] - PIN) : pen.moveTo(at[0], at[1] - PIN)));
      this.stroke("--body-text-color", 1.2, 0.55, [2, 4]);
    }

    pin(question, n) {
      const { pen } = this;
      const [x, y] = question.at;
      const big = n === this.asked ? 11 : 9;
      pen.beginPath();
      pen.moveTo(x, y);
      pen.lineTo(x, y - PIN);
      this.stroke("--body-text-color", 1.5, 1);
      pen.beginPath();
      pen.arc(x, y - PIN, big, 0, TAU);
      pen.fillStyle = this.colour(n === this.asked ? "--link-text-color" : "--body-text-color");
      pen.fill();
      this.stroke("--body-background-fill", 1.5, 1);
      pen.fillStyle = this.colour("--body-background-fill");
      pen.font = `600 ${big + 2}px ${this.colour("--font")}`;
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.fillText(String(n + 1), x, y - PIN + 0.5);
    }

    // What lies under a place of the screen: a question before a point, unless a finger is nearer to the point.
    under(x, y, reach = 0) {
      let question = -1, way = 12 + reach;
      this.questions.forEach(({ at }, n) => {
        const far = at ? Math.hypot(at[0] - x, at[1] - PIN - y) : Infinity;
        if (far < way) [question, way] = [n, far];
      });
      let point = -1, least = this.radius + 4 + reach;
      for (let n = 0; n < this.count; n++) {
        const dx = this.sx[n] - x, dy = this.sy[n] - y;
        const far = Math.sqrt(dx * dx + dy * dy);
        if (far < least && !this.hidden.has(this.kinds[n])) [point, least] = [n, far];
      }
      if (question >= 0 && (way <= 9 || point < 0 || way <= least)) return { question };
      return point >= 0 ? { point } : {};
    }

    // The next point in a direction from the hovered one, among those in sight; the middle one to begin with.
    next(right, down) {
      const from = this.hovered >= 0 ? this.hovered : this.chosen;
      const x = from >= 0 ? this.sx[from] : this.width / 2, y = from >= 0 ? this.sy[from] : this.height / 2;
      let best = -1, least = Infinity;
      for (let n = 0; n < this.count; n++) {
        const dx = this.sx[n] - x, dy = this.sy[n] - y;
        const inside = this.sx[n] >= 0 && this.sy[n] >= 0 && this.sx[n] <= this.width && this.sy[n] <= this.height;
        if (n === from || !inside || this.hidden.has(this.kinds[n])) continue;
        const along = dx * right + dy * down, aside = Math.abs(dx * down) + Math.abs(dy * right);
        if (from >= 0 && along <= aside * 0.6) continue;
        const way = from >= 0 ? along + 1.5 * aside : Math.hypot(dx, dy);
        if (way < least) [best, least] = [n, way];
      }
      return best;
    }

    zoom(factor, x = this.width / 2, y = this.height / 2) {
      const { camera } = this;
      const zoom = clamp(camera.zoom * factor, 0.5, 60);
      const by = zoom / camera.zoom;
      const dx = x - this.width / 2, dy = y - this.height / 2;
      camera.x = dx - (dx - camera.x) * by;
      camera.y = dy - (dy - camera.y) * by;
      camera.zoom = zoom;
      this.wanted();
    }

    move(dx, dy, turning = this.deep) {
      const { camera } = this;
      if (turning) {
        camera.yaw += dx * 0.006;
        camera.pitch = clamp(camera.pitch + dy * 0.006, -TAU / 4, TAU / 4);
      } else {
        camera.x += dx;
        camera.y += dy;
      }
      this.wanted();
    }
  }

  window.LodestarMapCanvas = MapCanvas;
})();
