"""The comparison of systems and the count of corrections, on drawings that take seconds."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from drawings import SCARF, SKIN, draw, make_shot
from smallest import make_network

from framecolor.media import read_image, write_image
from framecolor.training.dataset import IdSequence, Provenance, write_dataset

COLORS = ((255, 255, 255), (220, 40, 40), (40, 90, 220), (250, 210, 160))


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    shot = make_shot(folder / "walker", frames=4, keys=(0, 1, 2, 3), name="{:04d}.png")
    (shot / "keys").rename(shot / "color")
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six figures of three fills, four of them to train on."""
    root = tmp_path_factory.mktemp("data")
    sequences = []
    for i in range(6):
        ids = np.zeros((1, 128, 128), np.uint16)
        cv2.circle(ids[0], (64, 64), 30 + 4 * i, 1, -1)
        cv2.rectangle(ids[0], (40, 70), (88, 96), 2, -1)
        cv2.circle(ids[0], (64, 48), 12, 3, -1)
        numbers = np.arange(4, dtype=np.uint16)
        sequences.append(
            IdSequence(f"c{i}", "walk", ids, numbers, np.array(COLORS, np.uint8), numbers, ("a", "b", "c", "d"))
        )
    write_dataset(sequences, root, Provenance("test", "CC0-1.0"), 128, 2)
    return root


def run(main: Any, *arguments: object) -> str:
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_truth_scores_as_right_and_its_negative_as_wrong(data: Path) -> None:
    from scoring import Painted, score
    from subjects import Subject, read_held_out

    def paint(subject: Subject, rgb: np.ndarray) -> Painted:
        opaque = np.zeros((subject.regions.count + 1, 4), np.uint8)
        opaque[:, :3] = subject.colors if rgb is subject.truth else 255 - subject.colors
        return rgb, rgb, opaque, 0.1

    subjects = list(read_held_out(data, 2, 64))
    right, _ = score(subjects, lambda s: paint(s, s.truth))
    wrong, _ = score(subjects, lambda s: paint(s, 255 - s.truth))
    assert right["acc"] == 1.0
    assert wrong["acc"] == 0.0
    assert right["ciede2000"] < 3 < wrong["ciede2000"]
    assert wrong["ssim"] < right["ssim"]


def test_the_reference_of_held_out_art_is_another_picture_of_the_same_character(data: Path) -> None:
    from subjects import read_held_out

    for subject in read_held_out(data, 2, 64):
        guide = subject.condition("reference")
        assert guide.hint is None
        assert guide.histogram is not None
        assert guide.histogram.sum() == pytest.approx(1, abs=1e-4)
        assert (subject.reference != subject.truth).any()
        dots = subject.condition("random dots").hint
        assert dots is not None
        assert dots.confidence.any()
        known = dots.confidence > 0
        np.testing.assert_array_equal(dots.rgb[known], subject.truth[known])
        assert subject.condition("nothing").hint is None


def test_a_painter_strokes_each_color_first_in_its_largest_region(data: Path) -> None:
    from subjects import read_held_out

    for subject in read_held_out(data, 2, 64):
        strokes = subject.condition("strokes").hint
        assert strokes is not None
        marked = np.unique(subject.regions.labels[strokes.confidence > 0])
        colors = np.unique(subject.colors[subject.scored], axis=0)
        assert len(np.unique(subject.colors[marked], axis=0)) == min(24, len(colors))
        for region in np.flatnonzero(subject.scored):
            same = marked[(subject.colors[marked] == subject.colors[region]).all(axis=1)]
            assert len(same) == 0 or subject.regions.area[same].max() >= subject.regions.area[region]


def test_the_reference_of_a_clip_is_its_first_frame(clips: Path) -> None:
    from clips import find_clips
    from subjects import read_clip

    first = draw(0)[1]
    subjects = list(read_clip(find_clips(clips, ())[0], 9))
    assert [s.name for s in subjects] == ["walker 1002", "walker 1003", "walker 1004"]
    for subject in subjects:
        np.testing.assert_array_equal(subject.reference[first[..., 3] > 0], first[first[..., 3] > 0][:, :3])


