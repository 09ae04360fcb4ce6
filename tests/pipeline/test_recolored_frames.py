"""Runs with a file of recolors: frames show other colors, and nothing else changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from cut_folders import invoke, make_cut
from drawings import COAT, PAPER, SCARF, SKIN, draw, make_shot
from numpy.typing import NDArray
from painting import colors_of, list_files, paint, read_bytes, read_frames
from test_line_colors import BROWN, RED, draw_recolored, make_recolored

from framecolor import InputError, Settings, Shot, Warned, color_frames, colorize
from framecolor.media import read_image, read_numbers, write_image
from framecolor.pipeline.colorize import paint_shot, prepare
from framecolor.pipeline.session import Session
from framecolor.report import write_report
from framecolor.shot.corrections import Correction, write_corrections

pytestmark = pytest.mark.usefixtures("quick_engine")

OLIVE, PLUM = (120, 130, 60, 255), (90, 40, 80, 255)
Pixels = NDArray[np.uint8]


def code(color: tuple[int, ...]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color[:3])


def write_file(path: Path, colors: dict[tuple[int, ...], tuple[int, ...]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("[colors]\n" + "".join(f'"{code(old)}" = "{code(new)}"\n' for old, new in colors.items()), "utf-8")
    return path


def replace_colors(picture: Pixels, colors: dict[tuple[int, ...], tuple[int, ...]]) -> Pixels:
    out = picture.copy()
    for old, new in colors.items():
        out[(picture == old).all(axis=-1)] = new
    return out


def read_manifest(out: Path) -> dict[str, Any]:
    return json.loads((out / "framecolor.json").read_text())


def list_results(out: Path) -> list[tuple[object, ...]]:
    names = ("number", "status", "confidence", "flicker", "as_key")
    return [tuple(entry.get(name) for name in names) for entry in read_manifest(out)["frames"]]


@pytest.mark.parametrize(
    "colors",
    [
        {COAT: OLIVE},
        {COAT: SCARF, SCARF: COAT},
        {COAT: OLIVE, SCARF: OLIVE},
        {COAT: SCARF},
        {COAT: SKIN, SKIN: PLUM},
    ],
)
def test_frames_show_the_new_colors_and_nothing_else_changes(
    tmp_path: Path, colors: dict[tuple[int, ...], tuple[int, ...]]
) -> None:
    root = make_shot(tmp_path / "cut")
    before = paint(root, tmp_path / "before").out
    write_file(root / "recolor.toml", colors)
    outcome = paint(root, tmp_path / "after", mattes=True)
    frames = read_frames(tmp_path / "after")
    assert outcome.warnings == ()
    for name, frame in read_frames(before).items():
        np.testing.assert_array_equal(frames[name], replace_colors(frame, colors), name)
    assert list_results(tmp_path / "after") == list_results(before)
    shown = {colors.get(color, color) for color in (COAT, SKIN, SCARF)}
    palette = read_manifest(tmp_path / "after")["palette"]
    assert sorted(map(tuple, palette)) == sorted({*shown, PAPER}), "each color once"
    table = json.loads((tmp_path / "after/palette.json").read_text())["colors"]
    assert {tuple(row["rgba"]) for row in table} == {*shown, PAPER}
    ids = {tuple(row["rgba"]): row["id"] for row in table}
    matte = read_numbers(tmp_path / "after/matte/cut.1003.png")
    clean = np.isin(frames["cut.1003.png"].view(np.uint32)[..., 0], np.array([*ids], np.uint8).view(np.uint32))
    for color, number in ids.items():
        assert (matte[clean & (frames["cut.1003.png"] == color).all(axis=-1)] == number).all()
    assert code(next(iter(shown - {SKIN}))) in write_report(tmp_path / "after").read_text().lower()


def test_only_a_change_of_the_file_repaints(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0, 2))
    out = paint(root).out
    first, before = read_bytes(out), list_files(out)
    assert paint(root, recolor="none").written == () and list_files(out) == before
    write_file(root / "recolor.toml", {COAT: OLIVE})
    assert paint(root).written == (1001, 1002, 1003)
    before = list_files(out)
    assert paint(root).written == () and list_files(out) == before
    assert paint(root, recolor=str(root / "recolor.toml")).written == (), "the same file by another name"
    write_file(root / "recolor.toml", {COAT: PLUM})
    assert paint(root).written == (1001, 1002, 1003)
    assert PLUM in colors_of(read_frames(out)["cut.1002.png"])
    assert len(paint(root, recolor="none").written) == 3 and read_bytes(out) == first


def test_a_session_shows_each_change_of_the_file(tmp_path: Path) -> None:
    """Also one by which the same colors are shown, by other paints."""
    root = make_shot(tmp_path / "cut", 4, (0, 3))
    session = Session(lambda entry: None)
    changes = {COAT: OLIVE, SCARF: OLIVE}, {COAT: OLIVE, SKIN: OLIVE}, {COAT: SKIN, SKIN: COAT}, {COAT: SKIN}, {}
    for step, colors in enumerate(changes):
        write_file(root / "recolor.toml", colors)
        outcome = paint_shot(Shot.open(root), root / "color", None, None, session=session)
        assert outcome.written
        assert read_bytes(root / "color") == read_bytes(paint(root, tmp_path / f"fresh{step}").out)


def test_kept_keys_have_the_new_colors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_shot(tmp_path / "cut", 5, (0, 4))
    write_file(root / "recolor.toml", {COAT: OLIVE, SCARF: OLIVE})
    write_corrections(root / "corrections.json", "cut", [Correction(1003, 42, 60, OLIVE)])
    whole = paint(root, tmp_path / "whole").out
    prepare(Shot.open(root), tmp_path / "part")
    monkeypatch.delattr("framecolor.pipeline.job.read_key_drawings")  # keys that were kept are not read
    paint(root, tmp_path / "part")
    assert read_bytes(tmp_path / "part") == read_bytes(whole)
    assert read_manifest(tmp_path / "part")["palette"] == read_manifest(whole)["palette"]


def test_a_correction_in_the_new_color_means_the_paint_before(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0, 2))
    write_file(root / "recolor.toml", {COAT: OLIVE})
    for color in (OLIVE, COAT):
        write_corrections(root / "corrections.json", "cut", [Correction(1002, 39, 28, color)])
        out = paint(root).out
        assert read_frames(out)["cut.1002.png"][28, 39].tolist() == list(OLIVE)
        assert sorted(map(tuple, read_manifest(out)["palette"])) == sorted((OLIVE, SKIN, SCARF, PAPER))
    corrected = read_bytes(out)
    (root / "corrections.json").unlink()
    for color in (OLIVE, COAT):
        hint = np.zeros((*draw(0)[0].shape[:2], 4), np.uint8)
        cv2.circle(hint, (39, 28), 3, color, -1)
        write_image(root / "hints/1002.png", hint)
        assert read_bytes(paint(root).out) == corrected


def test_a_palette_comes_first_and_its_names_stay(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0, 2))
    near = (COAT[0] + 3, COAT[1], COAT[2], 255)
    rows = {"coat": near, "skin": SKIN, "scarf": SCARF}
    (root / "film.gpl").write_text("GIMP Palette\n" + "".join(f"{c[0]} {c[1]} {c[2]} {n}\n" for n, c in rows.items()))
    write_file(root / "recolor.toml", {near: OLIVE, SKIN: SCARF})
    write_corrections(root / "corrections.json", "cut", [Correction(1002, 39, 62, OLIVE)])
    outcome = paint(root, palette="film.gpl", mattes=True, line="none")
    for frame in read_frames(outcome.out).values():
        assert colors_of(frame) == {OLIVE, SCARF, PAPER}
    manifest = read_manifest(outcome.out)
    names = dict(zip(map(tuple, manifest["palette"]), manifest["names"], strict=True))
    assert names == {PAPER: "", OLIVE: "coat", SCARF: "scarf"}
    table = json.loads((outcome.out / "palette.json").read_text())["colors"]
    assert {row["name"] for row in table} == {"paper", "coat", "scarf"}


def test_colors_of_lines_change_in_frames_keys_layers_and_mattes(tmp_path: Path) -> None:
    root = tmp_path / "cut"
    root.mkdir()
    frames = make_recolored(root, soft=False)
    colorize(Shot.open(root), tmp_path / "before", Settings())
    colors = {BROWN: OLIVE, COAT: PLUM}
    file = write_file(tmp_path / "other.toml", colors)
    outcome = colorize(Shot.open(root), tmp_path / "after", Settings(recolor=str(file), mattes=True))
    assert outcome.warnings == ()
    for number in frames:
        before, after = (read_image(tmp_path / name / f"{number}.png") for name in ("before", "after"))
        np.testing.assert_array_equal(after, replace_colors(before, colors))
    manifest = read_manifest(tmp_path / "after")
    assert sorted(manifest["line_colors"]) == sorted(map(list, (OLIVE, RED)))
    assert not {COAT, BROWN}.intersection(map(tuple, manifest["palette"]))
    table = json.loads((tmp_path / "after/palette.json").read_text())["colors"]
    number = next(row["id"] for row in table if tuple(row["rgba"]) == OLIVE)
    is_olive = (read_image(tmp_path / "after/2.png") == OLIVE).all(axis=-1)
    assert (read_numbers(tmp_path / "after/line-matte/2.png")[is_olive] == number).all()
    colorize(Shot.open(root), tmp_path / "layer", Settings(recolor=str(file), line="layer"))
    assert OLIVE in colors_of(read_image(tmp_path / "layer/line/2.png"))
    assert BROWN not in colors_of(read_image(tmp_path / "layer/line/2.png"))


def test_soft_lines_of_a_key_are_mixed_with_the_new_color(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key's frame is that of a key which was painted in the new colors."""
    frames = make_recolored(tmp_path, soft=True)
    write_file(tmp_path / "recolor.toml", {BROWN: OLIVE, SKIN: PLUM})
    colorize(Shot.open(tmp_path), tmp_path / "color")
    monkeypatch.setattr("test_line_colors.BROWN", OLIVE)
    monkeypatch.setattr("test_line_colors.SKIN", PLUM)
    wanted = draw_recolored(0, soft=True)[1].astype(int)
    frame = read_image(tmp_path / "color/1.png")
    apart = np.abs(frame.astype(int) - wanted).max(axis=-1)
    assert (np.abs(frames[1][1].astype(int) - wanted).max(axis=-1) > 2).mean() > 0.05
    assert np.count_nonzero(apart > 2) < 30, "a few, where lines of two colors meet"
    assert not ((frame == frames[1][1]).all(axis=-1) & (apart > 8)).any(), "no pixel of the old colors is left"


