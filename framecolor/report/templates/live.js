// The live page of `framecolor review`: it follows the server's state, and sends strokes, keys and colors as well.
const status = document.querySelector(".live");
const doing = status.querySelector(".doing"), trouble = status.querySelector(".trouble");
let version = null; // of what the page shows besides frames
let isRefreshing = false;
const tell = (text) => { doing.querySelector("span").textContent = text; };
corrections.addEventListener("refused", ({ detail }) => { trouble.textContent = detail; });
addEventListener("beforeunload", (event) => { if (corrections.isSending) event.preventDefault(); });

const follow = (state) => {
  corrections.take(state);
  trouble.textContent = state.error || "";
  const isLate = state.painted !== state.revision && !state.error;
  const rests = isLate ? "Painting next" : state.error ? "Saved, but not painted" : "Saved and painted";
  tell(state.running ? `Painting ${state.done} of ${state.total}` : rests);
  status.classList.toggle("failed", Boolean(state.error));
  status.classList.toggle("busy", state.running || isLate);
  status.querySelector("[data-do=undo]").title = state.undo ? `Undo: ${state.undo} (Ctrl+Z)` : "Undo (Ctrl+Z)";
  status.querySelector("[data-do=redo]").title = state.redo ? `Redo: ${state.redo} (Ctrl+Shift+Z)` : "Redo (Ctrl+Shift+Z)";
  for (const [number, hash] of Object.entries(state.frames)) renew(number, hash, state.colors[number]);
  if (version === null) version = state.page;
  if (version !== state.page && !state.running && !isRefreshing) refresh(state.page);
};

// Shows a frame whose colors are decided anew if it is open, and its thumbnail when it is painted.
const renew = (number, hash, colors) => {
  const island = mapOf(number), from = `maps/${number}.json?v=${hash}${colors ? "." + colors : ""}`;
  if (!island || island.dataset.from === from) return;
  island.dataset.from = from;
  const picture = document.querySelector(`#frame-${number} .picture img`);
  const source = `pictures/${number}/thumbnail.webp?v=${hash}`;
  if (picture && !picture.src.endsWith(source)) picture.src = source;
  if (dialog.open && String(numberOf(cards[shown])) === number) reopen(island);
};
const reopen = async (island) => {
  if (!corrector.isOpen) return show(shown);
  if (await corrector.reopen(island)) settle();
};

// Fetches the page again and replaces what it says, but not the viewer, the scrolling or what is open.
const refresh = async (page) => {
  isRefreshing = true;
  try {
    const answer = await fetch("./");
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const opened = [...document.querySelectorAll("main details[open]")].map(nameDetails);
    const number = dialog.open ? numberOf(cards[shown]) : null, place = scrollY;
    const section = fresh.getElementById("corrections");
    const before = section.previousElementSibling;
    if (dialog.open) section.remove();
    else section.replaceWith(made);
    document.querySelector("header.top").replaceWith(fresh.querySelector("header.top"));
    document.querySelector("main").replaceWith(fresh.querySelector("main"));
    home = before;
    for (const old of document.querySelectorAll("script[type='application/json']")) old.remove();
    document.body.append(...fresh.querySelectorAll("script[type='application/json']"));
    for (const details of document.querySelectorAll("main details")) details.open = opened.includes(nameDetails(details));
    viewer.querySelector(".colors").replaceWith(fresh.querySelector("dialog .colors"));
    readPage();
    corrector.palette = names;
    nextKeys.known = listNotKeys();
    stretch.drawings = listHeld();
    version = page;
    list();
    showMarks();
    setMarks(document.documentElement.dataset.marks);
    if (number !== null) showAgain(number);
    else scrollTo({ top: place, behavior: "instant" });
  } finally { isRefreshing = false; }
};
const nameDetails = (details) => `${details.closest("[id]")?.id} ${details.className}`;
const showAgain = (number) => {
  shown = cards.findIndex((card) => numberOf(card) === number);
  if (shown < 0) return dialog.close();
  const check = describe();
  if (corrector.isOpen) mark(check);
  if (mapOf(number)) reopen(mapOf(number));
};

