"""Fixtures that several test modules share."""

from __future__ import annotations

import copy
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import pytest
import torch
from drawings import make_shot
from farming import call, make_environment, make_farm_shot
from painting import FIT, paint, read_all
from threadpoolctl import threadpool_limits

from framecolor.config.cascade import CONFIG_VARIABLE
from framecolor.config.settings_file import SETTINGS_FILE
from framecolor.engines.base import Runner
from framecolor.engines.openvino import CpuEngine
from framecolor.engines.registry import load_shipped
from framecolor.engines.torch import TorchRunner
from framecolor.networks.palette_head import PaletteNetwork

_CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
_CHROMIUM += ["--disable-background-networking", "--disable-component-update"]


@cache
def _open_shipped() -> TorchRunner:
    return TorchRunner()


def _load(engine: CpuEngine, network: PaletteNetwork | None = None) -> Runner:
    """PyTorch for a network that was fitted, with the matcher of all others: to trace it takes longer than a fit."""
    shipped = _open_shipped()
    if network is None:
        return shipped
    runner = copy.copy(shipped)
    runner._network = network
    vars(runner).pop("_color", None)  # of the network that ships
    return runner


@contextmanager
def pytorch_alone() -> Iterator[None]:
    """PyTorch in place of OpenVINO, on one thread."""
    load_shipped.cache_clear()
    try:
        with pytest.MonkeyPatch.context() as patch, one_thread():
            patch.setattr(CpuEngine, "load", _load)
            yield
    finally:
        load_shipped.cache_clear()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="campaigns of random kills and inputs at their full size")


@pytest.fixture(scope="session")
def campaign(request: pytest.FixtureRequest) -> Callable[[int, int], int]:
    """How many attempts a campaign has: the first number usually, the second one with `--full`."""
    return lambda usual, full: full if request.config.getoption("--full") else usual


def pytest_configure() -> None:
    """Ctrl-C works, also for the programs that tests start: a shell that runs this behind itself has it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Libraries compute on one thread, whatever the test before left: threads of two workers that wait for each other
    on two cores take several times as long."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_this_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the user's own settings files say is nothing to the tests, and each run has a core, as of Slurm: tests run
    beside each other, and more threads would make other sums."""
    file = tmp_path_factory.mktemp("studio") / SETTINGS_FILE
    file.touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CONFIG_VARIABLE, str(file))
        patch.setenv("SLURM_JOB_ID", "0")
        patch.setenv("SLURM_CPUS_PER_TASK", "1")
        patch.setenv("OMP_NUM_THREADS", "1")
        with threadpool_limits(1):
            yield


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch on one thread: as many make other sums, so that fits of different tests could not be compared."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def one_torch_thread() -> Iterator[None]:
    """`one_thread` for a module's tests."""
    with one_thread():
        yield


@pytest.fixture(scope="module")
def quick_validation() -> Iterator[None]:
    """Colorists in training are validated and shown on a few held-out paintings: these tell as well as many that it is
    done."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("framecolor.training.system_recipe._VAL_BATCHES", 1)
        patch.setattr("framecolor.training.system_recipe._SAMPLES", 2)
        yield


@pytest.fixture(scope="session")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of two dozen characters."""
    from characters import write_characters  # training's modules, which most tests do without

    return write_characters(tmp_path_factory.mktemp("figures"), 24)


@pytest.fixture(scope="session")
def painted_shot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shot of seven drawings between two keys, painted; to be looked at or copied, never changed."""
    root = make_shot(tmp_path_factory.mktemp("painted") / "cut")
    with pytorch_alone():
        outcome = paint(root, fit=FIT)
    assert len(outcome.written) == 7
    return root


@pytest.fixture
def quick_engine() -> Iterator[None]:
    """PyTorch in place of OpenVINO, which takes longer to compile a network than these shots take to be painted."""
    with pytorch_alone():
        yield


@pytest.fixture(scope="session")
def single_run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """All files that one `framecolor colorize --report` writes for the shot of `make_farm_shot`."""
    folder = tmp_path_factory.mktemp("single")
    root = make_farm_shot(folder / "cut")
    call(make_environment(folder / "tmp"), "framecolor", "colorize", root, "--report")
    return read_all(root / "color")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium, for the pages."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        if os.environ.get("FRAMECOLOR_REQUIRE_CHROMIUM"):
            pytest.fail("FRAMECOLOR_REQUIRE_CHROMIUM is set, and there is no Chromium")
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=_CHROMIUM)
        yield chromium
        chromium.close()
