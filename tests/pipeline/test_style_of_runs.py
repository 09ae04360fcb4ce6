"""Runs on drawings as they come: negatives, colored lines and openings, said once, in every part of a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawings import COAT, SCARF, SKIN, draw, make_shot
from movie_files import write_lossless

from framecolor import Settings, Shot, color_frames, colorize
from framecolor.core.compositing import lay_over_color
from framecolor.keys import drawing_style
from framecolor.media import read_image, write_image
from framecolor.output.manifest import Manifest
from framecolor.pipeline.colorize import colorize_part, prepare
from framecolor.pipeline.drawing_style import settle_style
from framecolor.pipeline.result import gather_parts
from framecolor.report.page import build_page

pytestmark = pytest.mark.usefixtures("quick_engine")


def as_negative(rgba: np.ndarray) -> np.ndarray:
    white = np.full((*rgba.shape[:2], 1), 255, np.uint8)
    return np.concatenate([np.repeat(rgba[..., 3:], 3, axis=2), white], axis=2)


def make_negative_shot(root: Path) -> Path:
    make_shot(root, 3, (0,))
    for path in sorted((root / "line").iterdir()):
        write_image(path, as_negative(read_image(path)))
    return root


def test_a_negative_is_painted_as_its_drawing(tmp_path: Path) -> None:
    plain, root = make_shot(tmp_path / "plain", 3, (0,)), make_negative_shot(tmp_path / "cut")
    expected, outcome = colorize(Shot.open(plain)), colorize(Shot.open(root))
    assert expected.warnings == ()
    assert len(outcome.warnings) == 1 and "light lines on black" in outcome.warnings[0]
    for number in (1001, 1002, 1003):
        name = f"cut.{number}.png"
        np.testing.assert_array_equal(read_image(outcome.out / name), read_image(expected.out / name))
    assert Manifest.read(outcome.out).settings["paper"] == "black"
    assert Manifest.read(expected.out).settings["paper"] == "auto"


def test_the_style_is_said_again_but_not_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_negative_shot(tmp_path / "cut")
    first = colorize(Shot.open(root))
    monkeypatch.setattr(drawing_style, "judge_style", None)
    again = colorize(Shot.open(root))
    assert again.warnings == first.warnings and again.written == ()


def test_the_frames_to_paint_do_not_matter(tmp_path: Path) -> None:
    root = make_negative_shot(tmp_path / "cut")
    styles = [settle_style(Shot.open(root, frames=frames), Settings(), {}) for frames in (None, "1002", "1003")]
    assert styles[0] == styles[1] == styles[2]


@pytest.mark.parametrize("noted", [None, 3, [], {"source": 3}, {"settings": {"paper": "wood"}}, {"notes": None}])
def test_a_damaged_note_is_ignored(tmp_path: Path, noted: object) -> None:
    shot = Shot.open(make_negative_shot(tmp_path / "cut"))
    style = settle_style(shot, Settings(), {})
    damaged = {**style.noted, **noted} if isinstance(noted, dict) else noted
    assert settle_style(shot, Settings(), {"drawings": damaged}) == style


def test_arrays_are_read_in_the_same_way() -> None:
    drawings = {n: as_negative(draw(n)[0]) for n in range(3)}
    warned = []
    frames = list(color_frames(drawings, {0: draw(0)[1]}, listener=warned.append))
    assert len(warned) == 1 and "light lines on black" in warned[0].text
    colors = {tuple(color) for color in frames[0].rgba.reshape(-1, 4).tolist()}
    assert {SKIN, COAT, SCARF} <= colors


def test_settings_that_are_given_stay(tmp_path: Path) -> None:
    shot = Shot.open(make_negative_shot(tmp_path / "cut"))
    assert settle_style(shot, Settings(paper="white"), {}).settings == Settings(paper="white")


def test_drawings_that_are_unlike_the_others_are_named_whichever_they_are(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 12, (0,))
    names = sorted((root / "line").iterdir())
    for path in names[4:7]:
        write_image(path, as_negative(read_image(path)))
    warnings = colorize(Shot.open(root)).warnings
    named = {text.split(" is on ")[0].split(" are on ")[0] for text in warnings if "other paper than most" in text}
    chosen = drawing_style.choose_drawings(Shot.open(root))
    early = [number for number in (1005, 1006, 1007) if number in chosen]
    assert early == [1007] and named == {"drawing 1007", "drawings 1005-1006"}


def test_a_movie_is_read_as_its_frames_would_be_as_files(tmp_path: Path) -> None:
    """A codec leaves noise in the frames that it predicts, and hardly any in the first one, which has the key."""
    rng = np.random.default_rng(0)
    pictures = [np.pad(lay_over_color(draw(n)[0]), ((0, 0), (0, 0), (0, 1)), constant_values=255) for n in range(4)]
    for picture in pictures[1:]:
        picture[..., :3] = np.clip(picture[..., :3] * 0.9 + rng.normal(0, 3, (*picture.shape[:2], 3)), 0, 255)
    (tmp_path / "movie/line").mkdir(parents=True)
    write_lossless(tmp_path / "movie/line/cut.mkv", pictures)
    for number, picture in enumerate(pictures, 1):
        write_image(tmp_path / f"stills/line/{number:04d}.png", picture)
    for kind in ("movie", "stills"):
        write_image(tmp_path / kind / "keys/0001.png", draw(0)[1])
    movie, stills = (settle_style(Shot.open(tmp_path / kind), Settings(), {}) for kind in ("movie", "stills"))
    assert movie.settings == stills.settings and movie.settings.paper == "scan"


def make_mixed_shot(root: Path) -> Path:
    """Negatives, four plain drawings among them, an empty one, and a picture that is not used."""
    make_shot(root, 12, (0,))
    names = sorted((root / "line").iterdir())
    for path in [*names[:4], *names[8:]]:
        write_image(path, as_negative(read_image(path)))
    write_image(names[9], as_negative(np.zeros_like(draw(0)[0])))
    write_image(root / "line" / "preview.png", draw(0, (48, 64))[0])
    return root


def test_the_report_shows_all_that_was_said(tmp_path: Path) -> None:
    root = make_mixed_shot(tmp_path / "cut")
    outcome = colorize(Shot.open(root))
    manifest = Manifest.read(outcome.out)
    assert len(manifest.notes) == 1 and "light lines on black" in manifest.notes[0]
    warned = manifest.list_warnings()
    assert any("preview.png" in text for text in warned)
    assert "painted as paper, as the drawings are empty: 1010" in warned
    assert any(text.startswith("drawings 1005-1008 are on other paper") for text in warned)
    assert any("light lines on black" in text for text in outcome.warnings)
    page = build_page(manifest)
    assert "; 4 frames read wrong." in page and page.count(">other paper</span>") == 4
    assert "How the drawings were read" in page and "light lines on black" in page
    assert "drawings 1005-1008 are on other paper" in page and "preview.png" in page and str(root) not in page


def test_what_was_said_while_painting_is_said_again_when_all_is_up_to_date(tmp_path: Path) -> None:
    root = make_mixed_shot(tmp_path / "cut")
    first = colorize(Shot.open(root))
    noted = (first.out / "framecolor.json").read_bytes()
    again = colorize(Shot.open(root))
    assert again.written == () and sorted(again.warnings) == sorted(first.warnings)
    assert (first.out / "framecolor.json").read_bytes() == noted
    (root / "line" / "preview.png").unlink()
    colorize(Shot.open(root))
    assert not any("preview.png" in text for text in Manifest.read(first.out).list_warnings())


def test_what_tasks_said_of_drawings_is_gathered(tmp_path: Path) -> None:
    root = make_mixed_shot(tmp_path / "cut")
    prepare(Shot.open(root))
    for frames in ("1001-1006", "1007-1012"):
        colorize_part(Shot.open(root, frames=frames))
    outcome = gather_parts(Shot.open(root), Shot.open(root).out)
    assert any("1005-1008 are on other paper" in text for text in outcome.warnings)
    assert "painted as paper, as the drawings are empty: 1010" in outcome.warnings
