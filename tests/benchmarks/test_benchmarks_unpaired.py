"""CycleGAN and style transfer on unpaired folders: the folders, the scores, and one command that writes both."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from characters import draw_figure
from click.testing import CliRunner

from framecolor.media import read_image
from framecolor.training.baselines.style import colorist
from framecolor.training.dataset import Dataset, Provenance, write_dataset

SOURCE = "bowing"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight figures, two of them held out, that bow in their second drawing."""
    figures = [draw_figure(f"c{number}", number) for number in range(8)]
    for figure in figures:
        figure.frames[1, :40] = np.roll(figure.frames[1, :40], 8, axis=1)
    folder = tmp_path_factory.mktemp("built")
    write_dataset(figures, folder, Provenance("drawn by the test", "CC0-1.0", SOURCE), figures[0].frames.shape[1], 2)
    return folder


def test_folders_hold_sketches_of_some_figures_and_paint_of_others(built: Path, tmp_path: Path) -> None:
    from unpaired_folders import write_folders

    sketches, colors = write_folders(Dataset(built), SOURCE, 5, tmp_path)
    drawn, painted = ([read_image(p)[..., :3] for p in sorted(f.glob("*.png"))] for f in (sketches, colors))
    assert len(drawn) == len(painted) == 5
    assert {*np.unique(np.stack(drawn))} == {0, 255}
    assert all(np.ptp(picture.astype(int), axis=2).max() > 5 for picture in painted)
    first = (colors / "000.png").stat().st_mtime_ns
    write_folders(Dataset(built), SOURCE, 5, tmp_path)
    assert (colors / "000.png").stat().st_mtime_ns == first
    with pytest.raises(SystemExit, match="no train figures of a source 'nobody'; choose of bowing"):
        write_folders(Dataset(built), "nobody", 5, tmp_path)


def test_two_drawings_of_a_figure_have_one_paint(built: Path) -> None:
    from unpaired_folders import read_twice

    pairs = read_twice(Dataset(built), SOURCE)
    assert len(pairs) == 2
    for first, second in pairs:
        paints = [{tuple(color) for color in s.colors[s.scored].tolist()} for s in (first, second)]
        assert paints[0] == paints[1]
        assert (first.truth != second.truth).any()


def test_truth_loses_nothing_and_noise_loses_all(built: Path) -> None:
    from unpaired import paint_true
    from unpaired_folders import read_twice
    from unpaired_scores import mean_histogram, score_pairs

    pairs = read_twice(Dataset(built), SOURCE)
    folder = mean_histogram([pair[1].truth for pair in pairs])
    true = score_pairs(pairs, [(paint_true(a), paint_true(b)) for a, b in pairs], folder)
    assert true["acc"] == 1 and true["left_white"] == 0
    assert max(true[name] for name in ("off_palette", "in_region", "two_drawings", "looks")) < 0.1
    rng = np.random.default_rng(0)

    def add_noise(painted: tuple) -> tuple:
        return (rng.integers(0, 256, painted[0].shape, np.uint8), *painted[1:])

    noisy = score_pairs(pairs, [(add_noise(paint_true(a)), add_noise(paint_true(b))) for a, b in pairs], folder)
    assert min(noisy[name] for name in ("off_palette", "in_region")) > 10
    assert noisy["looks"] > 0.5
    turned = [(paint_true(a), (255 - paint_true(b)[0], *paint_true(b)[1:])) for a, b in pairs]
    assert score_pairs(pairs, turned, folder)["two_drawings"] > 5


def test_one_command_trains_paints_and_draws_the_picture(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import unpaired
    from tables import format_unpaired

    for name, value in (("_COUNT", 6), ("_TEXTURE_PX", 32), ("_TEXTURE_STEPS", 3)):
        monkeypatch.setattr(unpaired, name, value)
    for name, value in (("_STEPS", 3), ("_LONG_SIDE", 32)):
        monkeypatch.setattr(colorist, name, value)
    monkeypatch.setattr(unpaired, "_SHOWN", 2)
    given = ["--data", built, "--source", SOURCE, "--runs", tmp_path / "runs", "--size", 32, "--width", 4]
    given += ["--blocks", 1, "-o", tmp_path / "unpaired.json", "--picture", tmp_path / "unpaired.png"]
    for minutes in (0.001, 0.002):
        arguments = [str(word) for word in (*given, "--minutes", minutes)]
        result = CliRunner().invoke(unpaired.main, arguments, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        budget = json.loads((tmp_path / "runs/budget.json").read_text())
        assert budget["budget_seconds"] == pytest.approx(60 * minutes)
    table = json.loads((tmp_path / "unpaired.json").read_text())
    assert table["license"] == "CC0-1.0"
    assert table["rows"]["truth"]["acc"] == 1
    assert table["rows"]["framecolor"]["acc"] > table["rows"]["CycleGAN"]["acc"]
    assert all(numbers["style_after"] < numbers["style_before"] for numbers in table["texture"])
    assert read_image(tmp_path / "unpaired.png").shape[0] == 8 * 200
    formatted = format_unpaired(tmp_path)
    assert formatted is not None and "style transfer" in formatted
