// Shortcuts, wherever the focus is: on the page, in the viewer, or lost with an element that went away.
const isTyping = (target) => target instanceof Element && target.matches("input:not([type=checkbox], [type=file]), textarea");
// A letter by what is printed on the key; by its place where the layout or an input method gives no Latin letter.
const letterOf = ({ key, code }) => {
  const place = /^Key([A-Z])$/.exec(code)?.[1];
  return (place && !/^[a-z]$/i.test(key) ? place : key).toLowerCase();
};
const arrowOf = ({ key }) => ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] })[key];

// What a key does in the viewer; null: nothing.
const findAct = (event) => {
  const { key, code, shiftKey, target } = event, digit = /^(Digit|Numpad)(\d)$/.exec(code), arrow = arrowOf(event);
  const letter = letterOf(event);
  if (arrow && target instanceof Element && target.matches("select")) return null;
  if (arrow && corrector.isOpen && (shiftKey || target === corrector.stage)) return () => corrector.chooseBeside(...arrow);
  if (arrow) return arrow[0] ? () => show(shown + arrow[0]) : null;
  if (key === "PageUp" || key === "PageDown") return () => show(shown + (key === "PageUp" ? -1 : 1));
  if (key === "Escape" && stretch.isOpen) return () => stretch.close();
  if (letter === "k") return actions.mark;
  if (letter === "p" && actions.key) return actions.key;
  if (!corrector.isOpen) return null;
  if (digit) {
    const swatch = viewer.querySelector(`.colors [data-key="${(shiftKey ? "\u21e7" : "") + digit[2]}"]`);
    return swatch && (() => corrector.use(swatch.dataset.color));
  }
  if (key === "Enter" && corrector.region && corrector.brush && !target.closest?.("button, summary, a, select")) {
    return () => corrector.paint(corrector.region, corrector.brush);
  }
  const tool = { v: "select", b: "fill", i: "pick", s: "stroke" }[letter];
  if (tool && dialog.querySelector(`[data-tool=${tool}]`)) return () => corrector.setTool(tool);
  return {
    n: () => stepDoubt(shiftKey ? -1 : 1),
    c: shiftKey ? actions.confirm : () => viewer.querySelector(".doubts .current .choice")?.click(),
    x: () => viewer.querySelector(".doubts .current .second")?.click(),
    m: () => setMarks(),
    o: () => dialog.querySelector("[name=outlines]").click(),
    a: () => viewer.querySelector("[name=other]").click(),
    h: actions.hold,
    delete: actions.restore, backspace: actions.restore,
    "+": actions.closer, "=": actions.closer, "-": actions.farther, f: actions.whole,
  }[letter] || null;
};

// On the page itself: the first doubt.
const findActOutside = (event) => ({ n: () => stepDoubt(1), m: () => setMarks() })[letterOf(event)] || null;

document.addEventListener("keydown", (event) => {
  if (isTyping(event.target) || event.altKey || event.defaultPrevented) return;
  const commands = { z: event.shiftKey ? actions.redo : actions.undo, y: actions.redo, s: actions.save };
  const isCommand = event.ctrlKey || event.metaKey;
  const act = isCommand ? commands[letterOf(event)] : dialog.open ? findAct(event) : findActOutside(event);
  if (!act) return;
  event.preventDefault();
  act();
});
