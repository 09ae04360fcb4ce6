"""Teacher-forced painting, and `framecolor evaluate --protocol`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from drawings import COAT, SCARF, draw, make_shot

from framecolor import InputError, ReadError, Settings, Shot
from framecolor.cli.evaluate import evaluate
from framecolor.evaluation.metrics import score_sequence
from framecolor.evaluation.teacher_forced import paint_teacher_forced
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.regions import find_regions
from framecolor.media import write_image
from framecolor.propagation import voters

FIRST = 1001
FRAMES = 5

pytestmark = pytest.mark.usefixtures("quick_engine")


def truth(number: int) -> np.ndarray:
    return draw(number - FIRST)[1]


@pytest.fixture
def shot(tmp_path: Path) -> Shot:
    return Shot.open(make_shot(tmp_path / "cut", frames=FRAMES, keys=(0,), first=FIRST))


@pytest.fixture
def truth_folder(tmp_path: Path) -> Path:
    for number in range(FIRST, FIRST + FRAMES):
        write_image(tmp_path / "truth" / f"cut.{number}.png", truth(number))
    return tmp_path / "truth"


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(evaluate, [str(a) for a in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_small_motion_from_the_truth_is_painted_exactly(shot: Shot, tmp_path: Path) -> None:
    painted = paint_teacher_forced(shot, truth, Settings(fit="off"), tmp_path / "out")
    score = score_sequence(
        shot.numbers, lambda number: next(painted)[1], truth, shot.read_line, skip={FIRST}, tolerance=0
    )
    assert list(score.frames) == list(range(FIRST + 1, FIRST + FRAMES))
    assert score.mean.acc == 1
    assert score.mean.line_change == 0


def test_every_frame_follows_the_truth_before_it(shot: Shot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The truth swaps coat and scarf after the key: painting from the key alone, which is turned down, could not."""
    monkeypatch.setattr(voters, "NETWORK_WEIGHT", 0.1)
    monkeypatch.setattr(voters, "GALLERY_WEIGHT", 0.1)

    def swapped(number: int) -> np.ndarray:
        rgba = truth(number)
        out = rgba.copy()
        out[(rgba == COAT).all(axis=2)] = SCARF
        out[(rgba == SCARF).all(axis=2)] = COAT
        return out

    painted = dict(paint_teacher_forced(shot, swapped, Settings(fit="off"), tmp_path / "out"))
    coat_at = (66, 36)
    assert tuple(painted[FIRST][coat_at]) == COAT  # a key comes out as it was painted
    for number in shot.numbers[1:]:
        frame = read_drawing(number, shot.read_line(number))
        labels = find_regions(frame).labels
        body = labels == labels[coat_at[0], coat_at[1] + 3 * (number - FIRST)]
        assert (painted[number][body & (frame.ink[..., 3] == 0)] == SCARF).all()


def test_truth_on_opaque_white_counts_as_paper_of_transparent_keys(shot: Shot, tmp_path: Path) -> None:
    def on_white(number: int) -> np.ndarray:
        rgba = truth(number)
        rgba[rgba[..., 3] == 0] = 255
        return rgba

    painted = dict(paint_teacher_forced(shot, on_white, Settings(fit="off"), tmp_path / "out"))
    assert all((rgba[0, 0] == (255, 255, 255, 0)).all() for rgba in painted.values())


def test_painting_is_lazy(shot: Shot, tmp_path: Path) -> None:
    shot.lines[FIRST + 2].write_bytes(b"broken")
    painted = paint_teacher_forced(shot, truth, Settings(fit="off"), tmp_path / "out")
    assert [next(painted)[0], next(painted)[0]] == [FIRST, FIRST + 1]
    with pytest.raises(ReadError, match=str(FIRST + 2)):
        next(painted)


def test_evaluate_scores_a_shot_teacher_forced(shot: Shot, truth_folder: Path) -> None:
    result = run(shot.root, truth_folder, "--protocol", "teacher-forced", "--fit", 2, "--json")
    answer = json.loads(result.output)
    assert list(answer["frames"]) == [str(n) for n in shot.numbers[1:]]  # the key is not scored
    assert answer["mean"]["acc"] == 1
    assert list((shot.root / "color" / ".framecolor").glob("fit-*.safetensors"))  # kept for colorize
    assert not list((shot.root / "color").glob("*.png"))


def test_evaluate_names_what_teacher_forced_needs(shot: Shot, truth_folder: Path) -> None:
    (truth_folder / f"cut.{FIRST + 1}.png").unlink()
    with pytest.raises(InputError, match=f"frame {FIRST + 1}"):
        run(shot.root, truth_folder, "--protocol", "teacher-forced", "--fit", "off")
    refused = run(truth_folder, truth_folder, "--fit", "off")
    assert refused.exit_code == 2
    assert "--protocol teacher-forced" in refused.output