def test_a_key_with_soft_fills_is_painted_and_says_so(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0, 2))
    painted = draw(0)[1]
    soft = cv2.GaussianBlur(painted, (0, 0), 1.2)
    write_image(root / "keys/cut.1001.png", np.where(painted[..., 3:] > 0, soft, painted))
    write_file(root / "recolor.toml", {COAT: OLIVE})
    out = paint(root, line="none").out
    assert OLIVE in colors_of(read_frames(out)["cut.1001.png"])
    entry = read_manifest(out)["frames"][0]
    assert entry["note"] and entry["as_key"] < 1


def test_a_key_keeps_its_own_details(tmp_path: Path) -> None:
    """A dot that no line bounds stays in the key's frame, in its new color if it has one."""
    root = make_shot(tmp_path / "cut", 3, (0, 2))
    painted = draw(0)[1]
    painted[24:27, 34:37], painted[60:63, 34:37] = SCARF, SCARF
    write_image(root / "keys/cut.1001.png", painted)
    for colors in ({SCARF: OLIVE}, {COAT: OLIVE}):
        write_file(root / "recolor.toml", colors)
        np.testing.assert_array_equal(read_frames(paint(root).out)["cut.1001.png"], replace_colors(painted, colors))


def test_white_paper_changes_only_if_it_is_named(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0, 2))
    for path in root.glob("keys/*"):
        key = read_image(path)
        key[key[..., 3] == 0] = (255, 255, 255, 255)
        write_image(path, key)
    write_file(root / "recolor.toml", {COAT: (255, 255, 255, 255)})
    frame = read_frames(paint(root, background="transparent").out)["cut.1002.png"]
    assert frame[0, 0, 3] == 0 and frame[70, 39].tolist() == [255, 255, 255, 255]
    write_file(root / "recolor.toml", {(255, 255, 255, 255): OLIVE})
    assert read_frames(paint(root).out)["cut.1002.png"][0, 0].tolist() == list(OLIVE)


