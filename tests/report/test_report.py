"""The HTML report of a small shot that is made on the spot."""

import base64
import json
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from framecolor import InputError, OutputError, ReadError
from framecolor.cli.report import report
from framecolor.media import write_image
from framecolor.report import write_report

WIDTH, HEIGHT = 480, 270
VOID = {"meta", "img", "input", "br", "link"}


class Page(HTMLParser):
    """Checks that tags nest, and collects attributes and text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def values(self, name):
        return [attrs[name] for _, attrs in self.tags if name in attrs]


def decode(source):
    data = np.frombuffer(base64.b64decode(source.removeprefix("data:image/webp;base64,")), np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return picture


def unsure(x, y, side, confidence, color=1, second=2):
    outline = [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]
    box = [x, y, side, side]
    return {"area": side * side, "box": box, "outline": outline, "color": color, "second": second,
            "confidence": confidence}  # fmt: skip


def make_shot(folder, shot="sh010", settings=None):
    """Seven frames: keys 1001 and 1007, 1003 in doubt most, 1004 held to 1005, 1006 failed."""
    out = folder / "color"
    frames = []
    for number in range(1001, 1008):
        name = f"sh010.{number}.png"
        line = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
        cv2.circle(line, (60 + (number - 1001) * 40, 130), 50, (0, 0, 0, 255), 3)
        paint = np.zeros_like(line)
        cv2.circle(paint, (60 + (number - 1001) * 40, 130), 50, (200, 60, 40, 255), -1)
        write_image(folder / "line" / name, line)
        status = {1001: "key", 1007: "key", 1005: "hold", 1006: "failed"}.get(number, "painted")
        frame = {"number": number, "file": name, "status": status, "regions": 2, "confidence": 0.97, "flicker": 0.01,
                 "unsure": []}  # fmt: skip
        if status == "failed":
            frame |= {"error": f"{folder.resolve()}/line/{name}: is truncated", "confidence": None, "flicker": None}
        else:
            write_image(out / name, np.where(line[..., 3:] > 0, line, paint))
        if status == "hold":
            frame["hold_of"] = 1004
        frames.append(frame)
    frames[1]["unsure"] = [unsure(90, 100, 20, 0.7)]
    frames[2]["unsure"] = [unsure(120, 90, 60, 0.4), unsure(200, 200, 8, 0.6, second=0)]
    table = {"format": 1, "framecolor": "0.1.0", "shot": shot, "line_dir": "../line", "size": [WIDTH, HEIGHT],
              "settings": settings or {"line": "over"},
              "palette": [[255, 255, 255, 0], [200, 60, 40, 255], [250, 200, 40, 255]],
              "fit": {"steps": 300, "key_accuracy": 0.998}, "frames": frames}  # fmt: skip
    (out / "framecolor.json").write_text(json.dumps(table))
    return out


def change_manifest(out, **changes):
    path = out / "framecolor.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.fixture
def out(tmp_path):
    return make_shot(tmp_path)


def test_the_page_is_whole_and_needs_nothing_else(out):
    text = write_report(out).read_text()
    page = Page(text)
    links = page.values("src") + page.values("href")
    assert links and all(link.startswith(("data:image/", "#")) for link in links)
    assert not re.search(r"url\(|@import|https?:", text)
    assert {link[1:] for link in links if link.startswith("#")} <= set(page.values("id"))
    ids = page.values("id")
    assert len(ids) == len(set(ids))


def test_the_command_is_quoted_for_the_system_that_the_page_is_read_on(tmp_path):
    out = make_shot(tmp_path, shot="cut 12")
    text = write_report(out).read_text("utf-8")
    command = "framecolor colorize {} --corrections corrections.json --line over --report"
    assert Page(text).values("data-windows") == [command.format('"cut 12"')]
    assert command.format("'cut 12'") in " ".join(Page(text).text.split())
    change_manifest(out, shot="cut_12")
    assert Page(write_report(out).read_text("utf-8")).values("data-windows") == [], "one form is that of all"


def test_the_page_shows_the_result_and_what_to_check(out):
    text = Page(write_report(out).read_text()).text
    assert "7 frames: 2 keys, 3 painted from them, 1 held, 1 failed; 3 regions to check in 2 frames." in text
    for word in (
        "1001\u20131007 (7)",
        "#C83C28",
        "transparent",
        "held 1005",
        "300 steps, alone it repeats 99.8% of the keys",
    ):
        assert word in text


def test_most_important_frames_and_failures_come_first(out):
    text = write_report(out).read_text()
    order = [
        text.index(mark) for mark in ("1 frame failed</h2>", 'id="check-1003"', 'id="check-1002"', 'id="frame-1001"')
    ]
    assert order == sorted(order)
    assert 'id="check-1004"' not in text


def test_unsure_regions_are_outlined_numbered_and_listed(out):
    page = Page(write_report(out).read_text())
    assert page.values("points").count("120,90 180,90 180,150 120,150") == 2  # an edge and its halo
    for word in ("40% sure", "3,600 px", "2 to check", "2 of 2 regions in doubt"):
        assert word in page.text


def test_what_no_key_shows_comes_before_larger_doubts_and_slivers_are_folded(out):
    frames = json.loads((out / "framecolor.json").read_text())["frames"]
    frames[1]["unsure"] = [unsure(90, 100, 20, 0.7) | {"unseen": True}]
    frames[2]["unsure"] += [unsure(10, 10, 3, 0.5) | {"sliver": True}, unsure(30, 10, 2, 0.5) | {"sliver": True}]
    change_manifest(out, frames=frames)
    text = write_report(out).read_text()
    assert text.index('id="check-1002"') < text.index('id="check-1003"')
    page = Page(text)
    assert page.text.count("No key shows this") == 1 and "no key shows 400 px" in page.text
    assert "2 of 2 regions in doubt" in page.text and "2 slivers, 13 px" in page.text
    assert "3 regions to check in 2 frames" in page.text
    assert page.values("data-region").count("4") == 2  # its outline and its row, but no number on the picture


def test_holds_are_marked_on_the_drawing_that_they_repeat(out):
    page = Page(write_report(out).read_text())
    assert "frame-1004" in page.values("id") and "frame-1005" not in page.values("id")
    assert "frame 1005, holds 1004, confidence 97%, flicker 1.0%" in page.text


def test_only_frames_to_check_get_a_large_picture(out):
    page = Page(write_report(out).read_text())
    sizes = [decode(source).shape for source in page.values("src")]
    thumbnail = (180, 320, 4)
    assert sizes.count(thumbnail) == 6 + 2  # every drawing, and the two suggested ones again
    assert len([size for size in sizes if size != thumbnail]) == 2


def test_everything_is_escaped_and_folders_stay_private(tmp_path):
    out = make_shot(tmp_path / "secret project", shot='<script>alert("x")</script>&<b>', settings={"line": "none"})
    text = write_report(out).read_text()
    page = Page(text)
    assert '<script>alert("x")</script>&<b>' in page.text
    scripts = [attrs for tag, attrs in page.tags if tag == "script"]
    assert scripts.count({}) == 1 and all(attrs.get("type") == "application/json" for attrs in scripts if attrs)
    assert "b" not in [tag for tag, _ in page.tags]
    assert "line/sh010.1006.png: is truncated" in page.text
    assert str(tmp_path) not in text and "secret" not in text


def test_a_file_name_in_the_manifest_never_leaves_the_output(out, tmp_path):
    write_image(tmp_path / "outside.png", np.full((HEIGHT, WIDTH, 4), 255, np.uint8))
    frames = json.loads((out / "framecolor.json").read_text())["frames"]
    frames[0]["file"] = "../outside.png"
    change_manifest(out, frames=frames, line_dir="")
    assert Page(write_report(out).read_text()).text.count("no picture") == 2  # this one, and the failed frame's


def test_missing_pictures_and_line_art_do_not_stop_it(out, tmp_path):
    (out / "sh010.1002.png").unlink()
    (out / "sh010.1003.png").write_bytes(b"\x89PNG\r\n\x1a\ncut")
    for path in (tmp_path / "line").iterdir():
        path.unlink()
    assert "no picture" in write_report(out).read_text()


@pytest.mark.parametrize("line_dir", ["../line", "../line/sh010.####.png"])
def test_paint_without_lines_is_shown_under_the_drawing(tmp_path, line_dir):
    out = make_shot(tmp_path, settings={"line": "none"})
    change_manifest(out, line_dir=line_dir)
    for path in out.glob("*.png"):
        write_image(path, np.full((HEIGHT, WIDTH, 4), (250, 200, 40, 255), np.uint8))
    source = Page(write_report(out).read_text()).values("src")[0]
    picture = decode(source)[..., :3]
    assert picture.min() < 60 and np.median(picture.reshape(-1, 3), axis=0)[2] > 240


def test_colors_have_the_names_of_the_palette_file(out, tmp_path):
    file = tmp_path / "show/film.gpl"
    file.parent.mkdir()
    file.write_text("GIMP Palette\n200 60 40 Scarf <red>\n")
    change_manifest(out, settings={"palette": str(file)})
    text = Page(write_report(out).read_text()).text
    assert text.count("Scarf <red>#C83C28") == 1 + 3, "the palette, and the choices of three unsure regions"
    file.rename(out.parent / "film.gpl")
    change_manifest(out, settings={"palette": "film.gpl"})
    assert "Scarf <red>" in Page(write_report(out).read_text()).text
    change_manifest(out, settings={"palette": "gone.gpl"})
    assert "Scarf" not in Page(write_report(out).read_text()).text


def test_a_shot_without_unsure_regions(out):
    frames = json.loads((out / "framecolor.json").read_text())["frames"]
    change_manifest(out, frames=[frame | {"unsure": []} for frame in frames if frame["status"] in ("key", "painted")])
    text = Page(write_report(out).read_text()).text
    assert "5 frames: 2 keys, 3 painted from them; no region in doubt." in text
    assert "Paint one of these next" not in text


def test_the_command_takes_the_shot_or_its_output(out, tmp_path):
    for folder in (tmp_path, out):
        result = CliRunner().invoke(report, [str(folder)], catch_exceptions=False)
        assert result.output.strip() == str(out / "report.html")
    CliRunner().invoke(report, [str(tmp_path), "-o", str(tmp_path / "page.html")], catch_exceptions=False)
    assert (tmp_path / "page.html").read_text() == (out / "report.html").read_text()
    assert not [path for path in out.iterdir() if path.suffix not in (".png", ".json", ".html")]


def test_errors_name_the_file_and_the_fix(out, tmp_path):
    def run(*args):
        CliRunner().invoke(report, [str(arg) for arg in args], catch_exceptions=False)

    with pytest.raises(InputError, match="is not a folder"):
        run(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"page\.html: "):
        run(tmp_path, "-o", tmp_path / "file" / "page.html")
    (out / "framecolor.json").write_text('{"format": 1')
    with pytest.raises(ReadError, match=r"framecolor\.json: .*; paint the shot again"):
        run(tmp_path)
    (out / "framecolor.json").unlink()
    with pytest.raises(InputError, match=r"holds no framecolor\.json; run `framecolor colorize` first"):
        run(tmp_path)
