// The drawings that the painter wants to paint as keys next. They outlive a repaint of the shot, until they are keys.
class NextKeys extends EventTarget {
  #place;
  #numbers = [];

  // known: the drawings that can become keys, in their order.
  constructor(shot, known) {
    super();
    this.known = known;
    this.#place = `framecolor-next:${shot}`;
    try { this.#take(JSON.parse(localStorage.getItem(this.#place))); } catch { /* nothing is stored */ }
  }

  get list() { return this.#numbers; }
  has(number) { return this.#numbers.includes(number); }

  toggle(number) {
    if (!this.known.includes(number)) return;
    this.set(this.has(number) ? this.#numbers.filter((other) => other !== number) : [...this.#numbers, number]);
  }

  set(numbers) {
    this.#take(numbers);
    try {
      if (this.#numbers.length) localStorage.setItem(this.#place, JSON.stringify(this.#numbers));
      else localStorage.removeItem(this.#place);
    } catch { /* not stored */ }
    this.dispatchEvent(new Event("change"));
  }

  #take(numbers) {
    if (Array.isArray(numbers)) this.#numbers = this.known.filter((number) => numbers.includes(number));
  }
}
