"""The report page as the place to correct, in a real browser: clicks, keys, touch, the saved file, and the repaint."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from drawings import COAT, SCARF, SKIN
from painting import FIT, copy_shot

from framecolor import Settings
from framecolor.cli.colorize import colorize
from framecolor.lineart.drawn import read_lines, segment
from framecolor.media import hash_file, read_image, write_image
from framecolor.report import write_report
from framecolor.shot.corrections import PAPER_COLOR, Correction, read_corrections, write_corrections

# Frame 1003 of the shot: where its regions are, in pixels of the drawing.
HEAD, COAT_AT, SCARF_AT, PAPER_AT = (42, 28), (42, 66), (42, 46), (110, 80)


def hexed(color: tuple[int, ...]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color[:3])


@pytest.fixture(scope="module")
def shot(painted_shot: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The painted shot of seven drawings with its report; never changed."""
    root = copy_shot(painted_shot, tmp_path_factory.mktemp("report") / "cut")
    write_report(root / "color")
    return root


@pytest.fixture
def own_shot(shot: Path, tmp_path: Path) -> Path:
    """`shot` to change."""
    return copy_shot(shot, tmp_path / "cut")


class Desk:
    """A report page, and what a painter does on it."""

    def __init__(self, page: Any, errors: list[str]) -> None:
        self.page, self.errors = page, errors

    def show(self, number: int) -> None:
        self.page.click(f"#frame-{number} .open")
        self.page.wait_for_function(f"document.querySelector('#viewer-title').textContent === 'Frame {number}'")
        self.page.wait_for_function("document.querySelector('canvas').width === 128")

    def on_screen(self, x: int, y: int) -> tuple[float, float]:
        box = self.page.locator(".paint").bounding_box()
        return box["x"] + (x + 0.5) * box["width"] / 128, box["y"] + (y + 0.5) * box["height"] / 96

    def click(self, at: tuple[int, int]) -> None:
        self.page.mouse.click(*self.on_screen(*at))

    def color_at(self, at: tuple[int, int]) -> tuple[int, ...]:
        read = "([x, y]) => [...document.querySelector('canvas').getContext('2d').getImageData(x, y, 1, 1).data]"
        return tuple(self.page.evaluate(read, list(at)))

    def swatch(self, color: tuple[int, ...]) -> Any:
        return self.page.locator(f".colors [data-color='{hexed(color) if color[3] else 'paper'}']")

    def save(self, path: Path) -> list[Correction]:
        with self.page.expect_download() as download:
            self.page.locator("#corrections [data-do=save]").click()
        assert download.value.suggested_filename == "corrections.json"
        download.value.save_as(path)
        return read_corrections(path)


def open_tab(context: Any, errors: list[str]) -> Any:
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    return page


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Desk]]:
    """Opens a report in a page of its own."""
    contexts, all_errors = [], []

    def open_in(report: Path, context: Any = None, script: str = "", **how: Any) -> Desk:
        if context is None:
            context = browser.new_context(viewport={"width": 1280, "height": 800}, **how)
            contexts.append(context)
        page = open_tab(context, all_errors)
        if script:
            page.add_init_script(script)
        page.goto(report.as_uri())
        return Desk(page, all_errors)

    yield open_in
    for context in contexts:
        context.close()
    assert all_errors == []


@pytest.fixture(scope="module")
def tab(browser: Any) -> Iterator[Desk]:
    """A page for one test after the other: the first report that a page shows takes three times as long."""
    errors: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield Desk(open_tab(context, errors), errors)
    context.close()


@pytest.fixture
def turn_to(tab: Desk) -> Iterator[Callable[[Path], Desk]]:
    """Opens a report in the page that tests share, which knows nothing of the one before."""

    def turn(report: Path) -> Desk:
        tab.page.goto(report.as_uri())
        assert tab.page.evaluate("localStorage.length") == 0
        return tab

    yield turn
    tab.page.evaluate("localStorage.clear()")
    tab.page.goto("about:blank")  # from a report to the same one would be no way at all
    errors, tab.errors[:] = list(tab.errors), []
    assert errors == []


@pytest.fixture
def desk(shot: Path, turn_to: Callable[[Path], Desk]) -> Desk:
    return turn_to(shot / "color" / "report.html")


