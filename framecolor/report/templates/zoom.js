// Zoom: the stage scrolls over its growing layers. By wheel, pinch, drag, button or key.
class Zoom {
  constructor(stage, layers) {
    this.stage = stage;
    this.layers = layers;
    this.scale = 1;
    this.dragged = false;
    stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.to(this.scale * Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), event.clientX, event.clientY);
    }, { passive: false });
    this.#pinch();
    this.#drag();
  }

  to(scale, clientX, clientY) {
    const box = this.stage.getBoundingClientRect(), before = this.layers.getBoundingClientRect();
    const x = clientX ?? box.left + box.width / 2, y = clientY ?? box.top + box.height / 2;
    this.scale = Math.min(12, Math.max(1, scale));
    this.stage.classList.toggle("close", this.scale > 1);
    this.layers.style.setProperty("--zoom", this.scale);
    const after = this.layers.getBoundingClientRect(), grown = after.width / (before.width || 1);
    this.stage.scrollBy(after.left + (x - before.left) * grown - x, after.top + (y - before.top) * grown - y);
  }

  // Scrolls to a place, in shares of the picture's sides.
  reveal(left, top) {
    if (this.scale === 1) return;
    const box = this.stage.getBoundingClientRect(), layers = this.layers.getBoundingClientRect();
    const x = layers.left + left * layers.width, y = layers.top + top * layers.height;
    this.stage.scrollBy(x - box.left - box.width / 2, y - box.top - box.height / 2);
  }

  #pinch() {
    let before = 0;
    const spread = ([a, b]) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
    this.stage.addEventListener("touchstart", (event) => {
      if (event.touches.length === 2) before = spread(event.touches);
    }, { passive: true });
    this.stage.addEventListener("touchmove", (event) => {
      if (event.touches.length !== 2 || !event.cancelable) return;
      event.preventDefault();
      const [a, b] = event.touches, now = spread(event.touches);
      this.to((this.scale * now) / before, (a.clientX + b.clientX) / 2, (a.clientY + b.clientY) / 2);
      before = now;
    }, { passive: false });
  }

  // Dragging shifts the picture; `dragged` suppresses the click that follows.
  #drag() {
    this.stage.addEventListener("pointerdown", (event) => {
      this.dragged = false;
      if (event.pointerType !== "mouse" || event.button > 1) return;
      if (this.stage.dataset.tool === "stroke" && event.button === 0) return; // the middle button still shifts
      const start = { x: event.clientX, y: event.clientY, left: this.stage.scrollLeft, top: this.stage.scrollTop };
      const move = (now) => {
        if (Math.hypot(now.clientX - start.x, now.clientY - start.y) > 4 && this.scale > 1) this.dragged = true;
        if (this.dragged) this.stage.scrollTo(start.left + start.x - now.clientX, start.top + start.y - now.clientY);
      };
      addEventListener("pointermove", move);
      addEventListener("pointerup", () => removeEventListener("pointermove", move), { once: true });
    });
  }
}
