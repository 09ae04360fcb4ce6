"""The live page in a real browser: edits show at once, in two tabs, and can be undone; faults are named."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from drawings import COAT, SCARF, draw
from painting import copy_shot
from reviewing import Client, open_desk, serve, wait_for

from framecolor.media import read_image, write_image
from framecolor.pipeline.colorize import paint_shot
from framecolor.review.desk import Desk
from framecolor.shot.corrections import read_corrections

pytestmark = pytest.mark.usefixtures("quick_engine")

GREEN = (10, 200, 30, 255)
# Where regions of frame 1003 are, in pixels of the drawing.
COAT_AT, SCARF_AT = (42, 66), (42, 46)


class Tab:
    """A tab that shows the page. Its policy lets no test evaluate a text there."""

    def __init__(self, page: Any, client: Client, errors: list[str]) -> None:
        self.page, self.errors = page, errors
        page.goto(f"{client.origin}/{client.token}/")
        self.until(lambda: "Saved and painted" in self.status)

    @property
    def status(self) -> str:
        return self.page.locator(".live .doing").text_content()

    @property
    def trouble(self) -> str:
        return self.page.locator(".live .trouble").text_content()

    def until(self, is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + 60
        while not is_so():
            assert time.monotonic() < end, (self.status, self.trouble)
            self.page.wait_for_timeout(20)

    def show(self, number: int) -> None:
        self.page.click(f"#frame-{number} .open")
        self.page.locator("#viewer-title", has_text=f"Frame {number}").wait_for()
        self.until(lambda: self.page.locator("canvas.paint").get_attribute("width") == "128")

    def place(self, x: int, y: int) -> tuple[float, float]:
        box = self.page.locator("canvas.paint").bounding_box()
        return box["x"] + (x + 0.5) / 128 * box["width"], box["y"] + (y + 0.5) / 96 * box["height"]

    def give(self, at: tuple[int, int], color: tuple[int, ...]) -> None:
        """Give the region at a place a color of the palette."""
        self.page.mouse.click(*self.place(*at))
        self.page.click(f".colors [data-color='#{bytes(color[:3]).hex()}']")

    @property
    def corrections(self) -> int:
        return self.page.locator(".made li").count()

    @property
    def chosen(self) -> str:
        return self.page.locator(".chosen-line").text_content()


@pytest.fixture
def desk(painted_shot: Path, tmp_path: Path) -> Iterator[Desk]:
    root = copy_shot(painted_shot, tmp_path / "cut")
    with open_desk(root, paint_shot) as opened:
        wait_for(opened)
        yield opened


@pytest.fixture
def client(desk: Desk) -> Iterator[Client]:
    with serve(desk) as served:
        yield served


@pytest.fixture
def open_tab(browser: Any, client: Client) -> Iterator[Callable[[], Tab]]:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    errors: list[str] = []

    def open_one() -> Tab:
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        return Tab(page, client, errors)

    yield open_one
    context.close()
    assert errors == []


def color_at(desk: Desk, number: int, at: tuple[int, int]) -> tuple[int, ...]:
    x, y = at
    return tuple(read_image(desk.out / f"cut.{number}.png")[y, x].tolist())


def test_a_correction_is_saved_painted_and_undone(desk: Desk, open_tab: Callable[[], Tab]) -> None:
    tab = open_tab()
    tab.show(1003)
    before = color_at(desk, 1003, COAT_AT)
    tab.give(COAT_AT, SCARF)
    tab.until(lambda: color_at(desk, 1003, COAT_AT) == SCARF)
    (made,) = read_corrections(desk.places.corrections)
    assert (made.number, made.color) == (1003, SCARF)
    tab.until(lambda: tab.chosen.startswith("Confirmed"))  # the page shows the new painting
    tab.page.keyboard.press("Control+z")
    tab.until(lambda: color_at(desk, 1003, COAT_AT) == before and tab.corrections == 0)
    assert not desk.places.corrections.exists()
    tab.page.keyboard.press("Control+Shift+z")
    tab.until(lambda: color_at(desk, 1003, COAT_AT) == SCARF and tab.corrections == 1)


def test_two_tabs_show_the_same(open_tab: Callable[[], Tab]) -> None:
    one, two = open_tab(), open_tab()
    one.show(1003)
    two.show(1003)
    one.give(COAT_AT, SCARF)
    two.until(lambda: two.corrections == 1)
    two.give(SCARF_AT, COAT)
    one.until(lambda: one.corrections == 2)
    one.page.keyboard.press("Control+z")  # undoes the last edit of the shot, whichever tab made it
    two.until(lambda: two.corrections == 1)


def test_a_stroke_colors_its_region_in_every_frame(desk: Desk, open_tab: Callable[[], Tab]) -> None:
    tab = open_tab()
    tab.show(1003)
    tab.page.keyboard.press("s")
    tab.page.click(f".colors [data-color='#{bytes(SCARF[:3]).hex()}']")
    x, y = tab.place(*COAT_AT)
    tab.page.mouse.move(x, y)
    tab.page.mouse.down()
    tab.page.mouse.move(x + 30, y, steps=3)
    tab.page.mouse.up()
    tab.until(lambda: color_at(desk, 1003, COAT_AT) == SCARF)
    assert (read_image(next(desk.places.hints.iterdir()))[..., 3] == 255).any()


def test_a_painted_file_becomes_a_key_and_a_wrong_one_is_named(
    desk: Desk, open_tab: Callable[[], Tab], tmp_path: Path
) -> None:
    tab = open_tab()
    tab.show(1004)
    write_image(tmp_path / "small.png", draw(3)[1][:40, :40])
    tab.page.locator("input[name=key]").set_input_files(tmp_path / "small.png")
    tab.until(lambda: "40x40" in tab.trouble)
    tab.errors.clear()  # the browser lists the refusal as well
    key = draw(3)[1]
    key[(key == COAT).all(-1)] = GREEN
    write_image(tmp_path / "right.png", key)
    tab.page.locator("input[name=key]").set_input_files(tmp_path / "right.png")
    tab.until(lambda: color_at(desk, 1004, (45, 66)) == GREEN)
    tab.until(lambda: tab.page.locator("#frame-1004.key").count() == 1)


def test_a_color_of_the_palette_changes_in_all_frames(desk: Desk, open_tab: Callable[[], Tab]) -> None:
    tab = open_tab()
    swatch = tab.page.locator(f"[data-recolor='#{bytes(COAT[:3]).hex()}']")
    swatch.evaluate("(e) => { e.value = '#0ac81e'; e.dispatchEvent(new Event('change', { bubbles: true })); }")
    tab.until(lambda: color_at(desk, 1003, COAT_AT) == GREEN)
    tab.until(lambda: tab.page.locator("[data-recolor='#0ac81e']").count() == 1)


def test_a_key_that_another_program_saves_shows_up(desk: Desk, open_tab: Callable[[], Tab]) -> None:
    tab = open_tab()
    write_image(desk.places.keys / "cut.1004.png", draw(3)[1])
    tab.until(lambda: tab.page.locator("#frame-1004.key").count() == 1)


def test_a_server_that_has_ended_is_named(desk: Desk, browser: Any) -> None:
    with serve(desk) as client:
        page = browser.new_page()
        tab = Tab(page, client, [])
    tab.until(lambda: "does not answer" in tab.status)
    page.close()