def test_a_clicked_region_gets_exactly_the_color(desk: Desk, shot: Path, tmp_path: Path) -> None:
    desk.show(1003)
    assert desk.color_at(HEAD) == SKIN and desk.color_at(COAT_AT) == COAT and desk.color_at(PAPER_AT)[3] == 0
    desk.click(HEAD)
    desk.swatch(SCARF).click()
    assert desk.color_at(HEAD) == SCARF and desk.color_at(COAT_AT) == COAT
    desk.page.keyboard.press("Control+z")
    assert desk.color_at(HEAD) == SKIN
    desk.page.keyboard.press("Control+Shift+Z")
    assert desk.color_at(HEAD) == SCARF
    desk.page.click("[data-do=undo]")
    desk.page.click("[data-do=redo]")
    made = desk.save(tmp_path / "corrections.json")
    drawing = hash_file(shot / "line" / "cut.1003.png")
    assert made == [Correction(1003, *HEAD, SCARF, drawing)]
    desk.page.click("[data-do=restore]")
    assert desk.color_at(HEAD) == SKIN


def test_the_saved_file_repaints_the_frame(
    own_shot: Path, turn_to: Callable[[Path], Desk], tmp_path: Path, quick_engine: None
) -> None:
    desk = turn_to(own_shot / "color" / "report.html")
    desk.show(1003)
    desk.click(HEAD)
    desk.swatch(COAT).click()
    desk.click(SCARF_AT)
    desk.swatch(PAPER_COLOR).click()
    desk.save(tmp_path / "c.json")
    args = [str(own_shot), "--fit", "0", "--engine", "cpu", "--report", "--corrections", str(tmp_path / "c.json")]
    assert CliRunner().invoke(colorize, args, catch_exceptions=False).exit_code == 0
    painted = read_image(own_shot / "color" / "cut.1003.png")
    assert tuple(painted[HEAD[1], HEAD[0]]) == COAT and painted[SCARF_AT[1], SCARF_AT[0], 3] == 0
    # The next page knows them as done, and has nothing to save.
    desk.page.reload()  # it opens at the frame that its address names
    desk.page.wait_for_function("document.querySelector('canvas').width === 128")
    assert desk.color_at(HEAD) == COAT
    assert desk.page.locator("#corrections .known:visible").count() == 2
    assert desk.page.locator(".unsaved:visible").count() == 0


def test_names_of_the_palette_go_into_the_saved_file(
    own_shot: Path, turn_to: Callable[[Path], Desk], tmp_path: Path
) -> None:
    path = own_shot / "color" / "framecolor.json"
    table = json.loads(path.read_text())
    del table["seal"]
    table["names"] = ["scarf" if tuple(color) == SCARF else "" for color in table["palette"]]
    path.write_text(json.dumps(table))
    write_report(own_shot / "color")
    desk = turn_to(own_shot / "color" / "report.html")
    desk.show(1003)
    for place, color in ((HEAD, SCARF), (SCARF_AT, COAT)):
        desk.click(place)
        desk.swatch(color).click()
    made = desk.save(tmp_path / "corrections.json")
    assert sorted((one.color, one.name) for one in made) == sorted([(SCARF, "scarf"), (COAT, "")])


def test_a_click_near_the_edge_names_a_pixel_inside(desk: Desk, shot: Path, tmp_path: Path) -> None:
    desk.show(1003)
    desk.click((42, 13))  # on the head's upper line
    desk.page.keyboard.press("0")
    made = desk.save(tmp_path / "c.json")
    painted = read_image(shot / "color" / "cut.1003.png")
    ((x, y), color) = (made[0].x, made[0].y), made[0].color
    assert color == PAPER_COLOR
    assert len({tuple(pixel) for pixel in painted[y - 1 : y + 2, x - 1 : x + 2].reshape(-1, 4).tolist()}) == 1


