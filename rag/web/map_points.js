// The points of the map, up to tens of thousands of them in each frame.
(() => {
  const TAU = 2 * Math.PI;
  const LEVELS = 6; // of depth in three dimensions: farther points are smaller and fainter

  // A colour of the stylesheet as a pixel.
  function packed(colour) {
    const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    return new Uint32Array(pen.getImageData(0, 0, 1, 1).data.buffer)[0];
  }

  class MapPoints {
    static LEVELS = LEVELS;

    constructor(view) {
      this.view = view;
      this.made = new Map();
    }

    // The colours or the canvas are others now.
    forget() {
      this.made.clear();
      this.ground = packed(this.view.colour("--body-background-fill"));
    }

    // Pixel by pixel into one picture: that takes a few milliseconds for ten thousand points, with or without a GPU, where
    // ten thousand shapes or small pictures take a hundred.
    draw(alpha) {
      const { pen, dots, sx, sy, kinds, level, deep, hidden: off } = this.view;
      const { width, height } = this.view.canvas;
      if (this.picture?.width !== width || this.picture.height !== height) this.picture = pen.createImageData(width, height);
      const pixels = new Uint32Array(this.picture.data.buffer);
      pixels.fill(this.ground);
      const stamps = this.stamps();
      const hidden = Array.from({ length: stamps.length / LEVELS }, (_, kind) => off.has(kind));
      for (let depth = deep ? 0 : LEVELS - 1; depth < LEVELS; depth++) {
        for (let n = 0; n < this.view.count; n++) {
          if (level[n] !== depth || hidden[kinds[n]]) continue;
          const { side, at, cover, even, odd } = stamps[kinds[n] * LEVELS + depth];
          const left = Math.round(sx[n] * dots - side / 2), top = Math.round(sy[n] * dots - side / 2);
          if (left < 0 || top < 0 || left + side > width || top + side > height) continue;
          const from = top * width + left;
          for (let k = 0; k < at.length; k++) {
            const share = (cover[k] * alpha) | 0, rest = 256 - share, under = pixels[from + at[k]];
            pixels[from + at[k]] = 0xff000000
              | (((even * share + (under & 0xff00ff) * rest) >>> 8) & 0xff00ff)
              | (((odd * share + (under & 0x00ff00) * rest) >>> 8) & 0x00ff00);
          }
        }
      }
      pen.putImageData(this.picture, 0, 0);
    }

    // For each kind and depth, which pixels a point covers and how much of each, of 256.
    stamps() {
      const radius = Math.round(this.view.radius * 4) / 4;
      const key = `${radius} ${this.view.deep}`;
      if (!this.made.has(key)) {
        if (this.made.size > 60) this.made.clear();
        const kinds = 1 + this.view.kinds.reduce((most, kind) => Math.max(most, kind), 0);
        this.made.set(key, Array.from({ length: kinds * LEVELS }, (_, n) => this.stamp(Math.floor(n / LEVELS), n % LEVELS, radius)));
      }
      return this.made.get(key);
    }

    stamp(kind, depth, radius) {
      const { deep, dots, canvas, colour } = this.view;
      const share = deep ? depth / (LEVELS - 1) : 1;
      const size = radius * dots * (deep ? 0.55 + 0.6 * share : 1);
      const opaque = deep ? 0.35 + 0.6 * share : 0.88;
      const side = Math.ceil(2 * size + 3);
      const pen = new OffscreenCanvas(side, side).getContext("2d", { willReadFrequently: true });
      pen.translate(side / 2, side / 2);
      this.shape(pen, kind, size);
      const { data } = pen.getImageData(0, 0, side, side);
      const at = [], cover = [];
      for (let n = 0; n < side * side; n++) {
        if (data[4 * n + 3] < 8) continue;
        at.push(Math.floor(n / side) * canvas.width + n % side);
        cover.push(Math.round(data[4 * n + 3] / 255 * 256 * opaque));
      }
      const pixel = packed(colour(`--kind-${kind % 9}`));
      return { side, at: Int32Array.from(at), cover: Uint16Array.from(cover), even: pixel & 0xff00ff, odd: pixel & 0x00ff00 };
    }

    shape(pen, kind, radius) {
      const shape = (kind + Math.floor(kind / 9)) % 3;
      pen.beginPath();
      if (shape === 0) pen.arc(0, 0, radius, 0, TAU);
      else {
        if (shape === 1) pen.rotate(TAU / 8);
        pen.rect(-radius * 0.88, -radius * 0.88, radius * 1.76, radius * 1.76);
      }
      pen.fill();
    }

    // One point again, above the lines.
    again(n) {
      const { pen, sx, sy, kinds, hidden, radius, colour } = this.view;
      if (hidden.has(kinds[n])) return;
      pen.save();
      pen.translate(sx[n], sy[n]);
      pen.fillStyle = colour(`--kind-${kinds[n] % 9}`);
      this.shape(pen, kinds[n], radius);
      pen.restore();
    }
  }

  window.LodestarMapPoints = MapPoints;
})();
