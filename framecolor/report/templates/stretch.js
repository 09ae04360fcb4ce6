// A correction for a stretch of frames: follows the chosen region from drawing to drawing, shows where the color would
// go, and makes one correction for each drawing that stays ticked.
class Stretch {
  #serial = 0;
  #found = new Map();

  // open: opens a drawing, {map, drawing, before, origins}; null if the page lacks its map. drawings: numbers of those to correct.
  constructor(panel, corrector, drawings, open, say) {
    Object.assign(this, { panel, corrector, drawings, open, say });
    this.picture = document.createElement("canvas");
    for (const end of panel.querySelectorAll("select")) end.addEventListener("change", () => this.preview());
    panel.querySelector("[data-do=spread]").addEventListener("click", () => this.apply());
    panel.querySelector("[data-do=fold]").addEventListener("click", () => this.close());
    panel.addEventListener("change", () => this.#count());
  }

  get isOpen() { return !this.panel.hidden; }

  close() {
    this.#serial += 1;
    this.panel.hidden = true;
    this.#found.clear();
  }

  // Opens the panel for the chosen region and its color. At first the stretch goes to the next key; before a key, from
  // the last one.
  async start() {
    const { corrector } = this, at = this.drawings.indexOf(corrector.frame);
    if (!corrector.region) return this.say("Choose a region first.");
    if (at < 0) return this.say("This drawing is a key: paint the key itself.");
    this.home = { at, region: corrector.region, color: corrector.colorOf(corrector.region) };
    const fill = (select, numbers, chosen) => {
      select.replaceChildren(...numbers.map((number) => new Option(number, number, false, number === chosen)));
    };
    const [from, to] = this.panel.querySelectorAll("select");
    const last = Math.min(at + 12, this.#findEnd(at, 1)), first = last > at ? at : Math.max(at - 12, this.#findEnd(at, -1));
    fill(from, this.drawings.slice(0, at + 1), this.drawings[first]);
    fill(to, this.drawings.slice(at), this.drawings[last]);
    this.panel.hidden = false;
    await this.preview();
  }

  // The last drawing before the next key, in a direction.
  #findEnd(at, by) {
    const { drawings } = this, isNext = (one, other) => !drawings.between(...[one, other].sort((a, b) => a - b).map((place) => drawings[place]));
    while (at + by >= 0 && at + by < drawings.length && isNext(at, at + by)) at += by;
    return at;
  }

  async preview() {
    const serial = (this.#serial += 1), { at, region } = this.home, [from, to] = this.panel.querySelectorAll("select");
    const first = at - (from.options.length - 1 - from.selectedIndex), last = at + to.selectedIndex;
    const strip = this.panel.querySelector(".strip-of-frames");
    this.panel.querySelector("output").textContent = "Following\u2026";
    strip.replaceChildren();
    this.#found = new Map();
    const own = await this.open(this.drawings[at]);
    const places = [];
    if (own) {
      places.push({ at, ...own, region });
      const [left, top, right, bottom] = own.map.boxes[region], { width, height } = own.map;
      const side = Math.round(Math.max(3 * (right - left + 1), 3 * (bottom - top + 1), 0.25 * Math.max(width, height)));
      this.size = [Math.min(width, side), Math.min(height, side)];
      this.view = this.#frameView(own.map, region);
    }
    for (const by of [-1, 1]) {
      let here = own && { ...own, at, region };
      for (let next = at + by; here?.region && next >= first && next <= last; next += by) {
        const there = await this.open(this.drawings[next]);
        if (serial !== this.#serial) return; // another stretch was asked for meanwhile
        here = { ...there, at: next, region: there ? this.#follow(here, there, next) : 0 }; // 0: lost, no farther
        places.push(here);
      }
    }
    if (serial !== this.#serial) return;
    places.sort((one, other) => one.at - other.at);
    strip.replaceChildren(...places.map((place) => this.#show(place)));
    strip.querySelector(".home")?.scrollIntoView({ block: "nearest", inline: "center" });
    this.#count();
  }

  // The region of the drawing `there` that continues one of a drawing beside it; 0 if none. The run linked the regions.
  #follow(here, there, next) {
    if (there.before === this.drawings[here.at]) return there.origins.indexOf(here.region) + 1;
    return (here.before === this.drawings[next] && here.origins[here.region - 1]) || 0;
  }

  // The square of a drawing around a region, in pixels of the map: {x, y, width, height}, all of the same size.
  #frameView(map, region) {
    const [left, top, right, bottom] = map.boxes[region], [width, height] = this.size;
    const clamp = (value, most) => Math.min(most, Math.max(0, Math.round(value)));
    const x = clamp((left + right + 1 - width) / 2, map.width - width);
    return { x, y: clamp((top + bottom + 1 - height) / 2, map.height - height), width, height };
  }

  // One frame of the preview: painted as it would be, with the region outlined. A frame that lost the region shows the
  // place of the frame before.
  #show({ at, map, drawing, region }) {
    const number = this.drawings[at], cell = document.createElement("label"), tick = document.createElement("input");
    const canvas = document.createElement("canvas"), name = document.createElement("span");
    tick.type = "checkbox";
    tick.checked = region > 0;
    tick.disabled = !region || at === this.home.at;
    name.textContent = region ? number : `${number}: not found`;
    cell.className = at === this.home.at ? "home" : region ? "" : "lost";
    cell.dataset.frame = number;
    if (map) {
      if (region) this.view = this.#frameView(map, region);
      const { x, y, width, height } = this.view;
      const scale = 256 / Math.max(width, height), context = canvas.getContext("2d");
      [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
      context.scale(scale, scale);
      context.translate(-x, -y);
      [this.picture.width, this.picture.height] = [map.width, map.height];
      const changed = this.corrector.changesOf(map, number);
      if (region) changed.set(region, toPixel(this.home.color));
      map.paint(this.picture, changed);
      context.drawImage(this.picture, 0, 0);
      map.drawLines(this.picture);
      context.drawImage(this.picture, 0, 0);
      if (region) {
        for (const [color, width] of [["#fff", 5], ["#e3006d", 2.5]]) {
          [context.strokeStyle, context.lineWidth] = [color, width / scale];
          context.stroke(new Path2D(map.outline(region)));
        }
      }
    }
    if (region) this.#found.set(number, { tick, entry: { frame: number, ...map?.inmost(region), color: this.home.color, ...(drawing && { drawing }) }, map, region });
    cell.append(canvas, tick, name);
    return cell;
  }

  #ticked() { return [...this.#found.values()].filter(({ tick }) => tick.checked); }

  #count() {
    const count = this.#ticked().length, lost = this.panel.querySelectorAll(".lost").length;
    const isAlone = this.#found.size === 1;
    this.panel.querySelector("output").textContent = isAlone
      ? "1 drawing; the region is in no drawing beside it"
      : `${count} drawing${count === 1 ? "" : "s"}${lost ? "; the region is lost where the strip ends" : ""}`;
  }

  // Makes the corrections, in one step of undo.
  apply() {
    const made = this.#ticked();
    if (!made.length) return;
    this.corrector.spread(made);
    this.say(`Corrected in ${made.length} drawing${made.length === 1 ? "" : "s"}.`);
    this.close();
  }
}