def test_all_of_it_works_by_keyboard(desk: Desk, tmp_path: Path) -> None:
    desk.show(1003)
    desk.page.keyboard.press("ArrowRight")
    desk.page.wait_for_function("document.querySelector('#viewer-title').textContent === 'Frame 1004'")
    desk.page.keyboard.press("PageUp")
    desk.page.wait_for_function("document.querySelector('#viewer-title').textContent === 'Frame 1003'")
    desk.page.wait_for_function("document.querySelector('.found').hasAttribute('viewBox')")
    desk.page.locator(".stage").focus()
    desk.page.keyboard.press("ArrowUp")
    for _ in range(9):  # the lowest region beside the middle, in the end
        desk.page.keyboard.press("ArrowDown")
    desk.page.keyboard.press("1")
    first = desk.page.locator(".colors [data-key='1']").get_attribute("data-color")
    made = desk.save(tmp_path / "c.json")
    assert [(c.number, hexed(c.color)) for c in made] == [(1003, first)]
    desk.page.keyboard.press("Control+z")
    assert desk.page.locator("#corrections .made li").count() == 0


def test_eyedropper_and_fill(desk: Desk) -> None:
    desk.show(1003)
    desk.click(HEAD)
    desk.page.keyboard.down("Alt")
    desk.click(COAT_AT)
    desk.page.keyboard.up("Alt")
    assert desk.color_at(HEAD) == COAT
    desk.page.keyboard.press("b")
    desk.swatch(SKIN).click()
    assert desk.color_at(HEAD) == COAT, "a color for the next clicks, not for what was clicked before"
    for at in (HEAD, SCARF_AT, COAT_AT):
        desk.click(at)
        assert desk.color_at(at) == SKIN
    assert desk.page.locator("#corrections h2").inner_text() == "3 corrections"


def test_touch_taps_on_a_narrow_dark_screen_that_keeps_nothing(
    shot: Path, open_page: Callable[..., Desk], tmp_path: Path
) -> None:
    """Of a browser that forbids pages to store anything."""
    forbid = "Object.defineProperty(window, 'localStorage', { get() { throw new Error('forbidden'); } });"
    report = shot / "color" / "report.html"
    desk = open_page(report, script=forbid, has_touch=True, is_mobile=True, color_scheme="dark")
    desk.page.set_viewport_size({"width": 390, "height": 780})
    desk.page.locator("#frame-1003 .open").tap()
    desk.page.wait_for_function("document.querySelector('canvas').width === 128")
    desk.page.touchscreen.tap(*desk.on_screen(*HEAD))
    desk.swatch(SCARF).tap()
    assert desk.color_at(HEAD) == SCARF
    assert [c.color for c in desk.save(tmp_path / "c.json")] == [SCARF]
    assert desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_list_jumps_removes_and_loads(desk: Desk, tmp_path: Path) -> None:
    write_corrections(tmp_path / "c.json", "<b>other", [Correction(1002, 39, 28, COAT), Correction(1005, 48, 28, COAT)])
    (tmp_path / "bad.json").write_text('{"format": 1, "corrections": [{"frame": "x"}]}')
    choose = desk.page.locator("#corrections input[type=file]")
    choose.set_input_files(tmp_path / "bad.json")
    notice = desk.page.locator(".notice")
    notice.filter(has_text="Correction 1 of the file cannot be used.").wait_for()
    choose.set_input_files(tmp_path / "c.json")
    notice.filter(has_text="The file is for <b>other.").wait_for()
    rows = desk.page.locator("#corrections .made li")
    rows.nth(1).locator(".jump").click()
    desk.page.wait_for_function("document.querySelector('#viewer-title').textContent === 'Frame 1005'")
    desk.page.wait_for_function("document.querySelector('.found path.chosen').getAttribute('d') !== ''")
    assert desk.color_at((48, 28)) == COAT
    rows.nth(1).locator(".remove").click()
    assert desk.color_at((48, 28)) == SKIN
    assert [c.number for c in desk.save(tmp_path / "again.json")] == [1002]


def test_unsaved_work_is_kept_and_asked_about(shot: Path, open_page: Callable[..., Desk]) -> None:
    desk = open_page(shot / "color" / "report.html")
    desk.show(1003)
    desk.click(HEAD)
    desk.swatch(SCARF).click()
    dialogs: list[str] = []
    desk.page.on("dialog", lambda dialog: (dialogs.append(dialog.type), dialog.accept()))
    desk.page.close(run_before_unload=True)
    desk.page.wait_for_event("close") if not desk.page.is_closed() else None
    assert dialogs == ["beforeunload"]
    again = open_page(shot / "color" / "report.html", desk.page.context)
    assert again.page.locator(".unsaved:visible").inner_text().startswith("1 correction, not saved yet")
    again.show(1003)
    assert again.color_at(HEAD) == SCARF


