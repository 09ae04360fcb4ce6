"""framecolor explore: variations, the sheet, and the chosen one as a key."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from drawings import PALETTE, PAPER, SCARF, SIZE, SKIN, draw, make_shot

from framecolor import InputError, cli, demo
from framecolor.colorists.base import SamplingOptions
from framecolor.colorists.open import open_colorist
from framecolor.explore import Inputs, explore, find_home, open_subject
from framecolor.explore import variations as work
from framecolor.lineart.regions import outside_regions
from framecolor.media import hash_file, read_image, write_image, write_text_atomic
from framecolor.networks.checkpoint import colorist_weights_path, save_colorist
from framecolor.networks.diffusion import Diffusion


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    network = Diffusion((8, 16), width=16, layers=1, heads=2, size_px=32)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_colorist(network, path)
    return path


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    return make_shot(tmp_path / "cut", frames=3, keys=(0,))


def invoke(weights: Path, *arguments: str | int | Path) -> Result:
    given = ["explore", "--model", weights, "--steps", 2, "--variations", 3, *arguments]
    return CliRunner().invoke(cli.framecolor, [str(a) for a in given], catch_exceptions=True)


def paint(weights: Path, out: Path, *arguments: str | int | Path) -> list[np.ndarray]:
    result = invoke(weights, *arguments, "-o", out)
    assert result.exit_code == 0, result.output + repr(result.exception)
    return [read_image(path) for path in sorted(out.glob("variation-*.png"))]


def test_variations_are_flat_and_keep_to_the_drawing(weights: Path, cut: Path, tmp_path: Path) -> None:
    line = cut / "line" / "cut.1002.png"
    pictures = paint(weights, tmp_path / "out", line)
    subject, ink = open_subject(line), read_image(line)
    outside = outside_regions(subject.regions)[subject.regions.labels] & (subject.regions.labels > 0)
    for picture in pictures:
        assert np.array_equal(picture[ink[..., 3] == 255], ink[ink[..., 3] == 255])
        assert np.array_equal(outside, (picture[..., 3] == 0) & (ink[..., 3] == 0))
        for region in subject.figure:
            assert len(np.unique(picture[(subject.regions.labels == region) & (ink[..., 3] == 0)], axis=0)) == 1
    assert len({picture.tobytes() for picture in pictures}) == 3
    record = json.loads((tmp_path / "out" / "explore.json").read_text())
    assert [row["seed"] for row in record["variations"]] == [0, 1, 2]
    assert record["apart"] > 0 and record["regions"] == 3
    sheet = read_image(tmp_path / "out" / "contact.png")
    assert sheet.shape[0] > 2 * SIZE[0] and sheet.shape[1] > 3 * 300


def test_the_same_seed_gives_the_same_picture(weights: Path, cut: Path, tmp_path: Path) -> None:
    line = cut / "line" / "cut.1002.png"
    first, again = paint(weights, tmp_path / "a", line), paint(weights, tmp_path / "b", line)
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    later = paint(weights, tmp_path / "c", line, "--seed", 1)
    assert np.array_equal(later[0], first[1]) and not np.array_equal(later[0], first[0])
    assert not np.array_equal(paint(weights, tmp_path / "d", line, "--guidance", 6)[0], first[0])


def test_a_key_is_varied_and_strength_0_returns_it(weights: Path, cut: Path, tmp_path: Path) -> None:
    key = cut / "keys" / "cut.1001.png"
    same = paint(weights, tmp_path / "same", key, "--strength", 0)
    paper, ink = draw(0)[1][..., 3] == 0, read_image(cut / "line" / "cut.1001.png")[..., 3] > 0
    assert np.array_equal(same[0][~ink], read_image(key)[~ink]) and paper.any()
    start, apart = open_subject(key), []
    for strength in ("0.1", "1"):
        found = _first(weights, tmp_path / strength, key, "--strength", strength)
        colors = [s.start for s in (start, open_subject(found, start.line)) if s.start is not None]
        apart.append(work.spread(colors, start))
    assert 0 < apart[0] < apart[1]


def test_outside_of_a_mask_a_key_keeps_every_pixel(weights: Path, cut: Path, tmp_path: Path) -> None:
    key = cut / "keys" / "cut.1001.png"
    mask = np.zeros((*SIZE, 4), np.uint8)
    mask[:46] = 255
    write_image(tmp_path / "mask.png", mask)
    before = read_image(key)
    for picture in paint(weights, tmp_path / "out", key, "--mask", tmp_path / "mask.png", "--strength", 1):
        assert np.array_equal(picture[46:], before[46:])
        assert not np.array_equal(picture[:46], before[:46])
    result = invoke(weights, cut / "line" / "cut.1002.png", "--mask", tmp_path / "mask.png", "-o", tmp_path / "no")
    assert isinstance(result.exception, InputError)
    assert "name a painted key" in str(result.exception)


def _first(weights: Path, out: Path, *arguments: str | int | Path) -> Path:
    paint(weights, out, *arguments, "--steps", 10)
    return out / "variation-01.png"


def test_a_palette_a_reference_and_strokes_are_kept(weights: Path, cut: Path, tmp_path: Path) -> None:
    line = cut / "line" / "cut.1002.png"
    write_text_atomic(tmp_path / "two.gpl", "GIMP Palette\n10 20 30 dark\n200 210 220 light\n")
    for picture in paint(weights, tmp_path / "palette", line, "--palette", tmp_path / "two.gpl"):
        clean = picture[read_image(line)[..., 3] == 0]
        assert {tuple(color) for color in clean.tolist()} <= {(10, 20, 30, 255), (200, 210, 220, 255), PAPER}
    plain = paint(weights, tmp_path / "plain", line)
    reference = paint(weights, tmp_path / "reference", line, "--reference", cut / "keys" / "cut.1001.png")
    assert not np.array_equal(plain[0], reference[0])
    strokes = np.zeros((*SIZE, 4), np.uint8)
    strokes[60:66, 34:44] = (1, 2, 3, 255)
    write_image(tmp_path / "strokes.png", strokes)
    for picture in paint(weights, tmp_path / "hints", line, "--hints", tmp_path / "strokes.png"):
        assert tuple(picture[70, 39]) == (1, 2, 3, 255)


def test_the_shots_settings_hold(weights: Path, cut: Path, tmp_path: Path) -> None:
    line = cut / "line" / "cut.1002.png"
    plain = paint(weights, tmp_path / "plain", line)
    (cut / "film.gpl").write_text("GIMP Palette\n200 10 20 a\n20 200 10 b\n")
    (cut / "framecolor.toml").write_text('palette = "film.gpl"\n')
    pictures = paint(weights, tmp_path / "out", line)
    colors = {tuple(color) for p in pictures for color in p[p[..., 3] == 255].reshape(-1, 4)[:, :3].tolist()}
    assert colors <= {(200, 10, 20), (20, 200, 10), (0, 0, 0)}
    # The same folder is painted again when regions are found otherwise.
    (cut / "framecolor.toml").write_text("min_region_px = 300\n")
    assert len(paint(weights, tmp_path / "plain", line)) == len(plain)
    assert json.loads((tmp_path / "plain/explore.json").read_text())["regions"] < 3
    (cut / "framecolor.toml").write_text("gap_pix = 1\n")
    assert "there is no setting 'gap_pix'" in str(invoke(weights, line).exception)


def test_the_shot_of_a_drawing_is_found(tmp_path: Path) -> None:
    for folder in ("cut/line", "cut/keys", "Cut-5/Line/A", "Cut-5/Keys/A", "loose"):
        (tmp_path / folder).mkdir(parents=True)
    homes = {folder: find_home(tmp_path / folder / "a1.png") for folder in ("cut/keys", "Cut-5/Line/A", "Cut-5/Keys/A")}
    assert {str(home.relative_to(tmp_path)) for home in homes.values()} == {"cut", "Cut-5"}
    assert find_home(tmp_path / "cut/line/a1.png") == tmp_path / "cut"
    assert find_home(tmp_path / "loose/a1.png") == tmp_path / "loose"


def test_the_chosen_one_becomes_a_key_without_painting_again(
    weights: Path, cut: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line, out = cut / "line" / "cut.1002.png", tmp_path / "out"
    paint(weights, out, line)
    with monkeypatch.context() as patch:
        patch.setattr(work, "propose_painting", None)
        result = invoke(weights, line, "-o", out, "--choose", 2)
        assert result.exit_code == 0, repr(result.exception)
    key = cut / "keys" / "cut.1002.png"
    assert hash_file(key) == hash_file(out / "variation-02.png")
    assert str(key) in result.output
    again = invoke(weights, line, "-o", out, "--choose", 3)
    assert isinstance(again.exception, Exception) and "--overwrite" in str(again.exception)
    assert hash_file(key) == hash_file(out / "variation-02.png")
    assert invoke(weights, line, "-o", out, "--choose", 3, "--overwrite").exit_code == 0
    assert hash_file(key) == hash_file(out / "variation-03.png")
    # What was made with other settings, or was changed since, is painted again.
    write_image(out / "variation-01.png", np.zeros((*SIZE, 4), np.uint8))
    assert invoke(weights, line, "-o", out, "--choose", 1, "--overwrite").exit_code == 0
    assert read_image(key)[..., 3].any()


def test_a_drawing_from_elsewhere_needs_a_shot_and_a_number(weights: Path, cut: Path, tmp_path: Path) -> None:
    line = tmp_path / "pose.png"
    shutil.copy(cut / "line" / "cut.1003.png", line)
    result = invoke(weights, line, "-o", tmp_path / "out", "--choose", 1)
    assert "--shot" in str(result.exception)
    result = invoke(weights, line, "-o", tmp_path / "out", "--choose", 1, "--shot", cut, "--frame", 1009)
    assert "no drawing 1009" in str(result.exception)
    assert not (tmp_path / "out").exists()
    result = invoke(weights, line, "-o", tmp_path / "out", "--choose", 1, "--shot", cut, "--frame", 1003)
    assert result.exit_code == 0
    assert (cut / "keys" / "cut.1003.png").exists()


def test_a_drawing_with_a_letter_is_named_by_it(weights: Path, cut: Path, tmp_path: Path) -> None:
    line = tmp_path / "pose.png"
    shutil.copy(cut / "line" / "cut.1002.png", line)
    shutil.copy(line, cut / "line" / "cut.1002a.png")
    made = (line, "-o", tmp_path / "out", "--choose", 1, "--shot", cut, "--frame")
    assert "no drawing 1002b" in str(invoke(weights, *made, "1002b").exception)
    assert invoke(weights, *made, "1002a").exit_code == 0
    assert (cut / "keys" / "cut.1002a.png").exists()
    wrong = invoke(weights, *made, "a2")
    assert wrong.exit_code == 2 and "'a2' is not the number of a drawing" in wrong.output


def test_a_key_finds_its_drawing(cut: Path, tmp_path: Path) -> None:
    subject = open_subject(cut / "keys" / "cut.1001.png")
    assert subject.line.name == "cut.1001.png" and subject.line.parent.name == "line"
    assert subject.start is not None
    assert {tuple(color) for color in subject.start[1:].tolist()} == PALETTE
    (cut / "line" / "cut.1001.png").unlink()
    with pytest.raises(InputError, match="no drawing 1001"):
        open_subject(cut / "keys" / "cut.1001.png")
    named = open_subject(cut / "keys" / "cut.1001.png", cut / "line" / "cut.1002.png")
    assert named.start is not None


def test_invalid_input_is_an_error_with_the_reason(weights: Path, cut: Path, tmp_path: Path) -> None:
    blank, dark = tmp_path / "blank.png", tmp_path / "dark.png"
    write_image(blank, np.zeros((*SIZE, 4), np.uint8))
    write_image(dark, np.full((*SIZE, 4), (90, 40, 30, 255), np.uint8))
    with pytest.raises(InputError, match="no region"):
        open_subject(blank)
    with pytest.raises(InputError, match="--line"):
        open_subject(dark)
    with pytest.raises(InputError, match="size of the drawing"):
        small = tmp_path / "small.png"
        write_image(small, np.full((20, 20, 4), SKIN, np.uint8))
        open_subject(small, cut / "line" / "cut.1001.png")
    line = cut / "line" / "cut.1001.png"
    for arguments, message in (
        (("--frame", 3), "--choose"),
        (("--choose", 4), "3 variations"),
        (("--prompt", "x"), "--model"),
        (("--hints", cut / "keys" / "cut.1001.png", "--reference", tmp_path / "none.png"), "no such file"),
    ):
        result = invoke(weights, line, "-o", tmp_path / "out", *arguments)
        assert result.exit_code != 0 and message in result.output + str(result.exception)
    assert not (tmp_path / "out").exists()


def test_a_system_without_weights_is_one_option_away(cut: Path, tmp_path: Path) -> None:
    line, reference = cut / "line" / "cut.1002.png", cut / "keys" / "cut.1001.png"
    few = ("--variations", 1, "--steps", 20)
    plain = paint(Path("style"), tmp_path / "plain", line, *few)
    styled = paint(Path("style"), tmp_path / "styled", line, "--reference", reference, *few)
    assert (plain[0] != styled[0]).any()


def test_paper_inside_of_a_key_stays_paper(weights: Path, cut: Path, tmp_path: Path) -> None:
    key = cut / "keys" / "cut.1001.png"
    painted = read_image(key)
    painted[(painted == SCARF).all(axis=2)] = PAPER
    write_image(key, painted)
    for picture in paint(weights, tmp_path / "out", key, "--strength", 1):
        assert picture[46, 36, 3] == 0


def test_shipped_weights_give_variations_that_differ(tmp_path: Path) -> None:
    """On a drawing that no training saw; they start from nothing."""
    demo.copy_shot(tmp_path)
    subject = open_subject(tmp_path / "line" / "fox.1013.png")
    colorist = open_colorist(colorist_weights_path())
    made = explore(subject, colorist, Inputs(), SamplingOptions(steps=3), 3, tmp_path / "out", model="shipped")
    assert made.apart > 15
    pictures = [read_image(tmp_path / "out" / name)[..., :3].astype(np.float32) for name, _ in made.files]
    for i, picture in enumerate(pictures):
        assert all(np.abs(picture - other).mean() > 3 for other in pictures[:i])
    clean = (subject.frame.ink[..., 3] == 0) & (subject.regions.labels == subject.figure[0])
    assert all(len(np.unique(picture[clean], axis=0)) == 1 for picture in pictures)
