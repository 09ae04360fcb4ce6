"""Inputs, outputs and caches that are removed, replaced or corrupted, before a run and in the middle of one."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import pytorch_alone
from drawings import COAT, SCARF, draw, make_shot
from faulty import list_changes, list_torn, make_small_shot, prepare_untraced, read_tree
from painting import FIT, copy_shot, paint

from framecolor import FramecolorError, Outcome, ReadError
from framecolor.engines import torch_painter
from framecolor.engines.openvino import CpuEngine
from framecolor.engines.registry import load_shipped
from framecolor.engines.torch import TorchRunner
from framecolor.media import write_image
from framecolor.networks import checkpoint, shipped
from framecolor.report import write_report

pytestmark = pytest.mark.usefixtures("quick_engine")

Damage = Callable[[Path], object]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def corrupt(path: Path) -> None:
    data = bytearray(path.read_bytes())
    choose = random.Random(path.name)
    for _ in range(20):
        data[choose.randrange(len(data))] ^= 1 << choose.randrange(8)
    path.write_bytes(data)


def empty(path: Path) -> None:
    path.write_bytes(b"")


DAMAGES: dict[str, Damage] = {"removed": Path.unlink, "empty": empty, "cut short": cut, "corrupted": corrupt}


@pytest.fixture(scope="module")
def small_shot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`make_small_shot`, painted; to be looked at or copied, never changed."""
    root = make_small_shot(tmp_path_factory.mktemp("small") / "cut")
    with pytorch_alone():
        assert len(paint(root, fit=FIT).written) == 4
    return root


@pytest.fixture
def expected(small_shot: Path) -> dict[str, object]:
    """What an undisturbed run leaves."""
    return read_tree(small_shot / "color")


@pytest.fixture
def root(small_shot: Path, tmp_path: Path) -> Path:
    """A painted shot to change."""
    return copy_shot(small_shot, tmp_path / "cut")


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("pattern", ["framecolor.json", "*1003.png .framecolor/fit-*"])
def test_what_was_written_is_written_again(root: Path, expected: dict[str, object], damage: str, pattern: str) -> None:
    """Also a fit, where a frame is to be painted with it."""
    for path in (path for one in pattern.split() for path in (root / "color").glob(one)):
        DAMAGES[damage](path)
    assert paint(root, fit=FIT).failed == {}
    assert list_changes(read_tree(root / "color"), expected) == []


@pytest.mark.parametrize("seed", range(6))
def test_any_damage_to_the_record_costs_nothing_but_time(root: Path, expected: dict[str, object], seed: int) -> None:
    """Entries dropped, doubled, of wrong types: what is still believed is what the files themselves confirm."""
    choose = random.Random(seed)
    path = root / "color/framecolor.json"
    table = json.loads(path.read_text())
    odd = [None, -1, 1e300, "x", "../../x", [], {}, [[]], True, 10**30]
    for _ in range(3):
        frame = choose.choice(table["frames"])
        match choose.randrange(4):
            case 0:
                frame[choose.choice(sorted(frame))] = choose.choice(odd)
            case 1:
                table[choose.choice(sorted(set(table) - {"frames"}))] = choose.choice(odd)
            case 2:
                table["frames"].append({**frame, "number": choose.choice([1001, 9999])})
            case _:
                table["frames"].remove(frame)
    path.write_text(json.dumps(table))
    assert paint(root, fit=FIT).failed == {}
    assert list_changes(read_tree(root / "color"), expected) == []


def disturb(root: Path, stage: str, damage: Callable[[], object]) -> Outcome | FramecolorError:
    """Paint, with something done when a stage begins; what came of it."""
    pending = [damage]

    def progress(name: str, done: int, total: int) -> None:
        if name == stage and pending:
            pending.pop()()

    try:
        return paint(root, fit=FIT, progress=progress)
    except FramecolorError as error:
        return error


def go_back(root: Path, stage: str) -> None:
    """Undo what a run does from this stage on: before the frames are painted, there is a fit."""
    if stage == "fit":
        shutil.rmtree(root / "color")
        return
    for path in (root / "color").iterdir():
        if path.is_file():
            path.unlink()


