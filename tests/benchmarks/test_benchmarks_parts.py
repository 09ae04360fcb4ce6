"""The score of paintings from nothing: what agrees with the truth's paints, whatever their colors."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from smallest import make_network

from framecolor.media import read_image
from framecolor.networks.checkpoint import save_colorist
from framecolor.training.dataset import IdSequence, Provenance, write_dataset

SKIN, RED, BLUE, WHITE = (224, 172, 140), (220, 40, 40), (40, 90, 220), (255, 255, 255)

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Figures of a face, a coat, and two boots of one paint."""
    root = tmp_path_factory.mktemp("data")
    sequences = []
    for i in range(4):
        ids = np.zeros((1, 128, 128), np.uint16)
        cv2.circle(ids[0], (64, 30), 18 + i, 1, -1)
        cv2.rectangle(ids[0], (40, 50), (88, 90), 2, -1)
        cv2.rectangle(ids[0], (40, 100), (56, 116), 3, -1)
        cv2.rectangle(ids[0], (72, 100), (88, 116), 4, -1)
        numbers = np.arange(5, dtype=np.uint16)
        colors = np.array([WHITE, SKIN, RED, BLUE, BLUE], np.uint8)
        sequences.append(IdSequence(f"c{i}", "walk", ids, numbers, colors, numbers, ("a", "b", "c", "d", "e")))
    write_dataset(sequences, root, Provenance("test", "CC0-1.0"), 128, 2)
    return root


def paint(*colors: tuple[int, int, int]) -> np.ndarray:
    return np.array([(0, 0, 0, 0), *((*color, 255) for color in colors)], np.uint8)


def score(*colors: tuple[int, int, int]) -> dict[str, float]:
    """Score four regions, of which the last two truly have one paint, and the first that of skin."""
    from parts import score_parts

    same = np.array([False, False, False, False, False, True])
    truth = {
        "rows": np.arange(1, 5),
        "skin": np.array([True, False, False, False]),
        "white": np.zeros(4, bool),
        "same": same,
        "twin": same,
        "weight": np.array([1.0, 1, 1, 1, 1, 3]),
    }
    return score_parts(truth, paint(*colors))


def test_paints_count_and_their_colors_do_not() -> None:
    for colors in ((SKIN, RED, BLUE, BLUE), (RED, SKIN, WHITE, WHITE)):
        scores = score(*colors)
        assert scores["rand"] == scores["weighted_rand"] == scores["joined"] == scores["apart"] == scores["twins"] == 1
    assert score(SKIN, RED, BLUE, BLUE)["skin"] == 1
    assert score(RED, SKIN, BLUE, BLUE)["skin"] == 0
    assert score(RED, SKIN, BLUE, BLUE)["skin_elsewhere"] == pytest.approx(1 / 3)


def test_one_color_everywhere_and_a_color_for_each_region_are_no_answers() -> None:
    one, each = score(RED, RED, RED, RED), score(SKIN, RED, BLUE, WHITE)
    assert one["joined"] == 1 and one["apart"] == 0 and one["rand"] == one["weighted_rand"] == 0
    assert each["joined"] == 0 and each["apart"] == 1 and each["rand"] == each["weighted_rand"] == 0


def test_a_wrong_pair_costs_more_if_its_regions_are_large() -> None:
    wrong = score(BLUE, RED, BLUE, BLUE)
    assert 0 < wrong["rand"] < wrong["weighted_rand"] < 1


def test_white_paint_and_paper_are_white() -> None:
    assert score(SKIN, WHITE, BLUE, BLUE)["white_elsewhere"] == pytest.approx(1 / 4)
    assert "white" not in score(SKIN, WHITE, BLUE, BLUE)


def test_the_benchmark_writes_rows_for_a_colorist_and_for_simple_answers(data: Path, tmp_path: Path) -> None:
    from parts import main

    save_colorist(make_network("diffusion"), tmp_path / "diffusion.safetensors")
    arguments = ["--data", data, "--model", tmp_path / "diffusion.safetensors", "--drawings", 2, "--variations", 2]
    arguments += ["-o", tmp_path / "parts.json", "--sheet", tmp_path / "sheet.png"]
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    table = json.loads((tmp_path / "parts.json").read_text())
    assert table["format"] == 1
    rows = table["rows"]
    assert set(rows) == {"framecolor", "shuffled", "each region alone", "true groups"}
    assert rows["true groups"]["joined"] == 1
    assert rows["each region alone"]["rand"] == 0
    assert rows["framecolor"]["spread"] >= 0
    assert read_image(tmp_path / "sheet.png").shape[0] == 600
