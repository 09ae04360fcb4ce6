// The corrections of the live page, with the interface of Corrections: the server keeps them in the shot's file. What the
// painter does shows at once and is then sent, one edit after the other.
class LiveCorrections extends EventTarget {
  #list;
  #state = {};
  #sending = Promise.resolve();
  #waiting = 0;

  constructor(shot, hash, known) {
    super();
    this.shot = shot;
    this.#list = known.map(Object.freeze);
  }

  get list() { return this.#list; }
  get canUndo() { return Boolean(this.#state.undo); }
  get canRedo() { return Boolean(this.#state.redo); }
  get isSaved() { return true; }
  get isSending() { return this.#waiting > 0; }

  of(frames) { return this.list.filter((entry) => frames.includes(entry.frame)); }
  isKnown() { return false; }
  put(entry, replaced = []) { this.change([...this.list.filter((old) => !replaced.includes(old)), Object.freeze(entry)]); }
  remove(entries) { this.change(this.list.filter((old) => !entries.includes(old))); }
  save() {} // every edit is saved already

  change(list) {
    const put = list.filter((entry) => !this.#list.includes(entry)), drop = this.#list.filter((entry) => !list.includes(entry));
    if (!put.length && !drop.length) return;
    const named = (entry) => (swatches.has(entry.color) ? { ...entry, name: swatches.get(entry.color) } : entry);
    this.#list = list;
    this.#tell();
    this.send("corrections", { put: put.map(named), drop });
  }

  // Both return an entry that was removed or added, so that the page can show its place.
  undo() { return this.#step("undo"); }
  redo() { return this.#step("redo"); }

  async #step(name) {
    const before = this.#list;
    if (!(await this.send(name))) return null;
    const differs = (one, other) => one.find((entry) => !other.includes(entry));
    return differs(this.#list, before) || differs(before, this.#list) || null;
  }

  load(text) {
    const { shot, list, next } = Corrections.parse(text);
    this.change(list);
    return { shot, next };
  }

  // Sends an edit after those before it: a table as JSON, or a file. Returns the state, null if it was refused.
  send(path, body = {}) {
    this.#waiting += 1;
    const sent = this.#sending.then(() => this.#post(path, body)).finally(() => { this.#waiting -= 1; });
    this.#sending = sent.catch(() => {});
    return sent.then((state) => { this.take(state); return state; }, (error) => {
      this.dispatchEvent(new CustomEvent("refused", { detail: error.message }));
      this.take(this.#state); // what was shown is taken back
      return null;
    });
  }

  async #post(path, body) {
    const isFile = body instanceof Blob;
    const headers = { "X-Framecolor": "1", "Content-Type": isFile ? body.type || "application/octet-stream" : "application/json" };
    let answer;
    try {
      answer = await fetch(path, { method: "POST", headers, body: isFile ? body : JSON.stringify(body) });
    } catch {
      throw new Error("This was not saved: framecolor review does not answer. Start it again.");
    }
    const table = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(table.error || `This was not saved: the answer was ${answer.status}.`);
    return table;
  }

  // Takes over the server's state, unless edits are on their way whose answers will bring a newer one.
  take(state) {
    if (this.#waiting || !state.corrections) return;
    const same = new Map(this.#list.map((entry) => [LiveCorrections.#name(entry), entry]));
    const list = state.corrections.map((entry) => same.get(LiveCorrections.#name(entry)) || Object.freeze(entry));
    const isOther = list.length !== this.#list.length || list.some((entry, place) => entry !== this.#list[place]);
    const isNew = state.undo !== this.#state.undo || state.redo !== this.#state.redo;
    this.#state = state;
    if (isOther) this.#list = list;
    if (isOther || isNew) this.#tell();
  }

  static #name({ frame, x, y, color }) { return [frame, x, y, color].join(); }

  #tell() { this.dispatchEvent(new Event("change")); }
}
