"""Shots without a key: colors are proposed for one drawing and propagated; strokes and references guide them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from drawings import COAT, PAPER, SCARF, SIZE, SKIN, draw, make_shot
from numpy.typing import NDArray
from painting import colors_of, list_files, paint, read_frames

from framecolor import ReadError, Shot
from framecolor.cli.plan import plan
from framecolor.colorists.base import Conditioning, SamplingOptions
from framecolor.core.types import Frame, Regions
from framecolor.media import read_image, write_image
from framecolor.networks.checkpoint import save_colorist
from framecolor.training.baselines.deepcolor.network import DeepColor

HAT = (17, 201, 99, 255)
_HEAD, _COAT, _SCARF = (36, 28), (36, 68), (36, 46)


class Gradient:
    """Paints colors by position, shifted by the seed, or the histogram's fullest bin; records its conditionings."""

    name = "gradient"

    def __init__(self) -> None:
        self.calls: list[Conditioning] = []

    def paint(
        self, frame: Frame, regions: Regions, conditioning: Conditioning, options: SamplingOptions
    ) -> NDArray[np.float32]:
        self.calls.append(conditioning)
        y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
        return np.stack([x / SIZE[1], y / SIZE[0], np.full_like(x, (options.seed % 5) / 5)], axis=-1)


@pytest.fixture
def colorist(monkeypatch: pytest.MonkeyPatch, quick_engine: None, tmp_path: Path) -> Gradient:
    found = Gradient()
    weights = tmp_path / "colorist.safetensors"
    weights.write_bytes(b"stands for weights")
    monkeypatch.setattr("framecolor.keys.auto_key.open_colorist", lambda path: found)
    monkeypatch.setattr("framecolor.keys.auto_key.colorist_weights_path", lambda: weights)
    return found


def at(frame: NDArray[np.uint8], place: tuple[int, int], step: int) -> tuple[int, ...]:
    return tuple(frame[place[1], place[0] + 3 * step].tolist())


def stroke(root: Path, number: int, *dots: tuple[tuple[int, int], tuple[int, ...]]) -> None:
    hint = np.zeros((*SIZE, 4), np.uint8)
    for place, color in dots:
        cv2.circle(hint, place, 3, color, -1)
    write_image(root / f"hints/{number}.png", hint)


def head_of(out: Path) -> dict[str, Any]:
    return json.loads((out / "framecolor.json").read_text())


def test_a_region_has_one_color_over_all_frames(tmp_path: Path, colorist: Gradient) -> None:
    root = make_shot(tmp_path / "cut", keys=())
    outcome = paint(root, line="none")
    assert outcome.keys == 0 and len(outcome.written) == 7
    (warning,) = outcome.warnings
    assert "no key: all colors are invented" in warning and "drawing 1004" in warning
    frames = list(read_frames(outcome.out).values())
    for place in (_HEAD, _COAT, _SCARF):
        (color,) = {at(frame, place, step) for step, frame in enumerate(frames)}
        assert color[3] == 255
    assert all(tuple(frame[0, 0]) == PAPER for frame in frames)
    assert len(colors_of(frames[0])) == 4
    table = head_of(outcome.out)
    assert table["proposed"] == [1004]
    assert {entry["status"] for entry in table["frames"]} == {"painted"}
    assert all(entry["confidence"] <= 0.5 and entry["unsure"] for entry in table["frames"]), (
        "proposed colors are unsure"
    )


def test_a_second_run_reuses_the_proposal_and_another_seed_gives_another(tmp_path: Path, colorist: Gradient) -> None:
    root = make_shot(tmp_path / "cut", 3, keys=())
    first = read_frames(paint(root).out)
    before = list_files(root / "color")
    assert paint(root).written == ()
    assert list_files(root / "color") == before and len(colorist.calls) == 1
    assert paint(root, seed=1).written == (1001, 1002, 1003)
    assert at(read_frames(root / "color")["cut.1001.png"], _HEAD, 0) != at(first["cut.1001.png"], _HEAD, 0)
    paint(root, seed=0)
    assert {n: f.tobytes() for n, f in read_frames(root / "color").items()} == {
        n: f.tobytes() for n, f in first.items()
    }


def test_strokes_steer_and_are_kept_to_the_bit_in_all_frames(tmp_path: Path, colorist: Gradient) -> None:
    root = make_shot(tmp_path / "cut", keys=())
    stroke(root, 1006, ((51, 28), SKIN), ((51, 68), COAT))
    outcome = paint(root)
    assert any("no key: colors are proposed" in warning for warning in outcome.warnings), "strokes guide them"
    assert head_of(outcome.out)["proposed"] == [1006], "the drawing with most labels"
    hint = colorist.calls[0].hint
    assert hint is not None and tuple(hint.rgb[28, 51]) == SKIN[:3] and hint.confidence[0, 0] == 0
    for step, frame in enumerate(read_frames(outcome.out).values()):
        assert (at(frame, _HEAD, step), at(frame, _COAT, step)) == (SKIN, COAT)


