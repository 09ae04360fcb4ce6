"""Region metrics with values worked out by hand, and agreement with an independent scorer if one is available."""

import importlib.util
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from framecolor import InputError, score_folders
from framecolor.evaluation.metrics import score_frame
from framecolor.evaluation.metrics.calibration import measure_auroc, measure_calibration_error

WHITE, RED, BLUE, GREEN = (255, 255, 255), (200, 40, 40), (40, 60, 200), (40, 160, 60)


def opaque(rgb):
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])


def four_rooms():
    """A 20x20 drawing on transparent: walls at row and column 10, a speck of 3x3 walled off in the corner.

    Rooms: 97 px top left, 10x9=90 top right, 90 bottom left, 81 bottom right and the speck of 9 px in it.
    """
    line = np.zeros((20, 20, 4), np.uint8)
    line[10, :, 3] = line[:, 10, 3] = 255
    line[3, 0:4, 3] = line[0:4, 3, 3] = 255  # closes off rows and columns 0..2: 9 px
    true = np.full((20, 20, 3), 255, np.uint8)
    true[:10, :10] = RED
    true[:3, :3] = GREEN
    true[:10, 11:] = BLUE
    return line, opaque(true)


def write_png(path, rgba):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", np.ascontiguousarray(rgba[..., [2, 1, 0, 3]]))[1].tobytes())


def test_a_perfect_frame_is_perfect():
    line, true = four_rooms()
    score = score_frame(true, true, line)
    assert score.regions == 5
    assert (score.acc, score.acc_thres, score.pix_acc, score.pix_f_acc, score.pix_b_miou, score.exact) == (1,) * 6
    assert (score.ciede2000, score.psnr_db, score.ssim) == (0, 100, pytest.approx(1))


def test_region_metrics_by_hand():
    line, true = four_rooms()
    pred = true.copy()
    pred[:3, :3, :3] = RED  # the speck of 9 px: wrong, but too small for acc_thres
    pred[:10, 11:, :3] = WHITE  # 90 px of figure called background
    pred[11:, :4, :3] = RED  # 36 of 90 px: the majority is still right
    score = score_frame(pred, true, line)
    areas = {"red": 100 - 16, "speck": 9, "blue": 90, "left": 90, "right": 81}
    total = sum(areas.values())
    assert score.regions == 5
    assert score.acc == pytest.approx(3 / 5)
    assert score.acc_thres == pytest.approx(3 / 4)
    assert score.pix_acc == pytest.approx((total - 9 - 90) / total)
    assert score.pix_f_acc == pytest.approx(84 / (84 + 9 + 90))
    assert score.pix_b_miou == pytest.approx((90 + 81) / (90 + 81 + 90))
    assert score.exact == pytest.approx((total - 9 - 90 - 36) / total)


def test_tolerance_is_per_channel_and_inclusive():
    line, true = four_rooms()
    pred = true.copy()
    pred[:10, 11:, 0] += 8
    assert score_frame(pred, true, line).acc == pytest.approx(4 / 5)
    assert score_frame(pred, true, line, tolerance=7).acc == pytest.approx(4 / 5)
    assert score_frame(pred, true, line, tolerance=8).acc == 1


def test_without_line_art_regions_come_from_the_truth():
    line, true = four_rooms()
    true[line[..., 3] > 0, :3] = 20
    assert score_frame(true, true).regions == 5
    # A fill with a line inside that is not drawn counts once; two equal fills that touch are one region.
    true[11:, 10, :3] = WHITE
    assert score_frame(true, true).regions == 4


def test_transparent_and_white_backgrounds_are_alike():
    line, true = four_rooms()
    pred = true.copy()
    pred[11:] = 0
    assert score_frame(pred, true, line).acc == 1
    assert score_frame(pred, true, line).pix_b_miou == 1


def test_alpha_only_line_art_has_regions():
    line, true = four_rooms()
    line[..., :3] = 255
    assert score_frame(true, true, line).regions == 5


def test_a_frame_with_nothing_to_measure_has_none_not_nan():
    line = np.zeros((8, 8, 4), np.uint8)
    line[..., 3] = 255
    white = np.full((8, 8, 4), 255, np.uint8)
    score = score_frame(white, white, line)
    assert (score.regions, score.acc, score.pix_f_acc, score.exact, score.pix_b_miou) == (0, None, None, None, 1)


def test_sizes_must_agree():
    _, true = four_rooms()
    with pytest.raises(ValueError, match="the prediction is 20x19, the truth is 20x20"):
        score_frame(true[:19], true)


def moving_square(folder, shift, colors):
    """Frames 1..n of a walled square that moves by `shift`; colors[i] is its paint."""
    for number, color in enumerate(colors, 1):
        rgba = np.full((40, 60, 4), 255, np.uint8)
        left = 5 + shift * number
        rgba[8:32, left : left + 24, :3] = 0
        rgba[9:31, left + 1 : left + 23, :3] = color
        write_png(folder / f"sh.{number:04d}.png", rgba)


