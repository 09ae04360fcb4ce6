// The enlarged drawing: arrows go through the drawings, space plays them, M hides the marks.
"use strict";
const viewer = document.getElementById("viewer");
const cards = [...document.querySelectorAll("#drawings > .card")];
const FRAME_MS = 125;
let current = -1, playing = 0;

function show(place, scroll = true) {
  current = (place + cards.length) % cards.length;
  const card = cards[current];
  const picture = document.createElement("div");
  picture.className = "picture";
  for (const node of card.querySelector(".open").childNodes) picture.append(node.cloneNode(true));
  picture.querySelector("img")?.removeAttribute("loading");
  viewer.querySelector(".enlarged").replaceChildren(picture, card.querySelector(".about").cloneNode(true));
  viewer.querySelector("output").textContent = `${card.querySelector("b").textContent} (${current + 1} of ${cards.length})`;
  if (!viewer.open) viewer.showModal();
  if (scroll) card.scrollIntoView({ block: "nearest" });
}

function play(on) {
  clearInterval(playing);
  playing = on ? setInterval(() => show(current + 1, false), FRAME_MS) : 0;
  viewer.querySelector("[value=play]").setAttribute("aria-pressed", on);
}

function toggleMarks() {
  const plain = document.body.classList.toggle("plain");
  viewer.querySelector("[value=marks]").setAttribute("aria-pressed", !plain);
}

function step(by) {
  play(false);
  const chosen = cards.findIndex((card) => "#" + card.id === location.hash || card.contains(document.activeElement));
  show(viewer.open ? current + by : Math.max(0, chosen));
}

document.getElementById("drawings").addEventListener("click", (event) => {
  const open = event.target.closest(".open");
  if (!open) return;
  event.preventDefault();
  show(cards.indexOf(open.closest(".card")));
});
viewer.querySelector("form").addEventListener("click", (event) => {
  const value = event.target.closest("button[type=button]")?.value;
  if (value === "play") play(!playing);
  else if (value === "marks") toggleMarks();
  else if (value) step(Number(value));
});
viewer.addEventListener("close", () => {
  play(false);
  cards[current]?.querySelector(".open").focus();
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !cards.length) return;
  const scrolls = !viewer.open && event.target.closest(".lane");
  if ((event.key === "ArrowRight" || event.key === "ArrowLeft") && !scrolls) step(event.key === "ArrowRight" ? 1 : -1);
  else if (event.key === "Home" && viewer.open) show(0);
  else if (event.key === "End" && viewer.open) show(cards.length - 1);
  else if (event.key === " " && viewer.open && !event.target.closest("button")) play(!playing);
  else if (event.key.toLowerCase() === "m") toggleMarks();
  else return;
  event.preventDefault();
});