def test_colors_that_no_key_shows_are_said_in_one_line(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0, 2))
    write_file(root / "recolor.toml", {PLUM: SKIN, COAT: OLIVE, OLIVE: SKIN})
    (warning,) = paint(root).warnings
    assert "recolor.toml: no key shows #5a2850, #78823c" in warning
    checked = invoke("check", root)
    assert checked.output.count("no key shows") == 1 and "note: recolor.toml: 3 colors" in checked.output
    assert "note      recolor.toml: 3 colors" in invoke("plan", root).output


def test_an_invalid_file_stops_before_any_work(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0, 2))
    (root / "recolor.toml").write_text('[colors]\n"skin" = "#010203"\n')
    with pytest.raises(InputError, match=r"recolor\.toml: 'skin' is no color as #rrggbb; write \[colors\]"):
        paint(root)
    for command in ("colorize", "check", "plan"):
        result = invoke(command, root)
        assert result.exit_code == 2 or isinstance(result.exception, InputError)
    assert not (root / "color").exists() or not list((root / "color").glob("*.png"))
    assert len(paint(root, recolor="none").written) == 3
    (root / "recolor.toml").unlink()
    (root / "recolor.toml").symlink_to(root / "gone.toml")
    with pytest.raises(InputError, match="no such file"):
        paint(root)


