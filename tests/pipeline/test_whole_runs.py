"""Whole runs through the engine that ships, OpenVINO: the other tests of whole runs have PyTorch in its place."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import pytorch_alone
from drawings import make_shot
from painting import copy_shot, list_files, paint, read_bytes, read_frames

from framecolor.core.caches import FOLDER_VARIABLE
from framecolor.engines import graphs, openvino
from framecolor.engines.registry import load_shipped

_NETWORKS: tuple[graphs.GraphName, ...] = ("compare", "decide", "describe", "features")  # those that flat painting asks
_PROGRAM = """
import json, sys
from framecolor.cli import main
try:
    main(sys.argv[1:])
finally:
    print(json.dumps([name for name in ("torch", "openvino") if name in sys.modules]))
"""


@pytest.fixture(scope="module")
def shot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five drawings between two keys, as PyTorch in float32 paints them; to be copied, never changed."""
    root = make_shot(tmp_path_factory.mktemp("reference") / "cut", 5, (0, 4))
    with pytorch_alone():
        assert len(paint(root).written) == 5
    return root


@pytest.fixture(scope="module", autouse=True)
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of our own, at first empty, as on a machine that has just got framecolor: the folder of its graphs."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(folder))
        yield folder / "graphs"


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The networks that are opened from here on, none of which was so far in this process."""
    names: list[str] = []

    def hear(open_graph: Callable[[str], object], name: str) -> object:
        names.append(name)
        return open_graph(name)

    _forget_networks()
    monkeypatch.setattr(openvino, "open_graph", lambda name, whole=openvino.open_graph: hear(whole, name))
    yield names
    _forget_networks()


def _forget_networks() -> None:
    load_shipped.cache_clear()
    openvino._open_networks.cache_clear()


def read_painted(root: Path) -> dict[str, bytes]:
    """Read the frames of a shot and their entries, without numbers that depend on the engine's rounding."""
    frames = json.loads((root / "color/framecolor.json").read_text("utf-8"))["frames"]
    entries = [[frame[name] for name in ("number", "status", "regions", "paint")] for frame in frames]
    return {**read_bytes(root / "color"), "entries": json.dumps(entries).encode()}


@pytest.mark.parametrize("precision", ["auto", "f32"])
def test_it_paints_what_pytorch_paints(shot: Path, tmp_path: Path, opened: list[str], precision: str) -> None:
    root = copy_shot(shot, tmp_path / "cut")
    outcome = paint(root, engine="cpu", precision=precision, overwrite=True)
    assert (len(outcome.written), outcome.failed) == (5, {})
    assert sorted(opened) == list(_NETWORKS)
    assert read_painted(root) == read_painted(shot)


def test_soft_color_and_a_fit_go_through_it_too(shot: Path, tmp_path: Path) -> None:
    """A network that was fitted to the shot, in float32: within roundings of what PyTorch gives."""
    given = {"engine": "cpu", "mode": "painted", "precision": "f32", "fit": 1, "overwrite": True}
    with pytorch_alone():
        wanted = read_frames(paint(shot, tmp_path / "out", **given).out)
    frames = read_frames(paint(shot, tmp_path / "out", **given).out)  # the fit is kept there
    assert frames.keys() == wanted.keys()
    for name, frame in frames.items():
        assert abs(frame.astype(int) - wanted[name]).max() <= 1, name


def test_a_damaged_graph_is_made_again(shot: Path, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def make(name: graphs.GraphName, whole: Callable[[graphs.GraphName], graphs.Graph] = graphs._make) -> graphs.Graph:
        made.append(name)
        return whole(name)

    graphs.open_graph("describe")  # the one that is made soonest
    (path,) = kept.glob("describe-*.graph")
    whole = path.read_bytes()
    monkeypatch.setattr(graphs, "_make", make)
    for damaged in (whole[: len(whole) // 2], b"{}\n"):
        path.write_bytes(damaged)
        for _ in range(2):
            graphs.open_graph("describe")
        assert made == ["describe"], "it is kept again"
        made.clear()
    path.write_bytes(whole[:-9] + bytes([whole[-9] ^ 4]) + whole[-8:])
    root = copy_shot(shot, tmp_path / "cut")
    paint(root, engine="cpu", overwrite=True)
    assert [name for name in made if name == "describe"] == ["describe"]
    assert read_painted(root) == read_painted(shot)
    graphs.open_graph("describe")
    assert made.count("describe") == 1, "it is kept again"


def test_two_shots_of_a_process_open_the_networks_once(shot: Path, tmp_path: Path, opened: list[str]) -> None:
    for name in ("one", "two"):
        assert len(paint(copy_shot(shot, tmp_path / name), engine="cpu", overwrite=True).written) == 5
    assert sorted(opened) == list(_NETWORKS)


def test_a_fresh_process_imports_what_it_needs(shot: Path, tmp_path: Path) -> None:
    """PyTorch makes graphs: with cached graphs it is not imported. An idle run paints nothing."""
    root = make_shot(tmp_path / "cut", 5, (0, 4))
    for name in _NETWORKS:
        graphs.open_graph(name)
    imported, painted = run_alone(root)
    assert (imported, painted) == (["openvino"], 5)
    assert read_painted(root) == read_painted(shot)
    before = list_files(root / "color")
    imported, painted = run_alone(root)
    assert (imported, painted) == ([], 0)
    after = list_files(root / "color")
    assert [name for name in after if name.endswith(".png") and after[name] != before.get(name)] == []


def run_alone(root: Path) -> tuple[list[str], int]:
    """Paint in a process of its own: which of the large libraries it imported, and how many frames it painted."""
    command = [sys.executable, "-c", _PROGRAM, "colorize", str(root), "--engine", "cpu"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    *_, summary, imported = done.stdout.splitlines()
    return json.loads(imported), int(summary.split()[2])
