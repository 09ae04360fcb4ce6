"""Framecolor's command in a process of its own, to be killed or starved, and what is looked at afterwards.

The processes are forked from a server that has imported everything, opened the networks and started no thread: a run
begins in milliseconds, so that many can be tried. They run PyTorch on one thread in place of OpenVINO, as
`quick_engine` does.
"""

from __future__ import annotations

import copy
import encodings.ascii  # noqa: F401  # this and more below: what a run imports when it gets there
import multiprocessing
import multiprocessing.forkserver
import os
import random
import signal
import stat
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from unittest import mock

import scipy.sparse  # noqa: F401
import threadpoolctl  # noqa: F401
import torch
import torch._dynamo
import torch.profiler
from drawings import make_shot
from torch import nn

import framecolor.keys.finetuning.cache
import framecolor.pipeline.colorize
import framecolor.report.page  # noqa: F401
from framecolor import cli
from framecolor.cli import colorize  # noqa: F401
from framecolor.engines import torch_painter
from framecolor.engines.openvino import CpuEngine
from framecolor.engines.torch import TorchRunner
from framecolor.networks.export import NetworkName, make_exportable
from framecolor.networks.matcher import Matcher
from framecolor.networks.painter import Painter
from framecolor.networks.palette_head import PaletteNetwork

_WARM = multiprocessing.get_context("forkserver")
_WARM.set_forkserver_preload([__name__])
_LONGEST_SECONDS = 120


def prepare_untraced(name: NetworkName, matcher: Matcher, painter: Painter, device: str) -> nn.Module:
    """A function of matcher or painter as it is: to trace it takes half of a short run."""
    return make_exportable(name, "float32", matcher=matcher, painter=painter).module


with mock.patch.object(torch_painter, "_prepare", prepare_untraced):
    _SHIPPED = TorchRunner()
"""Opened once, for the server; each run has a copy."""


def _load(engine: CpuEngine, network: PaletteNetwork | None = None) -> TorchRunner:
    runner = copy.copy(_SHIPPED)
    runner._network = network
    return runner


@dataclass(frozen=True)
class Ended:
    """A command that has ended: its exit code (negative: the signal that ended it) and all that it printed."""

    code: int
    text: str
    seconds: float


class Started:
    """A command that runs. `prelude` is called in its process before it begins, such as to take its disk away."""

    def __init__(self, *arguments: str | Path, printed: Path, prelude: Callable[[], object] | None = None) -> None:
        self._printed = printed
        printed.touch()
        words = [os.fspath(argument) for argument in arguments]
        _start_server()
        self._begin = time.monotonic()
        self._process: ForkServerProcess = _WARM.Process(target=_main, args=(words, str(printed), prelude))
        self._process.start()

    def send(self, signal_number: int) -> None:
        """Send a signal; none where it has ended already."""
        assert self._process.pid is not None
        if self._process.exitcode is None:
            os.kill(self._process.pid, signal_number)

    def wait(self) -> Ended:
        """Wait for its end; a command that hangs fails the test."""
        self._process.join(_LONGEST_SECONDS)
        code = self._process.exitcode
        if code is None:
            self._process.kill()
            self._process.join()
            raise TimeoutError(f"the command hung: {self._printed.read_text('utf-8', 'replace')}")
        return Ended(code, self._printed.read_text("utf-8", "replace"), time.monotonic() - self._begin)


def _start_server() -> None:
    """Start the server unless it runs: Python 3.11 does not tell it where modules are, so that it would import none."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, sys.path))
    try:
        multiprocessing.forkserver.ensure_running()
    finally:
        os.environ.pop("PYTHONPATH") if before is None else os.environ.update(PYTHONPATH=before)


def _main(arguments: list[str], printed: str, prelude: Callable[[], object] | None) -> None:
    output = os.open(printed, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for number in (1, 2):
        os.dup2(output, number)
    sys.stdout, sys.stderr = (open(number, "w", closefd=False) for number in (1, 2))  # noqa: SIM115
    signal.signal(signal.SIGINT, signal.default_int_handler)
    torch.set_num_threads(1)
    CpuEngine.load = _load  # type: ignore[method-assign]
    if prelude is not None:
        prelude()
    cli.main(arguments)


def run(*arguments: str | Path, printed: Path, prelude: Callable[[], object] | None = None) -> Ended:
    """Run a command to its end."""
    return Started(*arguments, printed=printed, prelude=prelude).wait()


def kill_at(seconds: float, signal_number: int, *arguments: str | Path, printed: Path) -> Ended:
    """Start a command, and send it a signal after so many seconds."""
    started = Started(*arguments, printed=printed)
    time.sleep(seconds)
    started.send(signal_number)
    return started.wait()


def stopped_well(ended: Ended, signal_number: int) -> bool:
    """Whether a command that got a signal ended as it should; before it has begun, its process says nothing and 1."""
    return ended.code in (0, 130, -signal_number) or (ended.code, ended.text) == (1, "")


def make_small_shot(root: Path) -> Path:
    """Four drawings between two keys: painting them with a fit takes half as long as `painted_shot`."""
    return make_shot(root, 4, (0, 3))


def read_tree(folder: Path) -> dict[str, object]:
    """Path -> content of all that is below a folder, also of what is hidden: bytes of files, targets of links."""
    tree: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        kind = path.lstat().st_mode
        name = str(path.relative_to(folder))
        if stat.S_ISLNK(kind):
            tree[name] = path.readlink()
        else:
            tree[name] = path.read_bytes() if stat.S_ISREG(kind) else stat.S_IFMT(kind)
    return tree


def list_changes(found: dict[str, object], expected: dict[str, object]) -> list[str]:
    """Names of what is missing, too much or different."""
    return sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))


def list_torn(found: dict[str, object], expected: dict[str, object]) -> list[str]:
    """Names of pictures that are neither missing nor whole, after a run that was stopped."""
    visible = [name for name in found if name.endswith(".png") and not Path(name).name.startswith(".")]
    return [name for name in visible if found[name] != expected[name]]


def draw_moments(count: int, seconds: float, seed: int) -> Sequence[float]:
    """So many moments of a run that takes so many seconds, spread evenly and at random."""
    choose = random.Random(seed)
    return [seconds * (i + choose.random()) / count for i in range(count)]
