// The painter's corrections: a list of {frame, x, y, color, drawing, name} with undo. Lists and entries never change, so that
// an undo step is another list, and lists share their entries.
// Orders entries by their frame: a number, or a text such as "2a" for an inbetween after 2.
const byNumber = (a, b) => parseInt(a.frame) - parseInt(b.frame) || String(a.frame).localeCompare(String(b.frame));

class Corrections extends EventTarget {
  #lists = [];
  #at = 0;
  #saved;
  #place;

  // known: the run's corrections. hash: that of the manifest, so that another run starts without stored corrections.
  constructor(shot, hash, known) {
    super();
    this.shot = shot;
    this.known = known.map(Object.freeze);
    this.#lists = [this.known];
    this.#saved = this.known;
    this.#place = `framecolor:${shot}:${hash}`;
    this.#restore();
  }

  get list() { return this.#lists[this.#at]; }
  get canUndo() { return this.#at > 0; }
  get canRedo() { return this.#at < this.#lists.length - 1; }
  get isSaved() { return this.list === this.#saved; }

  of(frames) { return this.list.filter((entry) => frames.includes(entry.frame)); }

  isKnown(entry) {
    return this.known.some((old) => ["frame", "x", "y", "color"].every((name) => old[name] === entry[name]));
  }

  // Adds an entry in place of those that it replaces.
  put(entry, replaced = []) {
    this.change([...this.list.filter((old) => !replaced.includes(old)), Object.freeze(entry)]);
  }

  remove(entries) { this.change(this.list.filter((old) => !entries.includes(old))); }

  change(list) {
    this.#lists = [...this.#lists.slice(0, this.#at + 1), list];
    this.#at += 1;
    this.#tell();
  }

  // Both return an entry that was removed or added, so that the page can show its place.
  undo() { return this.canUndo ? this.#step(-1) : null; }
  redo() { return this.canRedo ? this.#step(1) : null; }

  #step(by) {
    const before = this.list;
    this.#at += by;
    this.#tell();
    const differs = (one, other) => one.find((entry) => !other.includes(entry));
    return differs(this.list, before) || differs(before, this.list) || null;
  }

  // next: numbers of the drawings to paint next, which the file holds as well. swatches: color -> its name in the palette.
  save(next = [], swatches = new Map()) {
    const named = (entry) => (swatches.has(entry.color) ? { ...entry, name: swatches.get(entry.color) } : entry);
    const lines = [...this.list].sort(byNumber).map((entry) => "  " + JSON.stringify(named(entry)));
    const marks = next.length ? `, "next": ${JSON.stringify(next)}` : "";
    const text = `{"format": 1, "shot": ${JSON.stringify(this.shot)}, "corrections": [\n${lines.join(",\n")}\n]${marks}}\n`;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = "corrections.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    this.#saved = this.list;
    this.#tell();
  }

  // Loads the entries of a file. Returns {shot, next}: the name of its shot, and the drawings to paint next, if it has
  // any. Throws an Error with a message for the user.
  load(text) {
    const { shot, list, next } = Corrections.parse(text);
    this.change(list);
    this.#saved = this.list;
    this.#tell();
    return { shot, next };
  }

  static parse(text) {
    let table;
    try { table = JSON.parse(text); } catch { throw new Error("This file is not JSON."); }
    if (!table || !Array.isArray(table.corrections)) throw new Error("This is not a file of corrections.");
    if (table.format !== 1) throw new Error(`The file has format ${table.format}, this page reads 1.`);
    const isCount = (value) => Number.isInteger(value) && value >= 0 && value < 2 ** 31;
    const found = new Map();
    table.corrections.forEach((entry, place) => {
      const { frame, x, y, color, drawing, name } = entry || {};
      const isColor = color === "paper" || (typeof color === "string" && /^#[0-9a-f]{6}$/i.test(color));
      const isFrame = isCount(frame) || (typeof frame === "string" && /^\d{1,9}[a-z]$/.test(frame));
      if (!isFrame || ![x, y].every(isCount) || !isColor) throw new Error(`Correction ${place + 1} of the file cannot be used.`);
      const kept = { frame, x, y, color: color.toLowerCase() };
      if (typeof drawing === "string" && drawing) kept.drawing = drawing;
      if (typeof name === "string" && name) kept.name = name;
      found.delete([frame, x, y].join());
      found.set([frame, x, y].join(), Object.freeze(kept));
    });
    return { shot: String(table.shot || ""), list: [...found.values()], next: table.next };
  }

  #tell() {
    this.#keep();
    this.dispatchEvent(new Event("change"));
  }

  // A page that was opened from a disk may have no storage: then corrections are only kept in the saved file.
  #keep() {
    try {
      const kept = { format: 1, corrections: this.list, saved: this.isSaved };
      if (this.list === this.known) localStorage.removeItem(this.#place);
      else localStorage.setItem(this.#place, JSON.stringify(kept));
    } catch { /* not stored */ }
  }

  #restore() {
    try {
      const text = localStorage.getItem(this.#place);
      if (!text) return;
      this.#lists.push(Corrections.parse(text).list);
      this.#at = 1;
      if (JSON.parse(text).saved) this.#saved = this.list;
    } catch { /* the stored list is damaged */ }
  }
}
