"""cyclegan: it learns without pairs, from folders and from built sets; its pools and a resumed training are exact."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from drawings import draw
from torch import nn

from framecolor import InputError
from framecolor.cli.train import train as train_command
from framecolor.colorists.base import Conditioning, SamplingOptions, draw_gray
from framecolor.colorists.open import open_colorist
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.regions import find_regions
from framecolor.media import write_image
from framecolor.training.baselines.cyclegan.network import CycleGan, PatchCritic
from framecolor.training.baselines.cyclegan.recipe import POOL, CycleGanRecipe, Pool
from framecolor.training.baselines.cyclegan.unpaired import PaintingHalf, PictureFolder
from framecolor.training.dataset import Dataset
from framecolor.training.loop import LoopSettings, start, take_step, train


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Sketches, and paintings of other steps."""
    root = tmp_path_factory.mktemp("folders")
    for step in range(6):
        write_image(root / "sketches" / f"{step}.png", draw(step)[0])
        write_image(root / "colors" / f"{step}.png", draw(step + 6)[1])
    return root / "sketches", root / "colors"


def small_recipe(figures: Path) -> CycleGanRecipe:
    return CycleGanRecipe(figures, 0, size_px=32, batch=2, width=4, blocks=1)


def test_the_authors_options_give_the_authors_networks() -> None:
    with torch.device("meta"):
        painter, critic = CycleGan(width=64, blocks=9, size_px=256), PatchCritic(64)
    # As their code reports: 11.378 M and 2.765 M.
    assert [round(sum(p.numel() for p in n.parameters()) / 1e6, 3) for n in (painter, critic)] == [11.378, 2.765]
    assert all(turn.betas[0] == 0.5 and turn.weight_decay == 0 for turn in CycleGanRecipe.turns.values())
    assert all(turn.gradient_limit is None for turn in CycleGanRecipe.turns.values())


def test_a_critic_of_patches_sees_70_pixels() -> None:
    # Without the norm, which sees the whole picture.
    layers = nn.Sequential(*(layer for layer in PatchCritic(4) if not isinstance(layer, nn.InstanceNorm2d)))
    picture = torch.rand(1, 3, 128, 128, requires_grad=True)
    layers(picture)[0, 0, 7, 7].backward()
    assert picture.grad is not None
    seen = picture.grad.abs().sum(dim=(0, 1)) > 0
    assert int(seen.any(dim=0).sum()) == int(seen.any(dim=1).sum()) == 70


def test_it_learns_the_way_there_and_back_and_the_critics_learn_too(figures: Path) -> None:
    torch.manual_seed(0)
    recipe, settings = small_recipe(figures), LoopSettings(25, rate=2e-3, warmup_steps=1)
    state = start(recipe, settings)
    batch = recipe.batches[0]
    numbers = [take_step(recipe, state, batch, settings) for _ in range(25)]
    for name in ("loss_painters", "cycle", "same", "loss_critics"):
        assert numbers[-1][name] < 0.9 * numbers[0][name], name


def test_a_painter_is_unmoved_by_the_critics_turn(figures: Path) -> None:
    torch.manual_seed(0)
    recipe = small_recipe(figures)
    settings = LoopSettings(4, rate=1e-3, warmup_steps=1)
    state = start(recipe, settings)
    take_step(recipe, state, recipe.batches[0], settings)
    loss, _ = recipe.compute_loss(state.network, recipe.batches[0], "critics")
    state.network.requires_grad_(True).zero_grad()
    loss.backward()
    network = state.network
    assert all(p.grad is None for name in ("painter", "sketcher") for p in network.get_submodule(name).parameters())
    assert any(p.grad is not None for p in network.get_submodule("color_critic").parameters())


def test_a_pool_shows_old_pictures_half_of_the_time() -> None:
    pool, chance = Pool(2), torch.rand(POOL + 400, 1, 2, generator=torch.Generator().manual_seed(0))
    shown = []
    for n, lot in enumerate(chance):
        made = torch.full((1, 3, 2, 2), n % 255 / 127.5 - 1)
        back = pool.exchange(made, lot)
        assert (torch.isclose(back, back.flatten()[0])).all()
        shown.append(torch.allclose(back, made, atol=1e-6))
    assert all(shown[:POOL])
    assert 0.4 < np.mean(shown[POOL:]) < 0.6
    assert int(pool.filled) == POOL and "pictures" in pool.state_dict()


def test_lines_and_paint_are_of_different_figures(figures: Path) -> None:
    lines, paint = (PaintingHalf(figures, "train", 32, side) for side in ("line", "rgb"))
    assert not set(lines.numbers) & set(paint.numbers)
    assert len(lines) + len(paint) == sum(len(files) for files in Dataset(figures).characters("train"))
    rng = np.random.default_rng(0)
    sketch, color = lines.read(0, rng), paint.read(0, rng)
    assert np.ptp(sketch, axis=2).max() == 0 and sketch.max() == 1 and sketch.min() < 0.5
    assert np.ptp(color, axis=2).max() > 0.1


def test_folders_of_pictures_train_and_color_a_drawing(folders: tuple[Path, Path], tmp_path: Path) -> None:
    recipe = CycleGanRecipe(folders[0], 0, colors=folders[1], size_px=32, batch=2, width=4, blocks=1)
    settings = LoopSettings(
        60, rate=4e-3, warmup_steps=1, mean_decay=0.8, save_every=99, validate_every=99, workers=0, cooldown_share=0.5
    )
    train(recipe, tmp_path, settings, report=lambda _: None)
    assert (tmp_path / "samples" / "000060.png").stat().st_size > 500
    frame = read_drawing(1, draw(2)[0])
    colorist = open_colorist(tmp_path / "cyclegan.safetensors")
    rgb = colorist.paint(frame, find_regions(frame), Conditioning(), SamplingOptions())
    assert rgb.shape == (24, 32, 3) and rgb.min() >= 0 and rgb.max() <= 1
    # Paper stays light where ink does not.
    ink = draw_gray(frame, (24, 32)) > 0.5
    assert rgb[~ink].mean() > rgb[ink].mean() + 0.1


def test_folders_hold_out_some_pictures(folders: tuple[Path, Path], tmp_path: Path) -> None:
    learned, held_out = (PictureFolder(folders[0], split, 32) for split in ("train", "val"))
    assert len(learned) == 5 and len(held_out) == 1
    part = learned.read(0, np.random.default_rng(0))
    assert part.shape == (32, 32, 3) and part.max() == 1
    with pytest.raises(InputError, match="too few pictures"):
        PictureFolder(tmp_path, "train", 32)


@pytest.mark.parametrize("wrong", [[], ["--sketches", "a"], ["--data", "a", "--colors", "b"], ["--colors", "b"]])
def test_the_command_wants_one_folder_or_two(wrong: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(train_command, ["cyclegan", *wrong, "-o", str(tmp_path)])
    assert result.exit_code == 2 and "either --data, or both" in result.output
