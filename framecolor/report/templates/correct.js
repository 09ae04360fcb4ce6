// Correct one drawing: the region under the pointer, the chosen region, and its color.
class Corrector {
  #map = null;
  #frames = [];
  #serial = 0;
  #opened = new Map();

  // desk: the viewer's element. palette: colors in the order of their keys. say: shows a line of text. framesOf: lists
  // the frames that show a drawing.
  constructor(desk, corrections, palette, say, framesOf) {
    Object.assign(this, { desk, corrections, palette, say, framesOf, region: 0, brush: null, tool: "select" });
    this.stage = desk.querySelector(".stage");
    this.layers = desk.querySelector(".layers");
    this.canvas = desk.querySelector(".paint");
    this.zoom = new Zoom(this.stage, this.layers);
    this.#listen();
    corrections.addEventListener("change", () => this.refresh());
  }

  get isOpen() { return this.#map !== null; }
  get frame() { return this.#frames[0]; }

  close() {
    this.#serial += 1;
    this.#map = null;
    this.choose(0);
  }

  // Shows a drawing by its map (null: none). Returns whether it succeeded. frames: its own number, then its holds.
  async open(island, frames) {
    this.close();
    const serial = this.#serial;
    if (!island || !RegionMap.isSupported) return false;
    const { map, unsure, drawing } = await this.read(island);
    if (serial !== this.#serial) return false; // another one was opened meanwhile
    this.#frames = frames;
    this.#take(map, unsure, drawing);
    this.zoom.to(1);
    this.refresh();
    return true;
  }

  // Shows the opened drawing as its map is now; the chosen region stays, unless the drawing itself is another one.
  async reopen(island) {
    const serial = this.#serial, { map, unsure, drawing } = await this.read(island);
    if (serial !== this.#serial || !this.isOpen) return false;
    const isSame = drawing === this.drawing, { region, place } = this;
    this.#take(map, unsure, drawing);
    this.refresh();
    this.choose(isSame ? region : 0, isSame ? place : null);
    return true;
  }

  #take(map, unsure, drawing) {
    this.#map = map;
    this.unsure = unsure;
    this.drawing = drawing;
    const lines = this.desk.querySelector(".ink");
    for (const canvas of [this.canvas, lines]) [canvas.width, canvas.height] = [map.width, map.height];
    map.drawLines(lines);
    this.desk.querySelector(".found").setAttribute("viewBox", `0 0 ${map.width} ${map.height}`);
  }

  // Reads what the page holds of a drawing, {map, unsure, drawing, before, origins}.
  async read(island) {
    const id = island.dataset.from || island.id; // of the live page: where it is fetched
    if (!this.#opened.has(id)) {
      const data = island.dataset.from ? await (await fetch(id)).json() : JSON.parse(island.textContent);
      const { unsure, drawing, before, origins } = data;
      this.#opened.set(id, { unsure, drawing, before, origins, map: await RegionMap.open(data) });
    }
    const found = this.#opened.get(id);
    this.#opened.delete(id); // moves it to the end: the least recently opened one is dropped
    this.#opened.set(id, found);
    if (this.#opened.size > 8) this.#opened.delete(this.#opened.keys().next().value);
    return found;
  }

  // This drawing's corrections with their regions; the last one of a region wins.
  #made() { return this.#madeOn(this.#map, this.#frames); }

  #madeOn(map, frames) {
    return this.corrections.of(frames).map((entry) => ({ entry, region: map.find(entry.x, entry.y) }));
  }

  // The corrected regions of another drawing with their colors.
  changesOf(map, number) {
    const made = this.#madeOn(map, this.framesOf(number));
    return new Map(made.filter(({ region }) => region).map(({ entry, region }) => [region, toPixel(entry.color)]));
  }

  // Gives regions of several drawings their colors at once. places: of {entry, map, region}.
  spread(places) {
    const replaced = places.flatMap(({ entry, map, region }) =>
      this.#madeOn(map, this.framesOf(entry.frame)).filter((made) => made.region === region).map((made) => made.entry));
    const kept = this.corrections.list.filter((entry) => !replaced.includes(entry));
    this.corrections.change([...kept, ...places.map(({ entry }) => Object.freeze(entry))]);
  }

  refresh() {
    if (!this.isOpen) return;
    const made = this.#made(), changed = new Map(made.map(({ entry, region }) => [region, toPixel(entry.color)]));
    changed.delete(0);
    this.changed = changed;
    this.#map.paint(this.canvas, changed);
    this.desk.querySelector(".spots").replaceChildren(...[...changed.keys()].map((region) => {
      const spot = document.createElement("i"), { x, y } = this.#map.inmost(region);
      spot.style.left = (100 * (x + 0.5)) / this.#map.fullWidth + "%";
      spot.style.top = (100 * (y + 0.5)) / this.#map.fullHeight + "%";
      return spot;
    }));
    this.#describe();
    this.desk.dispatchEvent(new Event("recolored"));
  }

  colorOf(region) {
    return fromPixel(this.changed.has(region) ? this.changed.get(region) : this.#map.painted[region - 1]);
  }

  isChanged(region) { return this.changed.has(region); }

  // place: the click, in shares of the picture; without one the region is named by its innermost pixel.
  choose(region, place = null) {
    this.region = region;
    this.place = place;
    this.#draw("chosen", region);
    this.#draw("hover", 0);
    this.#describe();
    this.desk.dispatchEvent(new Event("chosen"));
  }

  reveal(region) {
    const { x, y } = this.#map.inmost(region);
    this.zoom.reveal(x / this.#map.fullWidth, y / this.#map.fullHeight);
  }

  chooseEntry(entry) {
    const region = this.isOpen ? this.#map.find(entry.x, entry.y) : 0;
    this.choose(region);
    if (region) this.reveal(region);
  }

  // Chooses the next doubtful region of this frame, or the one before. Returns false if there is none.
  chooseDoubt(by) {
    const doubts = this.unsure.filter((region) => region > 0), at = doubts.indexOf(this.region);
    const next = doubts[at < 0 && by < 0 ? doubts.length - 1 : at + by];
    if (!next) return false;
    this.choose(next);
    this.reveal(next);
    return true;
  }

  // The nearest region in a direction, (1, 0) being to the right.
  chooseBeside(dx, dy) {
    const map = this.#map, here = this.region ? map.inmost(this.region) : { x: map.fullWidth / 2, y: map.fullHeight / 2 };
    let best = 0, least = Infinity;
    for (let region = 1; region <= map.count; region++) {
      const { x, y } = map.inmost(region), ahead = (x - here.x) * dx + (y - here.y) * dy;
      const aside = Math.abs((x - here.x) * dy) + Math.abs((y - here.y) * dx);
      const cost = ahead + 2 * aside;
      if ((ahead > 0 || !this.region) && region !== this.region && cost < least) [best, least] = [region, cost];
    }
    if (!best) return;
    this.choose(best);
    this.reveal(best);
  }

  // A color was picked by swatch, key or eyedropper: give it to the chosen region.
  use(color) {
    this.brush = color;
    for (const swatch of this.desk.querySelectorAll(".colors [data-color]")) {
      swatch.setAttribute("aria-pressed", String(swatch.dataset.color === color));
    }
    if (this.region && !["fill", "stroke"].includes(this.tool)) this.paint(this.region, color);
    else this.#describe();
  }

  paint(region, color) {
    if (!region) return this.say("Choose a region first.");
    const place = this.place ? this.#map.nameAt(...this.place, region) : this.#map.inmost(region);
    const before = this.#made().filter((made) => made.region === region).map((made) => made.entry);
    if (before.length === 1 && before[0].color === color) return;
    this.corrections.put(this.#makeEntry(place, color), before);
  }

  // Confirms what was painted in all doubtful regions that are not corrected yet, in one step of undo.
  confirmDoubts() {
    const open = this.unsure.filter((region) => region > 0 && !this.isChanged(region));
    const made = open.map((region) => this.#makeEntry(this.#map.inmost(region), fromPixel(this.#map.painted[region - 1])));
    if (made.length) this.corrections.change([...this.corrections.list, ...made.map(Object.freeze)]);
    this.say(made.length ? `Confirmed ${made.length} region${made.length === 1 ? "" : "s"}.` : "Nothing is left to confirm here.");
  }

  #makeEntry({ x, y }, color) {
    const entry = { frame: this.frame, x, y, color };
    return this.drawing ? { ...entry, drawing: this.drawing } : entry;
  }

  // Restores the color that the run painted.
  restore() {
    const made = this.#made().filter(({ region }) => region === this.region);
    if (this.region && made.length) this.corrections.remove(made.map(({ entry }) => entry));
  }

  setTool(tool) {
    this.tool = tool;
    for (const button of this.desk.parentNode.querySelectorAll("[data-tool]")) {
      button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
    }
    this.stage.dataset.tool = tool;
    if (tool === "fill" || tool === "stroke") this.choose(0);
  }

  // The sizes of the map and of the drawing: {width, height, fullWidth, fullHeight}.
  get size() { return this.#map; }

  // Where a pointer is, in shares of the picture's sides.
  placeOf(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  #listen() {
    this.stage.addEventListener("mousedown", (event) => event.preventDefault()); // keys stay with the frames
    this.stage.addEventListener("pointermove", (event) => {
      if (this.isOpen && event.pointerType === "mouse") this.#draw("hover", this.#map.at(...this.placeOf(event)));
    });
    this.stage.addEventListener("pointerleave", () => this.#draw("hover", 0));
    this.stage.addEventListener("click", (event) => {
      if (this.isOpen && !this.zoom.dragged) this.#click(event);
    });
  }

  #click(event) {
    const place = this.placeOf(event), region = this.#map.at(...place);
    if (!region || this.tool === "stroke") return;
    if (event.altKey || this.tool === "pick") {
      if (this.tool === "pick") this.setTool("select");
      this.use(this.colorOf(region));
    } else if (event.shiftKey || this.tool === "fill") {
      if (!this.brush) return this.say("Choose a color first.");
      this.choose(region, place);
      this.paint(region, this.brush);
    } else {
      this.choose(region, place);
    }
  }

  #draw(kind, region) {
    const path = this.#map && region && !(kind === "hover" && region === this.region) ? this.#map.outline(region) : "";
    for (const line of this.desk.querySelectorAll(`.found .${kind}`)) line.setAttribute("d", path);
  }

  #describe() {
    const swatch = (color) => {
      const sample = document.createElement("span"), name = document.createElement("code");
      sample.className = "swatch" + (color === "paper" ? " paper" : "");
      if (color !== "paper") sample.style.background = color;
      name.textContent = this.palette.get(color) || (color === "paper" ? color : color.toUpperCase());
      return [sample, name];
    };
    const line = this.desk.querySelector(".chosen-line"), restore = this.desk.querySelector("[data-do=restore]");
    restore.disabled = !this.isOpen || !this.region || !this.isChanged(this.region);
    this.desk.querySelector("[data-do=hold]").disabled = !this.isOpen || !this.region;
    if (!this.isOpen || !this.region) {
      const does = { fill: "Each click paints", stroke: "Each stroke colors its region in all frames" }[this.tool];
      line.replaceChildren(...(does && this.brush ? [`${does} `, ...swatch(this.brush)] : ["Click a region, then a color."]));
      return;
    }
    const painted = fromPixel(this.#map.painted[this.region - 1]);
    const changed = this.isChanged(this.region);
    const isSame = this.colorOf(this.region) === painted;
    line.replaceChildren(!changed ? "Painted" : isSame ? "Confirmed" : "Was", ...swatch(painted));
    if (changed && !isSame) line.append("now", ...swatch(this.colorOf(this.region)));
  }
}
