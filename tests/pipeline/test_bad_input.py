"""Whatever is wrong with a shot: one line that names the file and the fix, the documented exit code, nothing lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result
from drawings import PAPER, SIZE, draw, make_shot
from painting import list_files, paint, read_frames, share_equal

from framecolor import FramecolorError, cli
from framecolor.media import read_image, write_image
from framecolor.pipeline import read_ahead as drawing_flow
from framecolor.pipeline.read_ahead import Drawing, LoadedDrawing

pytestmark = pytest.mark.usefixtures("quick_engine")


def run(*arguments: str | Path) -> Result:
    """The command line as a shell runs it, with its errors turned into exit codes."""

    def main() -> None:
        cli.main([str(argument) for argument in arguments])

    result = CliRunner().invoke(click.Command("run", callback=main), [])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def remove_lines(root: Path) -> None:
    for path in (root / "line").iterdir():
        path.unlink()
    (root / "line").rmdir()


def resize_key(root: Path) -> None:
    write_image(root / "keys/cut.1001.png", draw(0, (90, 128))[1])


def renumber_key(root: Path) -> None:
    (root / "keys/cut.1001.png").rename(root / "keys/cut.1009.png")


def cut_key(root: Path) -> None:
    path = root / "keys/cut.1001.png"
    path.write_bytes(path.read_bytes()[:200])


def fake_key(root: Path) -> None:
    (root / "keys/cut.1001.png").write_text("not a picture")


def remove_keys(root: Path) -> None:
    for path in (root / "keys").iterdir():
        path.unlink()


def misspell(root: Path) -> None:
    (root / "framecolor.toml").write_text("gap_pix = 3\n")


def mistype(root: Path) -> None:
    (root / "framecolor.toml").write_text('gap_px = "3"\n')


def break_toml(root: Path) -> None:
    (root / "framecolor.toml").write_text("gap_px = \n")


def fake_palette(root: Path) -> None:
    (root / "film.gpl").write_text("red\n")


def clear_palette(root: Path) -> None:
    (root / "film.gpl").write_text("GIMP Palette\nChannels: RGBA\n255 255 255 0 paper\n")


def file_for_folder(root: Path) -> None:
    (root / "color").write_text("a file")


def blacken_keys(root: Path) -> None:
    for path in (root / "keys").iterdir():
        ink = np.zeros((*SIZE, 4), np.uint8)
        ink[..., 3] = 255
        write_image(root / "line" / path.name, ink)


def nothing(root: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("spoil", "options", "words"),
    [
        (remove_lines, (), ("cut/line", "no such folder", "put the drawings into a folder of that name")),
        (resize_key, (), ("keys/cut.1001.png", "128x90", "128x96", "at the size of the drawings")),
        (renumber_key, (), ("keys/cut.1009.png", "no drawing 1009", "give it the number of a drawing (1001-1003)")),
        (cut_key, (), ("keys/cut.1001.png", "cut off", "write the file again")),
        (fake_key, (), ("keys/cut.1001.png", "not an image", "export it as")),
        (remove_keys, ("--model", "{root}/gone.safetensors"), ("gone.safetensors",)),
        (nothing, ("--reference", "{root}/gone.png"), ("gone.png",)),
        (misspell, (), ("framecolor.toml", "no setting 'gap_pix'", "did you mean gap_px?")),
        (mistype, (), ("framecolor.toml", "gap_px cannot be '3'", "give a number of pixels from 0 to 64")),
        (break_toml, (), ("framecolor.toml", "not valid TOML", "put text into quotes")),
        (fake_palette, ("--palette", "{root}/film.gpl"), ("film.gpl", "not a palette", "export the palette as .gpl")),
        (clear_palette, ("--palette", "{root}/film.gpl"), ("transparent colors only", "the colors of the keys")),
        (nothing, ("--palette", "{root}/none.gpl"), ("none.gpl", "no such file", "check the name")),
        (file_for_folder, (), ("cut/color", "is a file, not a folder", "with -o")),
        (nothing, ("-o", "{root}/line/cut.1001.png"), ("cut.1001.png", "is a file, not a folder", "with -o")),
        (nothing, ("-o", "{root}/line"), ("cut/line", "the shot's own drawings, keys or references", "with -o")),
        (nothing, ("-o", "{root}/keys"), ("cut/keys", "the shot's own drawings, keys or references", "with -o")),
        (nothing, ("-o", "{root}", "--line", "layer"), ("cut/line", "would be overwritten", "with -o")),
        (blacken_keys, (), ("ink all over", "line art of the painted frames")),
        (nothing, ("--frames", "1-3"), ("--frames 1-3", "not in the shot", "the shot has 1001-1003")),
        (nothing, ("--frames", "lots"), ("--frames lots", "not a frame range", "1-24")),
        (nothing, ("--fit", "keep"), ("--fit keep", "no earlier run", "with --fit auto")),
        (nothing, ("--gap", "65"), ("gap_px cannot be 65", "from 0 to 64")),
        (nothing, ("--engine", "tensorrt"), ("engine tensorrt", "use --engine")),
        (nothing, ("--keys", "{root}/painted"), ("cut/painted", "no such folder", "check --keys")),
        (nothing, ("--hints", "{root}/scribbles"), ("cut/scribbles", "no such folder", "check --hints")),
    ],
)  # fmt: skip
def test_what_stops_a_run_before_it_begins(
    tmp_path: Path, spoil: Callable[[Path], None], options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    root = make_shot(tmp_path / "cut", 3, (0, 2))
    spoil(root)
    before = list_files(tmp_path)
    result = run("colorize", root, "--fit", "0", *(option.format(root=root) for option in options))
    assert result.exit_code == 2, result.output
    assert list_files(tmp_path) == before
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    for word in words:
        assert word in errors[0]


def test_an_engine_that_cannot_run_is_an_error_with_the_reason(tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    result = run("colorize", make_shot(tmp_path / "cut", 1, (0,)), "--engine", "cuda")
    assert result.exit_code == 2
    assert "engine cuda: " in result.stderr
    assert "--engine cpu" in result.stderr


@pytest.mark.parametrize(
    "options",
    [
        ("--fit", "lots"), ("--fit", "-3"), ("--gap", "-1"), ("--gap", "wide"), ("--mode", "oil"),
        ("--lanes", "0"), ("--lanes", "17"), ("--lanes", "many"),
        ("--engine", "abacus"), ("--line", "under"), ("--background", "blue"), ("--seed", "-1"), ("--progress", "loud"),
        ("--no-such-option",),
    ],
)  # fmt: skip
def test_options_that_are_none(tmp_path: Path, options: tuple[str, ...]) -> None:
    root = make_shot(tmp_path / "cut", 1, (0,))
    result = run("colorize", root, *options)
    assert result.exit_code == 2
    assert "Usage: framecolor colorize" in result.stderr
    assert options[0] in result.stderr
    assert not (root / "color").exists()


def test_a_shot_that_is_not_there(tmp_path: Path) -> None:
    result = run("colorize", tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "nowhere: there is no such folder, sequence or movie; check the name" in result.stderr


BREAKS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "cut off": lambda data: data[: len(data) // 2],
    "garbage": lambda data: b"\0" * 1000,
    "flipped bits": lambda data: data[:150] + bytes(255 - byte for byte in data[150:160]) + data[160:],
}


@pytest.mark.parametrize("kind", BREAKS)
def test_a_broken_drawing_costs_only_itself(tmp_path: Path, kind: str) -> None:
    root = make_shot(tmp_path / "cut")
    path = root / "line/cut.1004.png"
    whole = path.read_bytes()
    path.write_bytes(BREAKS[kind](whole))
    result = run("colorize", root, "--fit", "0", "--report")
    assert result.exit_code == 1
    failures = [line for line in result.stderr.splitlines() if line.startswith("failed: ")]
    assert len(failures) == 1
    assert failures[0].startswith(f"failed: cut frame 1004: {path}: ")
    frames = read_frames(root / "color")
    assert sorted(frames) == [f"cut.{number}.png" for number in (1001, 1002, 1003, 1005, 1006, 1007)]
    for name, frame in frames.items():
        assert share_equal(frame, draw(int(name[4:8]) - 1001)[1]) > 0.99
    entry = json.loads((root / "color/framecolor.json").read_text())["frames"][3]
    assert entry["status"] == "failed"
    assert str(path) in entry["error"]
    assert (root / "color/report.html").exists()
    assert run("colorize", root, "--fit", "0").exit_code == 1, "the failure is reported again"
    path.write_bytes(whole)
    assert run("colorize", root, "--fit", "0").exit_code == 0
    assert share_equal(read_image(root / "color/cut.1004.png"), draw(3)[1]) > 0.99


def test_a_drawing_of_another_size_costs_only_itself(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0,))
    write_image(root / "line/cut.1002.png", draw(1, (96, 130))[0])
    outcome = paint(root)
    assert outcome.written == (1001, 1003)
    assert list(outcome.failed) == [1002]
    assert "130x96" in outcome.failed[1002]


def test_a_key_whose_drawing_is_broken_is_left_out(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut")
    (root / "line/cut.1007.png").write_bytes(b"")
    outcome = paint(root)
    assert (outcome.written, outcome.keys) == ((1001, 1002, 1003, 1004, 1005, 1006), 1)
    assert list(outcome.failed) == [1007]
    assert any("key 1007 is not used" in warning for warning in outcome.warnings)
    (root / "line/cut.1001.png").write_bytes(b"")
    with pytest.raises(FramecolorError, match=r"line/cut\.1001\.png: the file is empty; write the file again"):
        paint(root)


def test_all_drawings_but_the_key_are_broken(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0,))
    for number in (1002, 1003):
        (root / f"line/cut.{number}.png").write_bytes(b"x")
    calls: list[tuple[str, int, int]] = []
    outcome = paint(root, progress=lambda *call: calls.append(call))
    assert (outcome.written, list(outcome.failed)) == ((1001,), [1002, 1003])
    assert calls[-1] == ("paint", 3, 3)
    calls.clear()
    assert list(paint(root, frames="1002-1003", progress=lambda *call: calls.append(call)).failed) == [1002, 1003]
    assert calls[-1] == ("paint", 2, 2)


def test_progress_ends_whole_when_the_last_drawing_fails_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_shot(tmp_path / "cut", 3, (0,))
    for number in (1002, 1003):
        (root / f"line/cut.{number}.png").write_bytes(b"x")
    painted = Event()
    decode = drawing_flow.decode_drawing

    def decode_late(item: LoadedDrawing, known: Mapping[str, str]) -> Drawing:
        assert item.drawing.number != 1003 or painted.wait(60)
        return decode(item, known)

    def note(stage: str, done: int, total: int) -> None:
        calls.append((stage, done, total))
        if done > 0:
            painted.set()

    monkeypatch.setattr(drawing_flow, "decode_drawing", decode_late)
    calls: list[tuple[str, int, int]] = []
    assert paint(root, progress=note).written == (1001,)
    assert calls[-2] != calls[-1] == ("paint", 3, 3)


def test_broken_drawings_beside_the_wanted_ones_are_not_failures(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut")
    (root / "line/cut.1003.png").write_bytes(b"")
    outcome = paint(root, frames="1004-1005")
    assert (outcome.written, outcome.failed) == ((1004, 1005), {})


@pytest.mark.parametrize(
    "kind",
    [
        "no ink",
        "no alpha",
        "ink all over",
    ],
)
def test_a_drawing_without_a_figure_is_paper(tmp_path: Path, kind: str) -> None:
    """A flash, an empty cell: not an error, and the frames around it are painted as if it were not there."""
    root = make_shot(tmp_path / "cut")
    cell = np.zeros((*SIZE, 4), np.uint8)
    if kind != "no alpha":
        cell[..., 3] = 255
    if kind == "no ink":
        cell[..., :3] = 255
    write_image(root / "line/cut.1004.png", cell)
    result = run("colorize", root, "--fit", "0")
    assert result.exit_code == 0
    assert "warning: cut: painted as paper" in result.stderr and "1004" in result.stderr
    frames = read_frames(root / "color")
    expected = (0, 0, 0, 255) if kind == "ink all over" else PAPER
    assert (frames.pop("cut.1004.png") == expected).all()
    for name, frame in frames.items():
        assert share_equal(frame, draw(int(name[4:8]) - 1001)[1]) > 0.99
    assert run("colorize", root, "--fit", "0").exit_code == 0


def test_a_key_of_an_empty_drawing(tmp_path: Path) -> None:
    """The first frame is empty and painted so: the figure that comes later is painted from the other key."""
    root = make_shot(tmp_path / "cut")
    write_image(root / "line/cut.1001.png", np.zeros((*SIZE, 4), np.uint8))
    write_image(root / "keys/cut.1001.png", np.full((*SIZE, 4), PAPER, np.uint8))
    paint(root)
    for name, frame in read_frames(root / "color").items():
        truth = draw(int(name[4:8]) - 1001)[1] if name != "cut.1001.png" else np.full((*SIZE, 4), PAPER, np.uint8)
        assert share_equal(frame, truth) > 0.99


def test_a_frame_that_cannot_be_written_costs_only_itself(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0,))
    (root / "color/cut.1002.png/in the way").mkdir(parents=True)
    outcome = paint(root)
    assert outcome.written == (1001, 1003)
    assert list(outcome.failed) == [1002]
    assert "color/cut.1002.png: the file cannot be written" in outcome.failed[1002]


def test_stencils_are_not_used_without_the_option(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 2, (0,))
    write_image(root / "stencils/1002.png", draw(1)[1])
    result = run("colorize", root, "--fit", "0")
    assert result.exit_code == 0
    assert "warning: cut: 1 stencil (1002)" in result.stderr and f"--stencils {root / 'stencils'}" in result.stderr


def test_errors_are_of_one_line() -> None:
    assert str(FramecolorError("a", "is b", "do c")) == "a: is b; do c"