// Tabs that nobody sees hold no connection: browsers allow few to one server.
let events = null;
const listen = () => {
  if (document.hidden || events) return;
  events = new EventSource("events");
  events.addEventListener("state", (event) => follow(JSON.parse(event.data)));
  events.addEventListener("error", () => {
    tell("framecolor review does not answer: start it again, and reload this page");
    status.classList.add("busy");
  });
};
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) return listen();
  events?.close();
  events = null;
});
listen();

// The bar stands where it can be reached: in the viewer while that is open.
new MutationObserver(() => {
  if (dialog.open) dialog.querySelector("h2").after(status);
  else document.body.append(status);
}).observe(dialog, { attributeFilter: ["open"] });

// Strokes: drawn with the color picked last, they color their region in every frame.
const line = viewer.querySelector(".found .stroke");
corrector.stage.addEventListener("pointerdown", (event) => {
  if (corrector.tool !== "stroke" || !corrector.isOpen || event.button) return;
  event.preventDefault();
  if (!corrector.brush || corrector.brush === "paper") return say("Choose a color first.");
  const { width, fullWidth, fullHeight } = corrector.size, points = [], number = corrector.frame, color = corrector.brush;
  const add = (at) => {
    const [left, top] = corrector.placeOf(at);
    points.push([Math.round(left * fullWidth), Math.round(top * fullHeight)].map((value) => Math.max(0, value)));
    const scale = width / fullWidth;
    line.setAttribute("d", "M" + points.map(([x, y]) => `${x * scale} ${y * scale}`).join("L") + (points.length < 2 ? "h.01" : ""));
    line.style.stroke = color;
  };
  add(event);
  corrector.stage.setPointerCapture(event.pointerId);
  corrector.stage.addEventListener("pointermove", add);
  corrector.stage.addEventListener("pointerup", async () => {
    corrector.stage.removeEventListener("pointermove", add);
    await corrections.send(`strokes/${number}`, { color, width: Math.max(3, Math.round(fullHeight / 240)), points });
    line.setAttribute("d", "");
  }, { once: true });
});

// Painted keys: a file for the open frame, or files dropped on a frame or anywhere, whose names have its number.
const keyFile = dialog.querySelector("input[name=key]");
const sendKey = async (number, file) => {
  say(`Saving ${file.name} as the key of frame ${number}\u2026`);
  const state = await corrections.send(`keys/${number}?name=${encodeURIComponent(file.name)}`, file);
  if (state) say(`Saved as the key of frame ${number}.`);
};
keyFile.addEventListener("change", () => {
  if (keyFile.files[0]) sendKey(numberOf(cards[shown]), keyFile.files[0]);
  keyFile.value = "";
});
const findNumber = (file) => {
  const digits = file.name.replace(/\.[^.]*$/, "").match(/(\d+)([a-z]?)$/i);
  const number = digits && (digits[2] ? parseInt(digits[1], 10) + digits[2].toLowerCase() : parseInt(digits[1], 10));
  return cards.some((card) => numberOf(card) === number) ? number : null;
};
document.addEventListener("dragover", (event) => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); });
document.addEventListener("drop", (event) => {
  const files = [...(event.dataTransfer?.files || [])];
  if (!files.length) return;
  event.preventDefault();
  const card = event.target.closest?.(".card") || (dialog.open ? cards[shown] : null);
  for (const file of files) {
    const number = files.length === 1 && card ? numberOf(card) : findNumber(file);
    if (number === null) trouble.textContent = `${file.name}: drop it on its frame, or give it the number of one.`;
    else sendKey(number, file);
  }
});

// Colors of the palette.
document.addEventListener("change", ({ target }) => {
  const from = target.dataset?.recolor;
  if (from && from !== target.value) corrections.send("recolor", { from, to: target.value });
});

Object.assign(actions, {
  save: () => say("Every edit is saved already."),
  key: () => keyFile.click(),
});
