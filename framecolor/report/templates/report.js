// The viewer: one drawing at a time over the page, with its unsure regions and corrections beside it.
const dialog = document.querySelector("dialog");
const viewer = dialog.querySelector(".viewer");
let cards, shot, names, swatches;
const readPage = () => {
  cards = [...document.querySelectorAll(".card")];
  shot = JSON.parse(document.getElementById("shot").textContent);
  names = new Map(shot.palette.map(({ color, name }) => [color, name]));
  swatches = new Map(shot.palette.filter(({ swatch }) => swatch).map(({ color, swatch }) => [color, swatch]));
};
readPage();
const corrections = new {{ "LiveCorrections" if live else "Corrections" }}(shot.shot, shot.hash, shot.corrections);
const made = document.getElementById("corrections");
let home = made.previousElementSibling;
const notice = made.querySelector(".notice");
const say = (text) => { notice.textContent = text; };
// Windows shells quote names differently.
const command = made.querySelector(".command code");
const isWindows = navigator.userAgent.includes("Windows");
if (command) {
  const words = writeCommand(shot.command, isWindows);
  if (words) command.replaceChildren(...words.flatMap((word, at) => {
    const whole = document.createElement("span"); // that no line ends inside of
    whole.textContent = word;
    return at ? [" ", whole] : [whole];
  }));
  else if (isWindows && command.dataset.windows) command.textContent = command.dataset.windows;
}
let shown = -1;

// The viewer shows copies of the page's elements, so that each picture is in the file only once.
const copy = (node) => {
  const twin = node.cloneNode(true);
  for (const part of [twin, ...twin.querySelectorAll("[id]")]) part.removeAttribute("id");
  return twin;
};
const numberOf = (card) => (/^\d+$/.test(card.dataset.frame) ? Number(card.dataset.frame) : card.dataset.frame); // or "2a"
const drawingOf = (frame) => shot.holds[frame] ?? frame;
const framesOf = (drawing) => [drawing, ...Object.keys(shot.holds).map(Number).filter((n) => shot.holds[n] === drawing)];
const corrector = new Corrector(viewer, corrections, names, say, framesOf);

// The drawings that a correction can be held for: all with a map but keys.
const mapOf = (number) => document.getElementById("map-" + number);
const isKey = (card) => card.classList.contains("key");
const listNotKeys = () => cards.filter((card) => !isKey(card)).map(numberOf);
const listHeld = () => {
  const held = listNotKeys().filter(mapOf);
  // Whether a key, or a drawing without a map, lies between two of them.
  held.between = (one, other) => {
    const [first, last] = [one, other].map((number) => cards.findIndex((card) => numberOf(card) === number));
    return last > first + 1;
  };
  return held;
};
const nextKeys = new NextKeys(shot.shot, listNotKeys());
const readMap = (number) => (mapOf(number) ? corrector.read(mapOf(number)) : null);
const stretch = new Stretch(viewer.querySelector(".stretch"), corrector, listHeld(), readMap, say);

// Moves outlines and numbers of the unsure regions from the frame's large picture to the whole frame.
const mark = (check) => {
  const marks = viewer.querySelector(".layers .marks"), [, , width, height] = marks.getAttribute("viewBox").split(" ");
  const tags = viewer.querySelector(".layers .tags");
  marks.replaceChildren();
  tags.replaceChildren();
  if (!check) return;
  marks.append(...[...check.querySelectorAll(".marks > *")].map(copy));
  for (const line of marks.querySelectorAll("line.tag")) {
    const tag = document.createElement("span");
    tag.className = "tag";
    tag.dataset.region = tag.textContent = line.dataset.region;
    tag.style.left = (100 * line.getAttribute("x2")) / width + "%";
    tag.style.top = (100 * line.getAttribute("y2")) / height + "%";
    tags.append(tag);
  }
};

// Fills the viewer with what the page says of the shown drawing. Returns its element among the frames to check.
const describe = () => {
  const card = cards[shown], check = document.getElementById("check-" + numberOf(card));
  const about = viewer.querySelector(".about"), doubts = viewer.querySelector(".doubts");
  about.replaceChildren(copy(card.querySelector(".caption")), copy(card.querySelector(".details")));
  about.querySelector(".mark")?.remove(); // the viewer has its own
  doubts.replaceChildren(...(check ? [...check.querySelector(".lists").children].map(copy) : []));
  for (const more of doubts.querySelectorAll("details")) more.open = true;
  viewer.querySelector(".still").replaceChildren(copy((check || card).querySelector(".picture")));
  return check;
};

