"""framecolor evaluate, as a user calls it."""

import json
import shutil

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from drawings import draw

from framecolor import InputError, SettingsError
from framecolor.cli.evaluate import evaluate
from framecolor.core.compositing import lay_over_color
from framecolor.media import write_image


@pytest.fixture
def folders(tmp_path):
    """Three frames of two 8x20 halves; in frame 2 the right half (half of the figure) is painted wrong."""
    for name in ("truth", "pred"):
        (tmp_path / name).mkdir()
        for number in (1, 2, 3):
            bgra = np.full((8, 41, 4), 255, np.uint8)
            bgra[:, 20, :3] = 0
            bgra[:, :20, :3] = (40, 40, 200)
            bgra[:, 21:, :3] = (200, 60, 40) if (name, number) != ("pred", 2) else (200, 60, 41)
            (tmp_path / name / f"a.{number:04d}.png").write_bytes(cv2.imencode(".png", bgra)[1].tobytes())
    return [str(tmp_path / "pred"), str(tmp_path / "truth")]


def run(*args):
    result = CliRunner().invoke(evaluate, args)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_the_table_names_the_metrics_and_the_mean(folders):
    lines = run(*folders).output.splitlines()
    assert lines[0].split()[:4] == ["frame", "regions", "Acc", "Acc-Thres"]
    assert lines[1].split()[:4] == ["mean", "2", "0.8333", "0.8333"]
    assert lines[-1].startswith("3 frames")


def test_per_frame_adds_a_row_for_each(folders):
    lines = run(*folders, "--per-frame").output.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == ["frame", "1", "2", "3", "mean"]
    assert len({len(line) for line in lines[:-1]}) == 1


def test_json_holds_the_mean_and_every_frame(folders):
    answer = json.loads(run(*folders, "--json").output)
    assert list(answer["frames"]) == ["1", "2", "3"]
    assert answer["frames"]["2"]["acc"] == 0.5
    assert answer["mean"]["acc"] == pytest.approx(5 / 6)
    assert answer["frames"]["1"]["flicker"] is None
    assert answer["mean"]["line_change"] is None


def test_tolerance_and_skip(folders):
    assert json.loads(run(*folders, "--tolerance", "1", "--json").output)["mean"]["acc"] == 1
    assert list(json.loads(run(*folders, "--skip", "1-3x2", "--json").output)["frames"]) == ["2"]


def test_inbetweens_with_letters_are_scored_and_left_out_by_their_names(folders):
    for folder in folders:
        shutil.copy(f"{folder}/a.0002.png", f"{folder}/a.0002a.png")
    assert list(json.loads(run(*folders, "--json").output)["frames"]) == ["1", "2", "2a", "3"]
    assert list(json.loads(run(*folders, "--skip", "1,2a", "--json").output)["frames"]) == ["2", "3"]
    assert list(json.loads(run(*folders, "--skip", "2-3", "--json").output)["frames"]) == ["1"]


def test_wrong_arguments_are_errors_with_the_right_syntax(folders):
    with pytest.raises(SettingsError, match="--skip: 'x-' is not a list of frames; write it like"):
        run(*folders, "--skip", "x-")
    with pytest.raises(InputError, match="no frame is left"):
        run(*folders, "--skip", "1-3")
    with pytest.raises(InputError, match=r"nowhere: is not a folder"):
        run(folders[0], folders[1] + "/nowhere")
    assert run(*folders, "--tolerance", "300").exit_code == 2


def write_drawings(root, change):
    """Line art and truth of three drawings; `change` is applied to the drawings, on white."""
    for number in (1, 2, 3):
        line, painted = draw(number)
        write_image(root / f"truth/a.{number:04d}.png", painted)
        white = lay_over_color(line)
        pixels = np.full((*white.shape[:2], 4), 255, np.uint8)
        pixels[..., :3] = change(white)
        write_image(root / f"line/a.{number:04d}.png", pixels)
    return ["--line", str(root / "line"), "--json"]


def scan(white):
    rng = np.random.default_rng(0)
    return np.clip(white * 0.86 + rng.normal(0, 3, white.shape), 0, 255)


@pytest.mark.parametrize(
    "change, said", [(lambda white: 255 - white, "light lines on black"), (scan, "paper with a tone")]
)
def test_drawings_are_read_as_colorize_reads_them(tmp_path, change, said):
    clean = run(*[str(tmp_path / "clean/truth")] * 2, *write_drawings(tmp_path / "clean", lambda white: white))
    other = run(*[str(tmp_path / "other/truth")] * 2, *write_drawings(tmp_path / "other", change))
    assert clean.stderr == "" and said in other.stderr
    one, two = json.loads(clean.stdout)["mean"], json.loads(other.stdout)["mean"]
    assert one["acc"] == two["acc"] == 1
    assert one["regions"] == two["regions"]
