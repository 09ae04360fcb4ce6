"""Paintings to learn from: the same of a seed, whole, from every kind of folder."""

from __future__ import annotations

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from framecolor import InputError
from framecolor.media import write_image
from framecolor.training.curate.build import ArtFolder, build_art
from framecolor.training.dataset import IdSequence, Provenance, write_dataset
from framecolor.training.painting_folders import open_paintings
from framecolor.training.paintings import Painting, PaintingBatches

COLORS = ((220, 40, 40), (40, 90, 220), (250, 210, 160), (60, 160, 70))


def draw_figure(seed: int) -> np.ndarray:
    """Ids of a figure of four fills, uint16 120x120; 0 is the background."""
    rng = np.random.default_rng(seed)
    ids = np.zeros((120, 120), np.uint16)
    x, y = (int(v) for v in rng.integers(40, 80, 2))
    cv2.circle(ids, (x, y), 36, 1, -1)
    cv2.rectangle(ids, (x - 14, y - 4), (x + 16, y + 24), 2, -1)
    cv2.circle(ids, (x - 10, y - 16), 7, 3, -1)
    cv2.circle(ids, (x + 12, y - 16), 7, 4, -1)
    return ids


@pytest.fixture(scope="module", params=["characters", "curated", "pictures"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp(request.param)
    table = np.array([(255, 255, 255), *COLORS], np.uint8)
    if request.param == "characters":
        sequences = [
            IdSequence(f"c{i}", "walk", np.stack([draw_figure(i)]), np.arange(5, dtype=np.uint16), table,
                       np.arange(5, dtype=np.uint16), ("paper", "a", "b", "c", "d")) for i in range(6)
        ]  # fmt: skip
        write_dataset(sequences, root, Provenance("test", "CC0-1.0"), 120, 2)
        return root
    (root / "art").mkdir()
    for i in range(6):
        ids = np.kron(draw_figure(i), np.ones((3, 3), np.uint16))
        shift = (np.array([[0, 0, 0], *np.random.default_rng(i).integers(-35, 5, (4, 3))]) + table).astype(np.uint8)
        write_image(
            root / "art" / f"figure{'abcdef'[i]}.png", np.dstack([shift[ids], np.full(ids.shape, 255, np.uint8)])
        )
    if request.param == "pictures":
        return root / "art"
    build_art([ArtFolder(root / "art", Provenance("test", "CC0-1.0", "test"))], root / "built", val_share=0.3)
    return root / "built"


def test_a_painting_is_whole_and_the_same_of_a_seed(folder: Path) -> None:
    paintings = open_paintings(folder, "train", 48)
    assert len(paintings) >= 3
    first, again = (paintings.read(1, np.random.default_rng(5)) for _ in range(2))
    for name in ("rgb", "flats", "ink", "trace", "outside"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert first.rgb.shape == (48, 48, 3)
    assert first.ink.shape == (96, 96)
    assert first.planes.shape == (7, 48, 48)
    assert 0.005 < first.lines.mean() < 0.5
    assert first.outside.any()
    assert 3 <= len(np.unique(first.flats)) <= 8


def test_lines_run_where_fills_meet(folder: Path) -> None:
    def share_on_borders(painting: Painting) -> float:
        fine = cv2.resize(painting.flats.astype(np.uint8), painting.ink.shape[::-1], interpolation=cv2.INTER_NEAREST)
        border = (cv2.morphologyEx(fine, cv2.MORPH_GRADIENT, np.ones((7, 7), np.uint8)) > 0).astype(np.uint8)
        ink = painting.ink | painting.trace
        return float((border[ink] > 0).mean())

    paintings = open_paintings(folder, "train", 48, ("boundary",))
    shares = [share_on_borders(paintings.read(i, np.random.default_rng(i))) for i in range(3)]
    assert min(shares) > 0.8


def test_no_held_out_painting_is_trained_on(folder: Path) -> None:
    train, val = (open_paintings(folder, split, 32) for split in ("train", "val"))
    assert len(train) + len(val) == 6
    assert set(train.facts) == {"source", "license", "hash"}


def test_batches_are_numbered_and_go_to_other_processes(folder: Path) -> None:
    batches = PaintingBatches(open_paintings(folder, "train", 32), make, 3, seed=1)
    batch, again = batches[4], pickle.loads(pickle.dumps(batches))[4]
    assert batch["rgb"].shape == (3, 3, 32, 32)
    assert batch["rgb"].equal(again["rgb"])
    assert not batch["rgb"].equal(batches[5]["rgb"])


def test_a_folder_without_paintings_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing here")
    with pytest.raises(InputError, match=str(tmp_path)):
        open_paintings(tmp_path, "train", 32)


def make(painting: Painting, rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {"rgb": np.ascontiguousarray(painting.rgb.transpose(2, 0, 1))}