const show = async (place) => {
  stretch.close();
  shown = (place + cards.length) % cards.length;
  const frame = numberOf(cards[shown]), check = describe();
  viewer.querySelector(".lists").append(made);
  dialog.querySelector("h2").textContent = "Frame " + frame;
  showMarks();
  if (!dialog.open) dialog.showModal();
  history.replaceState(null, "", "#frame-" + frame);
  const frames = framesOf(frame), island = document.getElementById("map-" + frame);
  const others = frames.slice(1).join(", ");
  viewer.querySelector(".shared").textContent = others && `Also shown in ${others}: a correction counts for all of them.`;
  dialog.classList.toggle("looking", !island || !RegionMap.isSupported);
  if (!(await corrector.open(island, frames))) return;
  mark(check);
  settle();
};
const showFrame = (number) => {
  const place = cards.findIndex((card) => card.dataset.frame === String(number));
  return place < 0 ? null : show(place);
};
const showEntry = async (entry) => {
  const frame = drawingOf(entry.frame);
  if (!dialog.open || numberOf(cards[shown]) !== frame) {
    const there = showFrame(frame);
    if (!there) return say(`This shot has no frame ${entry.frame}.`);
    await there;
  }
  corrector.chooseEntry(entry);
};
// Chooses the next unsure region, or the one before: of this frame, then of the next frame in the list of those to check.
const stepDoubt = async (by) => {
  if (dialog.open && corrector.isOpen && corrector.chooseDoubt(by)) return;
  const listed = [...document.querySelectorAll(".check")].map((check) => check.dataset.frame);
  if (!listed.length) return say("No region is in doubt.");
  const at = dialog.open ? listed.indexOf(numberOf(cards[shown]).toString()) : -1;
  await showFrame(listed[at < 0 ? 0 : (at + by + listed.length) % listed.length]);
  if (corrector.isOpen) corrector.chooseDoubt(by);
};
const step = async (entry) => { if (entry && dialog.open) await showEntry(entry); };

const actions = {
  undo: async () => step(await corrections.undo()),
  redo: async () => step(await corrections.redo()),
  confirm: () => corrector.confirmDoubts(),
  restore: () => corrector.restore(),
  mark: (button) => nextKeys.toggle(numberOf(button?.closest("[data-frame]") || cards[shown])),
  hold: () => (stretch.isOpen ? stretch.close() : stretch.start()),
  save: () => { corrections.save(nextKeys.list, swatches); say("Saved. Now run the command: it finds the file among the downloads."); },
  load: () => made.querySelector("input[type=file]").click(),
  closer: () => corrector.zoom.to(corrector.zoom.scale * 1.5),
  farther: () => corrector.zoom.to(corrector.zoom.scale / 1.5),
  whole: () => corrector.zoom.to(1),
  copy: async () => {
    try {
      await navigator.clipboard.writeText(command.textContent);
      say("Copied.");
    } catch {
      getSelection().selectAllChildren(command);
      say("Selected: copy it with Ctrl+C.");
    }
  },
};

document.addEventListener("click", (event) => {
  const find = (selector) => event.target.closest(selector);
  const link = find("[data-open]"), doing = find("[data-do]"), tool = find("[data-tool]"), color = find("[data-color]");
  if (link && !event.ctrlKey && !event.metaKey && showFrame(link.dataset.open)) event.preventDefault();
  if (find("[data-step]")) show(shown + Number(find("[data-step]").dataset.step));
  if (doing) actions[doing.dataset.do]?.(doing);
  if (tool) corrector.setTool(tool.dataset.tool);
  const row = find(".doubts [data-region]");
  if (row && corrector.isOpen) {
    const region = doubted(row);
    corrector.choose(region);
    if (region) corrector.reveal(region);
  }
  if (color && viewer.contains(color) && corrector.isOpen) corrector.use(color.dataset.color);
  if (event.target === dialog) dialog.close();
});

dialog.addEventListener("close", () => {
  stretch.close();
  corrector.close();
  home.after(made);
  history.replaceState(null, "", location.pathname + location.search);
});
dialog.querySelector("[name=outlines]").addEventListener("change", (event) => {
  viewer.classList.toggle("plain", !event.target.checked);
});

// Marks the unsure regions that are corrected, and the chosen one.
const doubted = (tag) => corrector.unsure[tag.dataset.region - 1];
const settle = () => {
  for (const part of viewer.querySelectorAll(".doubts [data-region], .layers .marks g[data-region]")) {
    part.classList.toggle("done", corrector.isChanged(doubted(part)));
  }
};
viewer.addEventListener("recolored", settle);
viewer.addEventListener("chosen", () => {
  if (stretch.isOpen && corrector.region !== stretch.home.region) stretch.close();
  if (!corrector.isOpen) return;
  const doubts = viewer.querySelector(".doubts"), room = doubts.getBoundingClientRect();
  for (const row of doubts.querySelectorAll("li[data-region]")) {
    const isCurrent = corrector.region > 0 && doubted(row) === corrector.region;
    const { top, bottom } = row.getBoundingClientRect();
    if (isCurrent) doubts.scrollTop += Math.min(0, top - room.top) + Math.max(0, bottom - room.bottom);
    row.classList.toggle("current", isCurrent);
  }
});

made.querySelector("input[type=file]").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (!file) return;
  try {
    const { shot: name, next } = corrections.load(await file.text());
    if (next) nextKeys.set(next);
    const other = name && name !== shot.shot ? ` The file is for ${name}.` : "";
    say(`Loaded ${file.name}.${other}`);
  } catch (error) {
    say(error.message);
  }
  event.target.value = ""; // the same file may be loaded again
});