def test_an_option_wins_over_the_file_of_the_shot(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0, 2))
    write_file(root / "recolor.toml", {COAT: OLIVE})
    other = write_file(tmp_path / "other.toml", {COAT: PLUM})
    result = invoke("colorize", root, "--recolor", other)
    assert result.exit_code == 0 and f"{root / 'recolor.toml'}: not used" in result.output
    assert PLUM in colors_of(read_frames(root / "color")["cut.1002.png"])
    result = invoke("colorize", root, "--recolor", "none")
    assert "recolor" not in result.output and COAT in colors_of(read_frames(root / "color")["cut.1002.png"])
    (root / "framecolor.toml").write_text('recolor = "none"\n')
    assert "recolor" not in invoke("colorize", root).output


def test_each_cel_has_a_file_of_its_own(tmp_path: Path) -> None:
    cut = make_cut(tmp_path / "Cut-005")
    write_file(cut / "Keys/A/recolor.toml", {COAT: OLIVE})
    assert invoke("colorize", cut).exit_code == 0
    shown = {cel: colors_of(next(iter(read_frames(tmp_path / f"Cut-005_Cell/{cel}").values()))) for cel in "AB"}
    assert OLIVE in shown["A"] and COAT not in shown["A"] and COAT in shown["B"]


def test_arrays_are_recolored_as_files_are(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0, 2))
    file = write_file(tmp_path / "other.toml", {COAT: OLIVE, PLUM: SKIN})
    out = paint(root, recolor=str(file)).out
    frames = [draw(step) for step in range(3)]
    warnings: list[str] = []
    painted = color_frames(
        {1001 + step: line for step, (line, _) in enumerate(frames)},
        {1001: frames[0][1], 1003: frames[2][1]},
        Settings(recolor=str(file)),
        lambda event: warnings.append(event.text) if isinstance(event, Warned) else None,
    )
    for frame in painted:
        np.testing.assert_array_equal(frame.rgba, read_frames(out)[f"cut.{frame.number}.png"])
        assert sorted(map(tuple, frame.palette.tolist())) == sorted((OLIVE, SKIN, SCARF, PAPER))
    assert len(warnings) == 1 and "other.toml: no key shows" in warnings[0]


def test_a_stencil_makes_a_key_in_the_colors_before(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 4, (0, 3))
    write_file(root / "recolor.toml", {COAT: OLIVE})
    before = read_frames(paint(root).out)
    mask = np.zeros_like(draw(0)[0])
    mask[:, :64] = 255
    write_image(tmp_path / "masks/1002.png", mask)
    paint(root, stencils=tmp_path / "masks")
    assert {tuple(c) for c in colors_of(read_image(root / "color/keys/cut.1002.png"))} <= {COAT, SKIN, SCARF, PAPER}
    outcome = paint(root)
    assert sorted(map(tuple, read_manifest(outcome.out)["palette"])) == sorted((OLIVE, SKIN, SCARF, PAPER))
    np.testing.assert_array_equal(read_frames(outcome.out)["cut.1003.png"], before["cut.1003.png"])