def test_holds_show_that_they_share_a_drawing(own_shot: Path, turn_to: Callable[[Path], Desk], tmp_path: Path) -> None:
    path = own_shot / "color" / "framecolor.json"
    table = json.loads(path.read_text())
    del table["seal"]  # written by hand
    table["frames"][3] |= {"status": "hold", "hold_of": 1003}
    table["shot"] = "</script><script>alert(1)</script>"
    table["corrections"] = [
        {"frame": 1004, "x": HEAD[0], "y": HEAD[1], "color": "#010203"},
        {"frame": "x"},
        7,
    ]
    path.write_text(json.dumps(table))
    desk = turn_to(write_report(own_shot / "color"))
    desk.show(1003)
    assert "Also shown in 1004" in desk.page.locator(".shared").inner_text()
    assert desk.color_at(HEAD) == (1, 2, 3, 255)
    desk.click(HEAD)
    desk.swatch(SCARF).click()
    assert [(c.number, c.color) for c in desk.save(tmp_path / "c.json")] == [(1003, SCARF)]
    assert "alert(1)" in desk.page.locator(".command code").inner_text()


def test_colored_lines_lie_over_the_paint(own_shot: Path, turn_to: Callable[[Path], Desk]) -> None:
    line = read_image(own_shot / "line" / "cut.1003.png")
    line[..., :3] = (120, 60, 30)
    write_image(own_shot / "line" / "cut.1003.png", line)
    desk = turn_to(write_report(own_shot / "color"))
    desk.show(1003)
    read = "([x, y]) => [...document.querySelector('.ink').getContext('2d').getImageData(x, y, 1, 1).data]"
    at = [42, 12]  # the head's upper line
    red, green, blue, alpha = desk.page.evaluate(read, at)
    assert alpha > 200 and abs(red - 120) < 20 and abs(green - 60) < 20 and abs(blue - 30) < 20
    assert desk.color_at(HEAD) == SKIN


def test_shortcuts_work_wherever_the_focus_is(desk: Desk) -> None:
    desk.show(1003)
    desk.click(HEAD)
    keyboard, changed = desk.page.keyboard, desk.page.locator("#corrections .made li")
    focus = ["document.activeElement.blur()"]
    focus += [f"document.querySelector({place!r}).focus()" for place in (
        "[name=outlines]", "dialog [data-step='1']", ".colors button", ".stage", "#corrections [data-do=copy]"
    )]  # fmt: skip
    for place in focus:
        desk.page.evaluate(place)
        keyboard.press("3")
        assert desk.color_at(HEAD) == SCARF, place
        keyboard.press("Control+z")
        assert desk.color_at(HEAD) == SKIN and changed.count() == 0, place
    # A Japanese input method sends no letter, a Russian layout another one.
    for key in ("Process", "\u0438"):
        send = "key => document.body.dispatchEvent(new KeyboardEvent('keydown', {key, code: 'KeyB', bubbles: true}))"
        desk.page.evaluate(send, key)
        assert desk.page.locator("button[data-tool=fill]").get_attribute("aria-pressed") == "true"
        keyboard.press("v")
    desk.click(HEAD)
    keyboard.press("3")
    keyboard.press("Escape")
    desk.page.wait_for_function("!document.querySelector('dialog').open")
    keyboard.press("Control+z")
    assert changed.count() == 0, "on the page as well"