// Shows the list of corrections, on the page and in the viewer.
const list = () => {
  const byFrame = [...corrections.list].sort(byNumber);
  made.querySelector("ol").replaceChildren(...byFrame.map((entry) => {
    const row = made.querySelector("template").content.firstElementChild.cloneNode(true);
    const jump = row.querySelector(".jump"), swatch = row.querySelector(".swatch");
    row.querySelector(".number").textContent = entry.frame;
    row.querySelector("code").textContent = names.get(entry.color) || entry.color;
    swatch.classList.toggle("paper", entry.color === "paper");
    if (entry.color !== "paper") swatch.style.background = entry.color;
    row.querySelector(".known").hidden = !corrections.isKnown(entry);
    jump.addEventListener("click", () => showEntry(entry));
    row.querySelector(".remove").addEventListener("click", () => corrections.remove([entry]));
    return row;
  }));
  const count = corrections.list.length, some = `${count} correction${count === 1 ? "" : "s"}`;
  made.querySelector("h2").textContent = count ? some[0].toUpperCase() + some.slice(1) : "Corrections";
  made.classList.toggle("empty", count === 0);
  for (const button of document.querySelectorAll("[data-do=undo]")) button.disabled = !corrections.canUndo;
  for (const button of document.querySelectorAll("[data-do=redo]")) button.disabled = !corrections.canRedo;
  for (const bar of document.querySelectorAll(".unsaved")) {
    bar.hidden = corrections.isSaved;
    bar.querySelector("span").textContent = `${some}, not saved yet`;
  }
  for (const card of cards) {
    const badge = card.querySelector(".badge.corrected"), here = corrections.of(framesOf(numberOf(card))).length;
    badge.hidden = here === 0;
    badge.textContent = `${here} corrected`;
  }
};
corrections.addEventListener("change", list);
list();
addEventListener("beforeunload", (event) => { if (!corrections.isSaved) event.preventDefault(); });

// Shows the drawings that are marked to be painted next: in the list, on their cards and in the viewer.
const showMarks = () => {
  const section = document.getElementById("next"), rows = section.querySelector(".marked");
  rows.replaceChildren(...nextKeys.list.map((number) => {
    const row = section.querySelector("template").content.firstElementChild.cloneNode(true);
    const card = cards.find((one) => numberOf(one) === number), open = row.querySelector(".open");
    row.dataset.frame = open.dataset.open = number;
    open.href = "#frame-" + number;
    open.setAttribute("aria-label", "Open frame " + number);
    open.append(copy(card.querySelector(".picture")));
    open.querySelector(".marks")?.remove();
    row.querySelector("h3").textContent = "Frame " + number;
    return row;
  }));
  for (const row of section.querySelectorAll(".next:not(.marked) li")) {
    row.hidden = nextKeys.list.some((number) => String(number) === row.querySelector(".open").dataset.open);
  }
  section.hidden = !section.querySelector("li");
  for (const button of document.querySelectorAll("[data-do=mark][aria-pressed]")) {
    const owner = button.closest("[data-frame]") || cards[shown];
    button.setAttribute("aria-pressed", String(Boolean(owner) && nextKeys.has(numberOf(owner))));
    if (dialog.contains(button)) button.disabled = !owner || isKey(owner);
  }
};
nextKeys.addEventListener("change", showMarks);
showMarks();

// Highlights a region of the list on the frame beside it, and the other way round.
const light = (event) => {
  const region = event.target.closest("[data-region]");
  for (const lit of document.querySelectorAll(".lit")) lit.classList.remove("lit");
  const owner = region && region.closest(".check, .viewer");
  if (!owner) return;
  for (const part of owner.querySelectorAll(`.picture [data-region="${region.dataset.region}"]`)) part.classList.add("lit");
};
document.addEventListener("mouseover", light);
document.addEventListener("focusin", light);

// The color of the marks: the chosen one, or the next. It is kept for other pages.
const MARKS = ["magenta", "blue", "orange", "black"];
const setMarks = (name = MARKS[(MARKS.indexOf(document.documentElement.dataset.marks) + 1) % MARKS.length]) => {
  document.documentElement.dataset.marks = name;
  for (const select of document.querySelectorAll("[name=marks]")) select.value = name;
  try {
    if (name === MARKS[0]) localStorage.removeItem("framecolor-marks");
    else localStorage.setItem("framecolor-marks", name);
  } catch { /* not kept */ }
};
document.addEventListener("change", ({ target }) => {
  if (target.name === "marks") setMarks(target.value);
  if (target.name === "other" && corrector.isOpen) corrector.use(target.value);
});
try { setMarks(localStorage.getItem("framecolor-marks") || MARKS[0]); } catch { setMarks(MARKS[0]); }

const asked = location.hash.match(/^#frame-(-?\d+[a-z]?)$/);
if (asked) showFrame(asked[1]);