def test_one_command_trains_scores_and_keeps_the_rows_of_others(
    data: Path, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import recipes
    import systems
    from recipes import OURS, main
    from tables import format_recipes

    from framecolor.config.settings import Settings

    monkeypatch.setattr(recipes, "Settings", lambda: Settings(fit=0))
    monkeypatch.setattr(systems, "SIZE_PX", 32)

    out, sheet = tmp_path / "recipes.json", tmp_path / "sheet.png"
    given = ("--data", data, "--clips", clips, "--runs", tmp_path / "runs", "--held-out", 2, "--frames", 1, "-o", out)
    run(main, *given, "--minutes", 0.001, "--only", "deepcolor", "--sheet", sheet)
    run(main, *given, "--only", OURS)
    rows = json.loads(out.read_text())["rows"]
    assert [(row["system"], row["told"]) for row in rows] == [
        ("deepcolor", "strokes"), ("deepcolor", "random dots"), ("deepcolor", "nothing"), (OURS, "one key"),
    ]  # fmt: skip
    assert rows[0]["steps"] >= 2
    assert rows[3]["clips"]["walker"]["acc"] == 1.0
    assert 0 <= rows[0]["held_out"]["acc"] <= 1
    assert read_image(sheet).shape[0] == 5 * 200  # drawing, three rows, truth
    table = format_recipes(tmp_path)
    assert table is not None
    assert table.count("\n") == 5


def test_a_painter_corrects_until_the_clip_is_right(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import corrections
    from tables import format_corrections

    from framecolor.config.settings import Settings

    # Head and scarf have each other's color in the key: the clip begins with regions to correct.
    monkeypatch.setattr(corrections, "Settings", lambda **given: Settings(**{**given, "fit": 0}))
    wrong = tmp_path / "clips" / "walker"
    (wrong / "color").mkdir(parents=True)
    (wrong / "line").symlink_to(clips / "walker" / "line")
    (wrong / "flat").symlink_to(clips / "walker" / "color")
    for path in sorted((clips / "walker" / "color").iterdir()):
        key = read_image(path).copy()
        head, scarf = (key == SKIN).all(axis=2), (key == SCARF).all(axis=2)
        key[head], key[scarf] = SCARF, SKIN
        write_image(wrong / "color" / path.name, key)
    run(corrections.main, "--clips", tmp_path / "clips", "-o", tmp_path / "corrections.json", "--target", 0.99)
    row = json.loads((tmp_path / "corrections.json").read_text())["clips"]["walker"]
    assert row["reached"]
    assert row["start"] < 0.99
    assert 1 <= row["corrections"] <= row["wrong"]
    table = format_corrections(tmp_path)
    assert table is not None
    assert "walker" in table


def test_obedience_is_the_share_that_takes_the_colors_of_a_reference(data: Path) -> None:
    from scoring import Painted, measure_obedience
    from subjects import Subject, read_held_out

    colors = ((200, 30, 30), (30, 160, 60))
    subjects = [
        replace(subject, reference=np.full((8, 8, 3), color, np.uint8))
        for subject, color in zip(read_held_out(data, 2, 64), colors, strict=True)
    ]

    def paint(subject: Subject, color: tuple[int, int, int]) -> Painted:
        rgb = np.full((*subject.regions.size, 3), color, np.uint8)
        return rgb, rgb, np.zeros((subject.regions.count + 1, 4), np.uint8), 0.1

    assert measure_obedience(subjects, lambda s: paint(s, tuple(s.reference[0, 0].tolist()))) == 1
    assert measure_obedience(subjects, lambda s: paint(s, colors[0])) == 0.5


def test_a_painter_in_the_loop_gets_more_right_in_each_round(data: Path, tmp_path: Path) -> None:
    import rounds

    from framecolor.networks.checkpoint import save_colorist

    torch.manual_seed(0)
    save_colorist(make_network("stencil"), tmp_path / "stencil.safetensors")
    out = tmp_path / "rounds.json"
    given = ("--data", data, "--model", tmp_path / "stencil.safetensors", "--drawings", 2, "-o", out)
    run(rounds.main, *given, "--rounds", 3, "--strokes", 1)
    table = json.loads(out.read_text())
    assert table["rounds"] == sorted(table["rounds"])
    assert table["rounds"][-1] == 1  # three fills: a stroke for each
    assert 0 <= table["at_once"] <= 1
