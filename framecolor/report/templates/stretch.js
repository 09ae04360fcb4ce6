// A correction for a stretch of frames: follows the chosen region from drawing to drawing, shows where the color would
// go, and makes one correction for each drawing that stays ticked.
class Stretch {
  #serial = 0;
  #found = new Map();

  // open: opens the map of a drawing, {map, drawing}; null if it has none. drawings: numbers of those to correct.
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

  // Opens the panel for the chosen region and its color: to the next key on both sides, at first from here on.
  async start() {
    const { corrector } = this, at = this.drawings.indexOf(corrector.frame);
    if (!corrector.region) return this.say("Choose a region first.");
    if (at < 0) return this.say("This drawing is a key: paint the key itself.");
    this.home = { at, region: corrector.region, color: corrector.colorOf(corrector.region) };
    const fill = (select, numbers, chosen) => {
      select.replaceChildren(...numbers.map((number) => new Option(number, number, false, number === chosen)));
    };
    const [from, to] = this.panel.querySelectorAll("select");
    const ahead = this.drawings.slice(at, this.#findEnd(at) + 1);
    fill(from, this.drawings.slice(0, at + 1), corrector.frame);
    fill(to, this.drawings.slice(at), ahead[Math.min(12, ahead.length - 1)]);
    this.panel.hidden = false;
    await this.preview();
  }

  // The last drawing before the next key.
  #findEnd(at) {
    while (at + 1 < this.drawings.length && !this.drawings.between(this.drawings[at], this.drawings[at + 1])) at += 1;
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
    if (own) places.push({ at, ...own, region });
    for (const by of [-1, 1]) {
      let before = { ...own, region }, motion = [0, 0];
      for (let next = at + by; own && before && next >= first && next <= last; next += by) {
        const there = await this.open(this.drawings[next]);
        if (serial !== this.#serial) return; // another stretch was asked for meanwhile
        const found = there && followRegion(before.map, before.region, there.map, motion);
        places.push({ at: next, ...there, region: found ? found.region : 0 });
        before = found ? { ...there, region: found.region } : null; // lost: no farther in this direction
        motion = found ? found.motion : motion;
      }
    }
    if (serial !== this.#serial) return;
    places.sort((one, other) => one.at - other.at);
    strip.replaceChildren(...places.map((place) => this.#show(place)));
    strip.querySelector(".home")?.scrollIntoView({ block: "nearest", inline: "center" });
    this.#count();
  }

  // One frame of the preview: painted as it would be, with the region outlined.
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
      const scale = Math.min(1, 220 / map.width), context = canvas.getContext("2d");
      [canvas.width, canvas.height] = [Math.round(map.width * scale), Math.round(map.height * scale)];
      [this.picture.width, this.picture.height] = [map.width, map.height];
      const changed = this.corrector.changesOf(map, number);
      if (region) changed.set(region, toPixel(this.home.color));
      map.paint(this.picture, changed);
      context.drawImage(this.picture, 0, 0, canvas.width, canvas.height);
      map.drawLines(this.picture);
      context.drawImage(this.picture, 0, 0, canvas.width, canvas.height);
      if (region) {
        context.scale(scale, scale);
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
    this.panel.querySelector("output").textContent =
      `${count} drawing${count === 1 ? "" : "s"}${lost ? "; the region is lost where the strip ends" : ""}`;
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
