"use strict";
(() => {
  const dialog = document.querySelector("dialog");
  const viewer = dialog.querySelector(".viewer");
  const cards = [...document.querySelectorAll(".card")];
  let shown = -1;

  // The viewer shows copies of what the page holds already: each picture is in the file once.
  const copy = (node) => {
    const twin = node.cloneNode(true);
    for (const part of [twin, ...twin.querySelectorAll("[id]")]) part.removeAttribute("id");
    return twin;
  };

  const show = (place) => {
    shown = (place + cards.length) % cards.length;
    const card = cards[shown];
    const check = document.getElementById("check-" + card.dataset.frame);
    viewer.replaceChildren(copy((check || card).querySelector(".picture")));
    const side = document.createElement("div");
    side.className = "lists";
    side.append(copy(card.querySelector(".caption")), copy(card.querySelector(".details")));
    if (check) {
      side.append(...[...check.querySelector(".lists").children].map(copy));
      for (const more of side.querySelectorAll("details")) more.open = true;
      side.append(copy(card.querySelector(".picture")));
    }
    viewer.append(side);
    dialog.querySelector("h2").textContent = "Frame " + card.dataset.frame;
    if (!dialog.open) dialog.showModal();
    history.replaceState(null, "", "#frame-" + card.dataset.frame);
  };

  const showFrame = (number) => {
    const place = cards.findIndex((card) => card.dataset.frame === number);
    if (place >= 0) show(place);
    return place >= 0;
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-open]");
    if (link && !event.ctrlKey && !event.metaKey && showFrame(link.dataset.open)) event.preventDefault();
    const step = event.target.closest("[data-step]");
    if (step) show(shown + Number(step.dataset.step));
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") show(shown - 1);
    if (event.key === "ArrowRight") show(shown + 1);
  });
  dialog.addEventListener("close", () => history.replaceState(null, "", location.pathname + location.search));
  dialog.querySelector("input").addEventListener("change", (event) => {
    viewer.classList.toggle("plain", !event.target.checked);
  });

  // A region in the list lights up on the frame beside it, and the other way round.
  const light = (event) => {
    const region = event.target.closest("[data-region]");
    for (const lit of document.querySelectorAll(".lit")) lit.classList.remove("lit");
    const owner = region && region.closest(".check, .viewer");
    if (!owner) return;
    for (const part of owner.querySelectorAll(`.picture [data-region="${region.dataset.region}"]`)) part.classList.add("lit");
  };
  document.addEventListener("mouseover", light);
  document.addEventListener("focusin", light);

  const asked = location.hash.match(/^#frame-(-?\d+)$/);
  if (asked) showFrame(asked[1]);
})();