@pytest.mark.parametrize(
    ("place", "damage", "stage"),
    [
        *((place, damage, "paint") for place in ("line", "keys") for damage in (*DAMAGES, "folder removed")),
        ("line", "removed", "fit"),
        ("keys", "corrupted", "fit"),
    ],
)
def test_inputs_that_go_bad_in_the_middle(
    root: Path, small_shot: Path, expected: dict[str, object], place: str, damage: str, stage: str
) -> None:
    """All damages at the first frame: from the fit's begin till then nothing is read, so one of a kind is enough."""
    go_back(root, stage)
    folder = root / place

    def harm() -> None:
        if damage == "folder removed":
            shutil.rmtree(folder)
        for path in folder.glob("*"):
            DAMAGES[damage](path)

    came = disturb(root, stage, harm)
    if isinstance(came, Outcome):
        assert all(str(root) in error for error in came.failed.values())
    assert list_torn(read_tree(root / "color"), expected) == []
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(small_shot / place, folder)
    assert paint(root, fit=FIT).failed == {}
    assert list_changes(read_tree(root / "color"), expected) == []


def test_a_key_that_is_painted_anew_while_the_shot_is_fitted(tmp_path: Path) -> None:
    """The next run has to see that the frames are of the old one."""
    root = make_small_shot(tmp_path / "cut")
    key = draw(0)[1]
    key[(key == COAT).all(axis=2)] = SCARF
    disturb(root, "fit", lambda: write_image(root / "keys/cut.1001.png", key))
    fresh = copy_shot(root, tmp_path / "fresh" / "cut")
    shutil.rmtree(fresh / "color", ignore_errors=True)
    paint(fresh, fit=FIT)
    paint(root, fit=FIT)
    pictures = {name: data for name, data in read_tree(fresh / "color").items() if name.endswith(".png")}
    assert list_torn(read_tree(root / "color"), pictures) == []


def test_a_drawing_that_is_exchanged_and_put_back(root: Path, expected: dict[str, object]) -> None:
    """Its hash is the same before and after; the frame painted in between would be that of another drawing."""
    (root / "color/cut.1002.png").unlink()
    path = root / "line/cut.1003.png"
    whole = path.read_bytes()
    came = disturb(root, "paint", lambda: write_image(path, draw(0)[0]))
    assert isinstance(came, Outcome)
    assert "cut.1003.png" in came.failed[1003] and "run again" in came.failed[1003]
    path.write_bytes(whole)
    paint(root, fit=FIT)
    assert list_changes(read_tree(root / "color"), expected) == []


@pytest.mark.parametrize("stage", ["fit", "paint"])
def test_the_output_folder_is_removed_in_the_middle(root: Path, expected: dict[str, object], stage: str) -> None:
    go_back(root, stage)
    disturb(root, stage, lambda: shutil.rmtree(root / "color"))
    paint(root, fit=FIT)
    kept = {name: data for name, data in expected.items() if not name.startswith(".")}
    assert list_changes({name: read_tree(root / "color")[name] for name in kept}, kept) == []


@pytest.mark.parametrize(("name", "damage"), [*(("generator", damage) for damage in DAMAGES), ("matcher", "corrupted")])
def test_weights_that_are_damaged_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, damage: str
) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    for path in shipped.WEIGHTS.iterdir():
        (weights / path.name).symlink_to(path)
    mine = weights / f"{name}.safetensors"
    mine.unlink()
    shutil.copy(shipped.WEIGHTS / mine.name, mine)
    DAMAGES[damage](mine)
    for home in (shipped, checkpoint):
        monkeypatch.setattr(home, "WEIGHTS", weights)
    monkeypatch.setattr(torch_painter, "_prepare", prepare_untraced)
    monkeypatch.setattr(CpuEngine, "load", lambda engine, network=None: TorchRunner(network))
    load_shipped.cache_clear()
    root = make_shot(tmp_path / "cut", 2, (0,))
    with pytest.raises(ReadError, match=rf"{mine.name}: .*; "):
        paint(root)


def test_the_report_of_a_damaged_record_is_an_error_or_a_report(root: Path) -> None:
    path = root / "color/framecolor.json"
    whole = path.read_bytes()
    choose = random.Random(6)
    for _ in range(40):
        data = bytearray(whole)
        for _ in range(choose.randrange(1, 4)):
            data[choose.randrange(len(data))] = choose.randrange(256)
        path.write_bytes(data[: choose.randrange(len(data))] if choose.random() < 0.2 else data)
        try:
            write_report(root / "color")
        except FramecolorError as error:
            assert "framecolor.json" in str(error)