def test_doubts_are_decided_by_keyboard_and_n_goes_on_to_the_next_frame(
    own_shot: Path, turn_to: Callable[[Path], Desk], tmp_path: Path
) -> None:
    path = own_shot / "color" / "framecolor.json"
    table = json.loads(path.read_text())
    del table["seal"]  # written by hand
    for place in (2, 4):
        lines = read_lines(1001 + place, read_image(own_shot / "line" / f"cut.{1001 + place}.png"), Settings())
        regions = segment(lines, Settings())
        coat = regions.labels[66, 42]
        doubt = {"area": int(regions.area[coat]), "box": regions.boxes[coat].tolist(), "outline": [[0, 0], [9, 9]]}
        table["frames"][place]["unsure"] = [{**doubt, "confidence": 0.5 - 0.1 * place, "color": 0, "second": 1}]
    path.write_text(json.dumps(table))
    desk = turn_to(write_report(own_shot / "color"))
    title = "document.querySelector('#viewer-title').textContent === 'Frame {}'"
    for press, number, decision in (("n", 1005, "x"), ("n", 1003, "c"), ("Shift+n", 1005, "x")):
        desk.page.keyboard.press(press)
        desk.page.wait_for_function(title.format(number))
        desk.page.locator("dialog .doubts .current").wait_for()
        desk.page.keyboard.press(decision)
    made = desk.save(tmp_path / "c.json")
    palette = [tuple(color) for color in table["palette"]]
    assert [(one.number, one.color) for one in made] == [(1003, palette[0]), (1005, palette[1])]
    while not desk.page.locator("dialog [data-do=undo]").is_disabled():
        desk.page.keyboard.press("Control+z")
    desk.page.wait_for_function(title.format(1005))
    desk.page.keyboard.press("Shift+c")  # all that is open in this frame
    assert [(one.number, one.color) for one in desk.save(tmp_path / "d.json")] == [(1005, COAT)]


def test_the_command_can_be_pasted_in_any_folder_and_finds_the_download(
    painted_shot: Path,
    tmp_path: Path,
    open_page: Callable[..., Desk],
    monkeypatch: pytest.MonkeyPatch,
    quick_engine: None,
) -> None:
    root = copy_shot(painted_shot, tmp_path / "it's a $HOME" / "cut")
    desk = open_page(write_report(root / "color"))
    command = shlex.split(desk.page.locator(".command code").inner_text().replace("\n", " "))
    given = ["--corrections", "corrections.json", "--fit", str(FIT), "--report"]
    assert command == ["framecolor", "colorize", str(root), *given]
    desk.show(1003)
    desk.click(HEAD)
    desk.swatch(COAT).click()
    (tmp_path / "downloads").mkdir()
    desk.save(tmp_path / "downloads" / "corrections (1).json")
    monkeypatch.setattr("platformdirs.user_downloads_path", lambda: tmp_path / "downloads")
    monkeypatch.chdir(tmp_path)
    args = [*command[2:], "--fit", "0", "--engine", "cpu"]
    assert CliRunner().invoke(colorize, args, catch_exceptions=False).exit_code == 0
    painted = read_image(root / "color" / "cut.1003.png")
    assert tuple(painted[HEAD[1], HEAD[0]]) == COAT
    # A page that was sent to somebody else names the shot alone.
    shutil.copy(root / "color" / "report.html", tmp_path / "report.html")
    sent = open_page(tmp_path / "report.html")
    assert "colorize cut --corrections" in " ".join(sent.page.locator(".command code").inner_text().split())


def test_a_windows_browser_gets_backslashes(shot: Path, open_page: Callable[..., Desk]) -> None:
    desk = open_page(shot / "color" / "report.html", user_agent="Mozilla/5.0 (Windows NT 10.0)")
    words = desk.page.locator(".command code").inner_text().split()
    assert words[2] == str(shot).replace("/", "\\")


def test_a_correction_holds_for_a_stretch_of_frames(desk: Desk, tmp_path: Path) -> None:
    desk.show(1003)
    desk.click(HEAD)
    desk.swatch(SCARF).click()
    panel = desk.page.locator(".stretch")
    desk.page.keyboard.press("h")
    panel.locator("output", has_text="4 drawings").wait_for()
    cells = panel.locator(".strip-of-frames label")
    assert cells.locator("span").all_inner_texts() == ["1003", "1004", "1005", "1006"], "to the next key"
    panel.get_by_label("First frame").select_option("1002")
    panel.locator("output", has_text="5 drawings").wait_for()
    read = """cell => {
      const canvas = cell.querySelector("canvas"), context = canvas.getContext("2d");
      const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
      let count = 0;
      for (let at = 0; at < pixels.length; at += 4) {
        if ([0, 1, 2].every((channel) => pixels[at + channel] === SCARF[channel])) count += 1;
      }
      return count;
    }""".replace("SCARF", str(list(SCARF)))
    assert all(cells.nth(place).evaluate(read) > 300 for place in range(5)), "each frame shows where the color would go"
    cells.nth(3).locator("input").uncheck()
    panel.locator("output", has_text="4 drawings").wait_for()
    assert desk.page.locator("#corrections .made li").count() == 1, "a preview changes nothing"
    panel.locator("[data-do=spread]").click()
    made = desk.save(tmp_path / "c.json")
    assert [(c.number, c.color) for c in made] == [(n, SCARF) for n in (1002, 1003, 1004, 1006)]
    assert all(c.drawing for c in made) and len({c.x for c in made}) == 4, "the head moves"
    desk.page.keyboard.press("Control+z")
    assert desk.page.locator("#corrections .made li").count() == 1, "one step of undo"


