"""Style transfer: the style comes near the reference's, the content stays, and so does everything on a resume."""

from __future__ import annotations

import json
from copy import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from drawings import draw

from framecolor import ReadError
from framecolor.cli.train import train as train_command
from framecolor.colorists.base import Conditioning, SamplingOptions
from framecolor.colorists.open import open_colorist
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.regions import find_regions
from framecolor.media import read_image, write_image
from framecolor.networks.perception import load_perception
from framecolor.training.baselines.style.network import StyledPicture, StyleLoss, gram, transfer_style
from framecolor.training.baselines.style.recipe import StyleRecipe


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A drawing, and another drawing painted."""
    folder = tmp_path_factory.mktemp("pictures")
    write_image(folder / "line.png", draw(0)[0])
    write_image(folder / "painted.png", draw(5)[1])
    return folder / "line.png", folder / "painted.png"


def striped(color: tuple[float, float, float], period: int = 8) -> torch.Tensor:
    """Stripes of one color on white, [1, 3, 64, 64] in [-1, 1]: a style that is easy to recognize."""
    rows = (torch.arange(64) % period < period // 2).float()[:, None].expand(64, 64)
    return (1 + rows * (torch.tensor(color)[:, None, None] - 1))[None]


def test_the_style_comes_near_and_the_content_stays(pictures: tuple[Path, Path]) -> None:
    recipe = StyleRecipe(*pictures, size_px=64)
    content, reference = recipe.content, recipe.reference
    loss = StyleLoss(load_perception(), content, reference)
    styled = transfer_style(loss, content, 50)
    before, after = loss.compare(content), loss.compare(styled)
    assert float(before[0]) == 0
    assert float(after[1]) < 0.3 * float(before[1])
    # Nearer to its own content than the reference is, and than what is made without a look at the content.
    assert float(after[0]) < 0.5 * float(loss.compare(reference)[0])
    assert float(after[0]) < 0.8 * float(loss.compare(transfer_style(style_alone(loss), content, 50))[0])


def test_more_style_is_less_content() -> None:
    content, reference = striped((0.2, 0.2, 0.2), 16), striped((1.0, -0.8, -0.8), 6)
    gentle, strong = (StyleLoss(load_perception(), content, reference, weight) for weight in (1, 30))
    a, b = gentle.compare(transfer_style(gentle, content, 30)), gentle.compare(transfer_style(strong, content, 30))
    assert float(b[1]) < float(a[1]) and float(b[0]) > float(a[0])


def style_alone(loss: StyleLoss) -> StyleLoss:
    alone = copy(loss)
    alone.style_weight = 1e6
    return alone


def test_a_picture_in_the_reference_style_already_is_left_alone() -> None:
    picture = striped((1.0, -0.8, -0.8))
    loss = StyleLoss(load_perception(), picture, picture)
    assert float(loss(picture)) < 1e-6
    assert torch.allclose(transfer_style(loss, picture, 5), picture, atol=0.05)


def test_gram_holds_correlations_but_not_places() -> None:
    maps = torch.rand(2, 4, 6, 8)
    assert torch.allclose(gram(maps), gram(maps.flip(3)), atol=1e-6)
    assert not torch.allclose(gram(maps), gram(torch.stack([maps[:, 0].flip(2), *maps.unbind(1)[1:]], 1)), atol=1e-3)


def test_paper_that_is_too_white_can_still_change() -> None:
    styled = StyledPicture(torch.full((1, 3, 4, 4), 1.5))
    assert styled().max() == 1
    styled().sum().backward()
    assert styled.picture.grad is not None and (styled.picture.grad == 1).all()


def test_the_command_writes_the_styled_picture(pictures: tuple[Path, Path], tmp_path: Path) -> None:
    options = ["--content", str(pictures[0]), "--reference", str(pictures[1]), "--steps", "40", "--size", "64"]
    # The rate still warms up in so few steps.
    options += ["--rate", "0.3", "--style-weight", "8"]
    result = CliRunner().invoke(train_command, ["style", *options, "-o", str(tmp_path / "run")])
    assert result.exit_code == 0, result.output
    styled = read_image(tmp_path / "run" / "styled.png")
    assert styled.shape == (48, 64, 4)
    assert np.ptp(styled[..., :3].astype(int), axis=2).max() > 40
    assert (tmp_path / "run" / "samples" / "000040.png").exists()
    assert json.loads((tmp_path / "run" / "run.json").read_text())["style_weight"] == 8
    log = [json.loads(row) for row in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert log[-1]["val_style"] < 0.7 * log[0]["style"]


def test_the_colorist_takes_colors_from_the_reference() -> None:
    frame = read_drawing(1, draw(0)[0])
    colorist, regions = open_colorist(Path("style")), find_regions(frame)
    reference = draw(3)[1][..., :3]
    painted = colorist.paint(frame, regions, Conditioning(reference=reference), SamplingOptions(steps=15))
    assert np.ptp(painted, axis=2).max() > 0.15
    # Nothing to take a style from: the drawing as it is.
    assert np.ptp(colorist.paint(frame, regions, Conditioning(), SamplingOptions(steps=15)), axis=2).max() == 0


def test_a_missing_picture_is_an_error(pictures: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"nothing\.png"):
        StyleRecipe(pictures[0], tmp_path / "nothing.png")
