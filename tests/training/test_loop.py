"""The training loop with an adversary: turns learn their own parts, in their order."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from framecolor.errors import InputError
from framecolor.training.loop import Batch, LoopSettings, Turn, start, take_step, train


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.painter, self.critic = nn.Linear(2, 2), nn.Linear(2, 1)


class Numbers(torch.utils.data.Dataset[Batch]):
    def __getitem__(self, index: int) -> Batch:
        return {"x": torch.randn(4, 2, generator=torch.Generator().manual_seed(index))}


class PairRecipe:
    """A painter that learns to please a critic, which learns to tell it from the numbers themselves."""

    name = "pair"
    batches = Numbers()

    def __init__(self) -> None:
        self.turns = {
            "critic": Turn(("critic",), rate=1e-2, betas=(0.5, 0.9)),
            "painter": Turn(("painter",)),
        }
        self.taken: list[str] = []

    def build_network(self) -> nn.Module:
        return Pair()

    def compute_loss(self, network: nn.Module, batch: Batch, turn: str) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(network, Pair)
        self.taken.append(turn)
        made = network.critic(network.painter(batch["x"])).mean()
        return (made - network.critic(batch["x"]).mean() if turn == "critic" else -made), {}

    def validate(self, network: nn.Module) -> dict[str, float]:
        return {}

    def write_samples(self, network: nn.Module, path: Path) -> None:
        pass

    def export(self, network: nn.Module, folder: Path, step: int) -> None:
        pass

    def describe(self) -> dict[str, Any]:
        return {}


@pytest.mark.parametrize(("turn", "still"), [("critic", "painter"), ("painter", "critic")])
def test_a_turn_changes_its_own_parts_only(turn: str, still: str) -> None:
    recipe = PairRecipe()
    recipe.turns = {turn: recipe.turns[turn]}
    settings = LoopSettings(10, warmup_steps=1)
    state = start(recipe, settings)
    before = {name: value.clone() for name, value in state.network.state_dict().items()}
    take_step(recipe, state, recipe.batches[0], settings)
    changed = {
        name.split(".")[0] for name, value in state.network.state_dict().items() if (value != before[name]).any()
    }
    assert changed == {turn}
    assert still not in changed


def test_turns_come_in_their_order() -> None:
    recipe, settings = PairRecipe(), LoopSettings(10, warmup_steps=1)
    state = start(recipe, settings)
    for _ in range(2):
        take_step(recipe, state, recipe.batches[0], settings)
    assert recipe.taken == ["critic", "painter", "critic", "painter"]


@pytest.mark.parametrize(("limit", "longest"), [(1.0, 1.0), (0.1, 0.1), (None, 1000.0)])
def test_a_gradient_is_shortened_to_the_limit_of_its_turn(limit: float | None, longest: float) -> None:
    class Steep(PairRecipe):
        def compute_loss(self, network: nn.Module, batch: Batch, turn: str) -> tuple[Tensor, dict[str, float]]:
            return 1000 * next(network.parameters())[0, 0], {}

    recipe, settings = Steep(), LoopSettings(10, warmup_steps=1)
    recipe.turns = {"painter": Turn(("painter",), gradient_limit=limit)}
    state = start(recipe, settings)
    take_step(recipe, state, recipe.batches[0], settings)
    gradient = next(state.network.parameters()).grad
    assert gradient is not None
    assert float(gradient.norm()) == pytest.approx(longest, rel=1e-4)


def test_a_training_leaves_no_signal_handler_behind(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGCHLD)
    train(PairRecipe(), tmp_path / "run", LoopSettings(2, warmup_steps=1, workers=1), report=lambda _: None)
    assert signal.getsignal(signal.SIGCHLD) is before


def test_a_training_whose_loss_is_no_number_stops_before_it_is_saved(tmp_path: Path) -> None:
    class Diverging(PairRecipe):
        def compute_loss(self, network: nn.Module, batch: Batch, turn: str) -> tuple[Tensor, dict[str, float]]:
            loss, numbers = super().compute_loss(network, batch, turn)
            return (loss * float("nan") if turn == "painter" else loss), numbers

    with pytest.raises(InputError, match="loss is not a number after step 2"):
        train(Diverging(), tmp_path, LoopSettings(4, log_every=2, save_every=2, workers=0), report=lambda _: None)
    assert not (tmp_path / "checkpoint.safetensors").exists()
