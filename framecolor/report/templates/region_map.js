// The regions of one drawing: find the region of a pixel, find a region's border, and paint the drawing flat.
// framecolor/report/region_map.py writes the bytes.
class RegionMap {
  static get isSupported() { return typeof DecompressionStream === "function"; }

  static async open({ regions, ink }) {
    const map = new RegionMap(await RegionMap.#inflate(regions));
    if (ink.startsWith("data:")) {
      map.ink = new Image();
      map.ink.src = ink;
      await map.ink.decode();
    } else {
      map.ink = new Uint8Array(await RegionMap.#inflate(ink));
    }
    return map;
  }

  static #inflate(base64) {
    const packed = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(plain).arrayBuffer();
  }

  constructor(buffer) {
    [this.width, this.height, this.fullWidth, this.fullHeight, this.count] = new Uint32Array(buffer, 0, 5);
    const places = new Uint32Array(buffer, 20, 2 * this.count);
    this.x = places.subarray(0, this.count);
    this.y = places.subarray(this.count);
    this.painted = new Uint32Array(buffer, 20 + 8 * this.count, this.count);
    this.labels = this.#unpack(new Uint8Array(buffer, 20 + 12 * this.count));
    this.filled = this.#fillLines();
    this.boxes = this.#findBoxes();
    this.outlines = new Map();
  }

  #unpack(bytes) {
    const labels = new Uint16Array(this.width * this.height), runs = bytes.length / 5;
    for (let run = 0, at = 0; run < runs; run++) {
      const length = bytes[run] | (bytes[run + runs] << 8) | (bytes[run + 2 * runs] << 16);
      labels.fill(bytes[run + 3 * runs] | (bytes[run + 4 * runs] << 8), at, at + length);
      at += length;
    }
    return labels;
  }

  // Paint continues under the lines: each of their pixels belongs to the region that reaches it in the fewest steps.
  #fillLines() {
    const { width, height } = this, filled = this.labels.slice(), queue = new Int32Array(filled.length);
    let end = 0;
    const spread = (from, to) => {
      if (filled[to] === 0) { filled[to] = filled[from]; queue[end++] = to; }
    };
    const visit = (pixel) => {
      const x = pixel % width;
      if (x > 0) spread(pixel, pixel - 1);
      if (x < width - 1) spread(pixel, pixel + 1);
      if (pixel >= width) spread(pixel, pixel - width);
      if (pixel < width * (height - 1)) spread(pixel, pixel + width);
    };
    for (let pixel = 0; pixel < filled.length; pixel++) if (this.labels[pixel]) visit(pixel);
    for (let next = 0; next < end; next++) visit(queue[next]);
    return filled;
  }

  #findBoxes() {
    const boxes = Array.from({ length: this.count + 1 }, () => [this.width, this.height, -1, -1]);
    for (let y = 0, at = 0; y < this.height; y++) {
      for (let x = 0; x < this.width; x++, at++) {
        const box = boxes[this.filled[at]];
        if (x < box[0]) box[0] = x;
        if (y < box[1]) box[1] = y;
        if (x > box[2]) box[2] = x;
        if (y > box[3]) box[3] = y;
      }
    }
    return boxes;
  }

  // The region at a place given in shares of the picture's sides; 0 outside of it.
  at(left, top) {
    const x = Math.floor(left * this.width), y = Math.floor(top * this.height);
    return x >= 0 && y >= 0 && x < this.width && y < this.height ? this.filled[y * this.width + x] : 0;
  }

  // The region at a pixel of the drawing.
  find(x, y) {
    for (let region = 0; region < this.count; region++) if (this.x[region] === x && this.y[region] === y) return region + 1;
    return this.at((x + 0.5) / this.fullWidth, (y + 0.5) / this.fullHeight);
  }

  // The pixel of the drawing that names a region: that of the place, if it is well inside, else the innermost one.
  nameAt(left, top, region) {
    const { width, height, labels } = this, x = Math.floor(left * width), y = Math.floor(top * height);
    const inside = [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]].every(([dx, dy]) => {
      const isThere = x + dx >= 0 && y + dy >= 0 && x + dx < width && y + dy < height;
      return isThere && labels[(y + dy) * width + x + dx] === region;
    });
    if (!inside) return this.inmost(region);
    const pixel = (at, small, full) => Math.floor(((2 * at + 1) * full) / (2 * small));
    return { x: pixel(x, width, this.fullWidth), y: pixel(y, height, this.fullHeight) };
  }

  inmost(region) { return { x: this.x[region - 1], y: this.y[region - 1] }; }

  // Fills a canvas of the map's size with exact colors; `changed` maps regions to their corrected colors.
  paint(canvas, changed) {
    const context = canvas.getContext("2d"), picture = context.createImageData(this.width, this.height);
    const pixels = new Uint32Array(picture.data.buffer), colors = new Uint32Array(this.count + 1);
    colors.set(this.painted, 1);
    for (const [region, color] of changed) colors[region] = color;
    for (let at = 0; at < pixels.length; at++) pixels[at] = colors[this.filled[at]];
    context.putImageData(picture, 0, 0);
  }

  // Fills a canvas of the map's size with the lines: colored ones are a picture, black ones an alpha channel.
  drawLines(canvas) {
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, this.width, this.height);
    if (this.ink instanceof Image) return context.drawImage(this.ink, 0, 0);
    const picture = context.createImageData(this.width, this.height);
    for (let at = 0; at < this.ink.length; at++) picture.data[4 * at + 3] = this.ink[at];
    context.putImageData(picture, 0, 0);
  }

  // A region's border as SVG path data, in pixels of the map.
  outline(region) {
    if (!this.outlines.has(region)) this.outlines.set(region, this.#trace(region));
    return this.outlines.get(region);
  }

  #trace(region) {
    const [left, top, right, bottom] = this.boxes[region], steps = [];
    const isIn = (x, y) => x >= left && x <= right && y >= top && y <= bottom && this.filled[y * this.width + x] === region;
    const walk = (first, last, from, to, differs, draw) => {
      for (let line = first; line <= last + 1; line++) {
        for (let at = from, begin = -1; at <= to + 1; at++) {
          const edge = at <= to && differs(line, at);
          if (edge && begin < 0) begin = at;
          if (!edge && begin >= 0) { steps.push(draw(line, begin, at)); begin = -1; }
        }
      }
    };
    walk(top, bottom, left, right, (y, x) => isIn(x, y) !== isIn(x, y - 1), (y, x0, x1) => `M${x0} ${y}H${x1}`);
    walk(left, right, top, bottom, (x, y) => isIn(x, y) !== isIn(x - 1, y), (x, y0, y1) => `M${x} ${y0}V${y1}`);
    return steps.join("");
  }
}

// Colors as they are in files ("#rrggbb" or "paper") and as they are in a canvas's memory (RGBA, little endian).
const toPixel = (color) => {
  if (color === "paper") return 0;
  const value = parseInt(color.slice(1), 16);
  return ((255 << 24) | ((value & 255) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
};
const fromPixel = (pixel) => {
  if (pixel >>> 24 === 0) return "paper";
  const value = ((pixel & 255) << 16) | (pixel & 0xff00) | ((pixel >> 16) & 255);
  return "#" + value.toString(16).padStart(6, "0");
};