def test_flicker_is_change_that_the_truth_does_not_make(tmp_path):
    moving_square(tmp_path / "truth", 3, [RED, RED, RED, BLUE])
    moving_square(tmp_path / "pred", 3, [RED, GREEN, GREEN, BLUE])
    score = score_folders(tmp_path / "pred", tmp_path / "truth")
    assert [frame.flicker for frame in score.frames.values()] == [None, 1, 0, None]
    assert score.mean.flicker == pytest.approx(0.5)


def test_a_skipped_frame_is_not_scored_but_still_flickers(tmp_path):
    moving_square(tmp_path / "truth", 3, [RED, RED, RED])
    moving_square(tmp_path / "pred", 3, [RED, GREEN, GREEN])
    score = score_folders(tmp_path / "pred", tmp_path / "truth", skip=[1])
    assert [(number, frame.flicker) for number, frame in score.frames.items()] == [(2, 1), (3, 0)]


def test_line_change_is_zero_for_ink_over_any_paint_and_counts_what_is_not():
    line, _ = four_rooms()
    line[9, :10, 3] = 100  # a fringe: paint shows through
    line[5, 5] = (0, 0, 255, 255)  # a trace-line pixel: it vanishes
    alpha = line[..., 3:].astype(np.float32) / 255
    alpha[5, 5] = 0
    paint = np.array(GREEN, np.float32)
    pred = opaque(np.rint(line[..., :3] * alpha + paint * (1 - alpha)).astype(np.uint8))
    assert score_frame(pred, pred, line).line_change == 0
    pred[10, 4, 0] = 7
    assert score_frame(pred, pred, line).line_change == 7


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: (f / "pred" / "sh.0002.png").unlink(), "pred: lacks frame 2 of"),
        (lambda f: (f / "truth").rename(f / "gone"), "truth: is not a folder"),
        (lambda f: write_png(f / "pred" / "again.0002.png", np.zeros((4, 4, 4), np.uint8)), "same number"),
        (lambda f: write_png(f / "pred" / "sh.0002.png", np.zeros((4, 4, 4), np.uint8)), "frame 2: the prediction is"),
    ],
)
def test_folders_that_do_not_match_are_named(tmp_path, spoil, words):
    for name in ("truth", "pred"):
        moving_square(tmp_path / name, 3, [RED, RED, RED])
    spoil(tmp_path)
    with pytest.raises(InputError, match=words):
        score_folders(tmp_path / "pred", tmp_path / "truth")


def independent_scorer():
    beside = Path(__file__).parents[3] / "shared" / "score.py"
    path = Path(os.environ.get("FRAMECOLOR_SCORER", beside))
    if not path.is_file():
        pytest.skip("no independent scorer: set FRAMECOLOR_SCORER to its path")
    spec = importlib.util.spec_from_file_location("scorer", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("with_line", [True, False])
@pytest.mark.parametrize("tolerance", [0, 8])
def test_agrees_with_the_independent_scorer(tmp_path, with_line, tolerance):
    scorer = independent_scorer()
    random = np.random.default_rng(7)
    line = np.zeros((120, 160, 4), np.uint8)
    drawn = np.zeros((120, 160), np.uint8)
    for x, y, r in random.integers(10, 110, (14, 3)):
        cv2.circle(drawn, (int(x), int(y)), int(r) // 3, 255, 1, cv2.LINE_AA)
    line[..., 3] = drawn
    palette = np.array([WHITE, RED, BLUE, GREEN, (90, 90, 90), (204, 44, 41)], np.uint8)
    blocks = random.integers(0, 6, (12, 16)).repeat(10, 0).repeat(10, 1)
    true, pred = (
        palette[np.where(random.random(blocks.shape) < share, random.integers(0, 6, blocks.shape), blocks)]
        for share in (0.05, 0.3)
    )
    pictures = {"line": line, "truth": opaque(true), "pred": opaque(pred)}
    pictures["pred"][:30, :30, 3] = 120
    for name, rgba in pictures.items():
        write_png(tmp_path / name / "0001.png", rgba)
    read = {name: scorer.rgb(str(tmp_path / name / "0001.png"))[0] for name in pictures}
    theirs = scorer.score(read["pred"], read["truth"], read["line"] if with_line else None, tolerance)
    ours = score_folders(
        tmp_path / "pred", tmp_path / "truth", tmp_path / "line" if with_line else None, tolerance=tolerance
    ).frames[1]
    assert ours.acc is not None and 0.1 < ours.acc < 0.98
    for name, value in theirs.items():
        our_name = {"pix": "pix_acc", "pix_fg": "pix_f_acc"}.get(str(name), str(name))
        assert getattr(ours, our_name) == pytest.approx(value, abs=1e-9), name


# Calibration


def test_auroc_counts_how_often_right_is_surer_than_wrong() -> None:
    confidence, right = np.array([0.9, 0.8, 0.4, 0.8]), np.array([True, True, False, False])
    assert measure_auroc(confidence, right) == pytest.approx((2 + 1.5) / 4)  # one tie of four pairs
    assert measure_auroc(confidence, np.ones(4, bool)) is None


def test_calibration_error_is_the_gap_between_promise_and_outcome() -> None:
    confidence = np.full(10, 0.95)
    assert measure_calibration_error(confidence, np.arange(10) < 7) == pytest.approx(0.25)
    assert measure_calibration_error(np.zeros(0), np.zeros(0, bool)) is None