def test_a_stretch_before_a_key_goes_back_and_escape_closes_it_alone(desk: Desk) -> None:
    desk.show(1006)
    desk.click(HEAD)
    desk.page.keyboard.press("h")
    spans = desk.page.locator(".strip-of-frames label span")
    spans.nth(4).wait_for()
    assert spans.all_inner_texts() == ["1002", "1003", "1004", "1005", "1006"], "back to the key before"
    desk.page.keyboard.press("Escape")
    assert desk.page.locator(".stretch").is_hidden() and desk.page.locator("dialog.viewer, dialog[open]").count() == 1
    desk.page.keyboard.press("Escape")
    assert desk.page.locator("dialog[open]").count() == 0


def test_a_key_is_marked_to_be_painted_next(shot: Path, open_page: Callable[..., Desk], tmp_path: Path) -> None:
    desk = open_page(shot / "color" / "report.html")
    marked = desk.page.locator("#next .marked li")
    assert desk.page.locator("#frame-1001 .mark").count() == 0, "a key is painted already"
    desk.page.locator("#frame-1004").hover()
    desk.page.locator("#frame-1004 .mark").click()
    assert marked.locator("h3").all_inner_texts() == ["Frame 1004"]
    desk.show(1002)
    desk.page.keyboard.press("k")
    assert desk.page.locator("dialog [data-do=mark]").get_attribute("aria-pressed") == "true"
    desk.save(tmp_path / "c.json")
    assert json.loads((tmp_path / "c.json").read_text())["next"] == [1002, 1004]
    again = open_page(shot / "color" / "report.html", desk.page.context)
    assert again.page.locator("#next .next:not(.marked) .open[data-open='1004']:visible").count() == 0, (
        "not listed twice"
    )
    rows = again.page.locator("#next .marked li")
    assert rows.locator("h3").all_inner_texts() == ["Frame 1002", "Frame 1004"]
    rows.nth(0).locator("[data-do=mark]").click()
    assert rows.locator("h3").all_inner_texts() == ["Frame 1004"]
    again.page.locator("#corrections input[type=file]").set_input_files(tmp_path / "c.json")
    rows.nth(1).wait_for()


def test_a_region_gets_a_color_that_the_palette_lacks(desk: Desk, tmp_path: Path) -> None:
    desk.show(1003)
    desk.click(HEAD)
    choose = "(e) => { e.value = '#12ab34'; e.dispatchEvent(new Event('change', { bubbles: true })); }"
    desk.page.locator("[name=other]").evaluate(choose)
    assert desk.color_at(HEAD) == (0x12, 0xAB, 0x34, 255)
    (made,) = desk.save(tmp_path / "c.json")
    assert (made.number, made.color) == (1003, (0x12, 0xAB, 0x34, 255))


def test_marks_change_their_color_and_stay_so(desk: Desk) -> None:
    color = "getComputedStyle(document.documentElement).getPropertyValue('--mark').trim()"
    magenta = desk.page.evaluate(color)
    desk.page.keyboard.press("m")
    desk.show(1003)
    desk.page.keyboard.press("m")
    chosen = desk.page.evaluate(color)
    desk.page.reload()
    assert desk.page.evaluate(color) == chosen != magenta
    desk.page.keyboard.press("m")
    desk.page.keyboard.press("m")
    assert desk.page.evaluate(color) == magenta and desk.page.evaluate("localStorage.length") == 0
