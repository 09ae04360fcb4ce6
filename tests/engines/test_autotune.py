"""Lanes and batches: chosen by measurement, remembered, and never by what was measured elsewhere."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from host_device import HostDevice
from torch import Tensor

from framecolor import EngineError
from framecolor.engines.lanes import autotune
from framecolor.engines.lanes.autotune import Choice, choose_lanes, load_on_lanes, measure_rate
from framecolor.engines.lanes.modules import DeviceModules
from framecolor.engines.lanes.torch_modules import make_torch_modules
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.palette_head import PaletteNetwork

KEY = {"engine": "cuda", "device": "host", "torch": "2"}
RATES = {
    Choice(1, 1): 100.0, Choice(1, 2): 101.0, Choice(1, 4): 90.0,
    Choice(2, 1): 150.0, Choice(2, 2): 160.0, Choice(2, 4): 0.0,
}  # fmt: skip


class Copying:
    """A module that takes no time."""

    def shapes(self, inputs: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
        return list(inputs)

    def bind(
        self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], workspace: Callable[[int], Tensor]
    ) -> Callable[[int], None]:
        return lambda stream: outputs[0].copy_(inputs[0])  # pyright: ignore[reportReturnType]


class Clock:
    """Measures by a table, and counts."""

    def __init__(self, rates: dict[Choice, float]) -> None:
        self.rates, self.asked = rates, list[Choice]()

    def __call__(self, choice: Choice) -> float:
        self.asked.append(choice)
        return self.rates[choice]


@pytest.fixture(scope="module")
def network() -> PaletteNetwork:
    return PaletteNetwork(load_generator(base_weights_path()), 3).eval()


def test_the_fastest_choice_is_taken_logged_and_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock(RATES)
    with caplog.at_level(logging.INFO, "framecolor"):
        assert choose_lanes((1, 2), (1, 2, 4), clock, KEY, tmp_path) == Choice(2, 2)
    assert clock.asked == list(RATES)
    assert len(caplog.records) == 1 and "2 lanes, batches of 2" in caplog.text
    assert choose_lanes((1, 2), (1, 2, 4), Clock({}), KEY, tmp_path) == Choice(2, 2)
    (file,) = (tmp_path / "lanes").iterdir()
    table = json.loads(file.read_text("utf-8"))
    assert table["key"] == KEY
    assert table["pictures_per_second"]["2 x 1"] == 150


def test_more_lanes_or_samples_must_be_faster_by_a_margin(tmp_path: Path) -> None:
    rates = {Choice(1, 1): 100.0, Choice(1, 2): 101.0, Choice(2, 1): 102.0, Choice(2, 2): 102.9}
    assert choose_lanes((1, 2), (1, 2), Clock(rates), KEY, tmp_path) == Choice(1, 1)


@pytest.mark.parametrize("changed", ["engine", "device", "torch"])
def test_another_machine_is_measured_again(tmp_path: Path, changed: str) -> None:
    choose_lanes((1, 2), (1, 2, 4), Clock(RATES), KEY, tmp_path)
    clock = Clock(RATES)
    choose_lanes((1, 2), (1, 2, 4), clock, {**KEY, changed: "other"}, tmp_path)
    assert len(clock.asked) == 6


@pytest.mark.parametrize("spoiled", ["", "{", "[]", "null", '{"format": "framecolor lanes 1", "lanes": 9, "batch": 9}'])
def test_a_damaged_record_is_measured_again(tmp_path: Path, spoiled: str) -> None:
    choose_lanes((1, 2), (1, 2, 4), Clock(RATES), KEY, tmp_path)
    (file,) = (tmp_path / "lanes").iterdir()
    file.write_text(spoiled, "utf-8")
    clock = Clock(RATES)
    assert choose_lanes((1, 2), (1, 2, 4), clock, KEY, tmp_path) == Choice(2, 2)
    assert len(clock.asked) == 6


def test_a_folder_that_cannot_be_written_is_not_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", "utf-8")
    assert choose_lanes((1, 2), (1, 2, 4), Clock(RATES), KEY, tmp_path / "file") == Choice(2, 2)


def test_a_single_choice_is_not_measured(tmp_path: Path) -> None:
    assert choose_lanes((3,), (1,), Clock({}), KEY, tmp_path) == Choice(3, 1)


def test_lanes_without_memory_have_no_rate(network: PaletteNetwork) -> None:
    quick = DeviceModules(HostDevice(memory_bytes=100_000_000), {"features": Copying})
    poor = make_torch_modules(HostDevice(memory_bytes=60_000_000), network, torch.float32)
    assert measure_rate(quick, Choice(2, 2), seconds=0.01) > 0
    assert measure_rate(poor, Choice(1, 2), seconds=0.0, module="fitted-features") == 0


def test_a_failed_measurement_is_an_error_of_one_line(tmp_path: Path, network: PaletteNetwork) -> None:
    def broken() -> Copying:
        raise TypeError("the driver takes no such argument\nand more")

    modules = DeviceModules(HostDevice(), {"fitted-features": broken})
    with pytest.raises(EngineError, match=r"^engine cuda: failed \(the driver takes no such argument\); use --engine"):
        load_on_lanes("cuda", network, [modules], "auto", {"torch": "2"}, tmp_path)


def test_a_runner_is_loaded_with_the_chosen_lanes_and_batch(
    tmp_path: Path, network: PaletteNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lanes as asked for, and the best batch for them."""
    monkeypatch.setattr(autotune, "BATCHES", (1,))
    modules = make_torch_modules(HostDevice(), network, torch.float32)
    runner = load_on_lanes("cuda", network, [modules], 2, {"torch": "2"}, tmp_path)
    assert (runner.lanes.lanes, runner.lanes.batch) == (2, 1)
    assert runner.color(np.zeros((7, 20, 30), np.float32), np.zeros((4, 20, 30), np.float32)).shape == (3, 20, 30)
    runner.close()
    assert not (tmp_path / "lanes").exists()
