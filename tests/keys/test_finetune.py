"""The fit of a shot: cached, resumed to the bit, and made again when its cache is damaged."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import pytorch_alone
from drawings import make_shot
from painting import FIT, copy_shot, list_files, paint, read_bytes

from framecolor.keys.finetuning import cache as finetune_cache
from framecolor.keys.finetuning.finetune import Fit
from framecolor.networks.kept import pack_arrays, unpack_arrays

pytestmark = pytest.mark.usefixtures("quick_engine")


@pytest.fixture
def root(painted_shot: Path, tmp_path: Path) -> Path:
    """Copy the drawings and keys of the painted shot, without its frames."""
    for folder in ("line", "keys"):
        shutil.copytree(painted_shot / folder, tmp_path / "cut" / folder)
    return tmp_path / "cut"


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Paint a key and two drawings after a fit of one step; tests copy it and never change it."""
    root = make_shot(tmp_path_factory.mktemp("fitted") / "cut", 3, (0,))
    with pytorch_alone():
        paint(root, fit=1)
    return root


def cache_of(root: Path) -> Path:
    """Find the one file in a shot's fit cache."""
    (file,) = (root / "color/.framecolor").glob("fit-*")
    return file


def fit_bytes(root: Path) -> bytes:
    """Read a kept fit."""
    content = unpack_arrays(cache_of(root))
    assert content is not None
    return pack_arrays(content[0], {})


def stop_at(step: int):
    """Make a progress callback that interrupts the run before a step of the fit."""

    def progress(stage: str, done: int, total: int) -> None:
        if stage == "fit" and done == step:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize("at", [0, 2])
def test_a_stopped_fit_goes_on_to_the_same_bits(
    root: Path, painted_shot: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    monkeypatch.setattr(finetune_cache, "_KEEP_EVERY_SECONDS", 0.0)
    with pytest.raises(KeyboardInterrupt):
        paint(root, fit=FIT, progress=stop_at(at))
    assert sorted(Path(name).suffix for name in list_files(root / "color")) == (["", ".partial"] if at else [])
    steps: list[int] = []
    paint(root, fit=FIT, progress=lambda stage, done, total: steps.append(done) if stage == "fit" else None)
    assert steps == list(range(at, FIT + 1))
    assert fit_bytes(root) == fit_bytes(painted_shot)
    assert read_bytes(root / "color") == read_bytes(painted_shot / "color")


def test_a_stop_in_the_middle_of_a_step_leaves_the_last_whole_one(
    root: Path, painted_shot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C may come between the update of the weights and the step count."""
    monkeypatch.setattr(finetune_cache, "_KEEP_EVERY_SECONDS", 0.0)
    whole = Fit.step

    def torn(fit: Fit) -> float:
        loss = whole(fit)
        if fit.taken == 2:
            fit.taken -= 1
            raise KeyboardInterrupt
        return loss

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Fit, "step", torn)
        paint(root, fit=FIT)
    paint(root, fit=FIT)
    assert fit_bytes(root) == fit_bytes(painted_shot)


@pytest.mark.parametrize("stopped", [False, True])
def test_a_damaged_cache_is_made_again(
    root: Path, painted_shot: Path, monkeypatch: pytest.MonkeyPatch, stopped: bool
) -> None:
    """Damage of all kinds reads as missing; the run is tested with one kind."""
    monkeypatch.setattr(finetune_cache, "_KEEP_EVERY_SECONDS", 0.0)
    if stopped:
        with pytest.raises(KeyboardInterrupt):
            paint(root, fit=FIT, progress=stop_at(2))
    else:
        shutil.copytree(painted_shot / "color", root / "color")
        (root / "color/cut.1003.png").unlink()  # without a frame to paint the fit is not read
    path = cache_of(root)
    assert unpack_arrays(path) is not None
    data = bytearray(path.read_bytes())
    cut = data[: len(data) // 2]
    data[-7] ^= 64
    for damaged in (b"", b"fit", *((data, cut) if stopped else (cut, data))):
        path.write_bytes(damaged)
        assert unpack_arrays(path) is None
    fits = [0]
    paint(root, fit=FIT, progress=lambda stage, done, total: fits.append(done) if stage == "fit" else None)
    assert fits == [0, *range(FIT + 1)]
    assert fit_bytes(root) == fit_bytes(painted_shot)
    assert read_bytes(root / "color") == read_bytes(painted_shot / "color")


def test_a_fit_is_made_once(fitted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = copy_shot(fitted, tmp_path / "cut")
    monkeypatch.setattr(Fit, "step", None)
    paint(root, fit=1, line="none", overwrite=True)
    for path in (root / "color").glob("*.png"):
        path.unlink()
    assert len(paint(root, fit=1).written) == 3


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({"fit": 2}, 2),
        ({"seed": 1}, 2),
        ({"gap_px": 5.0}, 2),
        ({"mode": "painted"}, 2),
        ({"line": "none"}, 1),
        ({"background": "paper"}, 1),
    ],
)
def test_what_a_fit_depends_on(fitted: Path, tmp_path: Path, changes: dict[str, Any], fits: int) -> None:
    """Settings that only change the painting do not change the fit."""
    root = copy_shot(fitted, tmp_path / "cut")
    paint(root, None, **{"fit": 1, "overwrite": True, **changes})
    assert len(list((root / "color/.framecolor").glob("fit-*"))) == fits


@pytest.mark.parametrize("fit", [0, "off"])
def test_without_a_fit_nothing_is_cached(tmp_path: Path, fit: int | str) -> None:
    root = make_shot(tmp_path / "cut", 2, (0,))
    paint(root, fit=fit)
    assert [path.name for path in (root / "color/.framecolor").iterdir()] == ["lock"]
    before = list_files(root)
    assert paint(root, fit=fit).written == ()
    assert list_files(root) == before