def test_strokes_on_other_frames_override_the_proposal_everywhere(tmp_path: Path, colorist: Gradient) -> None:
    root = make_shot(tmp_path / "cut", keys=())
    stroke(root, 1002, ((39, 28), SKIN), ((39, 68), COAT))
    stroke(root, 1006, ((51, 46), SCARF))
    outcome = paint(root)
    assert head_of(outcome.out)["proposed"] == [1002]
    for step, frame in enumerate(read_frames(outcome.out).values()):
        assert (at(frame, _HEAD, step), at(frame, _COAT, step), at(frame, _SCARF, step)) == (SKIN, COAT, SCARF)


def test_a_palette_binds_the_proposal(tmp_path: Path, colorist: Gradient) -> None:
    root = make_shot(tmp_path / "cut", 3, keys=())
    (root / "film.gpl").write_text("GIMP Palette\n90 40 10\n10 200 30\n")
    stroke(root, 1002, ((39, 68), (12, 190, 40, 255)))
    allowed = {(90, 40, 10, 255), (10, 200, 30, 255), PAPER}
    for step, frame in enumerate(read_frames(paint(root, palette="film.gpl", line="none").out).values()):
        assert colors_of(frame) <= allowed and at(frame, _COAT, step) == (10, 200, 30, 255)


def test_the_reference_guides_the_colorist(tmp_path: Path, colorist: Gradient) -> None:
    root = make_shot(tmp_path / "cut", 2, keys=())
    write_image(root / "look.png", np.full((9, 7, 4), (200, 10, 10, 255), np.uint8))
    paint(root, reference="look.png")
    conditioning = colorist.calls[0]
    assert conditioning.histogram is not None and conditioning.reference is not None
    assert conditioning.histogram.max() == 1 and conditioning.reference.shape == (9, 7, 3)
    assert paint(root, reference="look.png").written == ()
    write_image(root / "look.png", np.full((9, 7, 4), (20, 10, 190, 255), np.uint8))
    paint(root, reference="look.png")
    assert len(colorist.calls) == 2, "another reference, another proposal"


def test_a_shot_with_a_key_has_no_proposal(tmp_path: Path, colorist: Gradient) -> None:
    root = make_shot(tmp_path / "cut", 3, keys=())
    paint(root)
    write_image(root / "keys/1003.png", draw(2)[1])
    outcome = paint(root)
    assert outcome.warnings == () and "proposed" not in head_of(outcome.out)
    assert at(read_frames(outcome.out)["cut.1001.png"], _HEAD, 0) == SKIN


def test_a_broken_drawing_fails_alone(tmp_path: Path, colorist: Gradient) -> None:
    root = make_shot(tmp_path / "cut", 5, keys=())
    (root / "line/cut.1003.png").write_bytes(b"")
    outcome = paint(root)
    assert set(outcome.failed) == {1003} and len(outcome.written) == 4


@pytest.mark.usefixtures("quick_engine")
def test_a_real_colorist_by_its_weights(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, keys=())
    torch.manual_seed(0)
    save_colorist(DeepColor(4, 4, 4), tmp_path / "tiny.safetensors")
    outcome = paint(root, model=str(tmp_path / "tiny.safetensors"))
    frames = list(read_frames(outcome.out).values())
    for place in (_HEAD, _COAT, _SCARF):
        assert len({at(frame, place, step) for step, frame in enumerate(frames)}) == 1
    assert paint(root, model=str(tmp_path / "tiny.safetensors")).written == ()
    with pytest.raises(ReadError, match="gone"):
        paint(root, model="gone.safetensors", overwrite=True)


@pytest.mark.usefixtures("quick_engine")
def test_a_system_without_weights_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framecolor.training.baselines.style.colorist._STEPS", 3)
    root = make_shot(tmp_path / "cut", 2, keys=())
    write_image(root / "reference.png", draw(2)[1])
    assert len(paint(root, model="style", reference="reference.png").written) == 2
    assert paint(root, model="style", reference="reference.png").written == ()


def test_the_plan_lists_no_key_and_the_strokes(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, keys=())
    stroke(root, 1002, ((39, 28), SKIN))
    lines = CliRunner().invoke(plan, [str(root)]).output
    assert "keys      none: colors would be proposed" in lines and "strokes   1: 1002" in lines
    table = json.loads(CliRunner().invoke(plan, [str(root), "--json"]).output)
    assert (table["keys"], table["partial"], table["farthest"]) == ([], [1002], None)
    assert table["spans"] == [{"first": 1001, "last": 1003, "paints": 3, "frames": "1001-1003"}]


def test_a_shot_without_a_key_opens(tmp_path: Path) -> None:
    assert Shot.open(make_shot(tmp_path / "cut", 2, keys=())).keys == {}
    assert Shot.open(tmp_path / "cut/line", hints=tmp_path / "cut/line").hints
    assert read_image(tmp_path / "cut/line/cut.1001.png").shape == (*SIZE, 4)
