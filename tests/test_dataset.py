"""Building and reading training data."""

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from click.testing import CliRunner

from framecolor.cli.dataset import dataset
from framecolor.errors import ReadError
from framecolor.training.dataset import Dataset
from framecolor.training.sources.glitch import read_id_map


def write_gray(path: Path, picture: np.ndarray, pixels: str) -> None:
    """A one-channel PNG of format `pixels`."""
    encoder = av.CodecContext.create("png", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = picture.shape[1], picture.shape[0], pixels
    encoder.framerate = Fraction(1)
    frame = av.VideoFrame.from_ndarray(picture, format=pixels)
    path.write_bytes(b"".join(bytes(p) for p in [*encoder.encode(frame), *encoder.encode(None)]))


@pytest.fixture
def glitch(tmp_path: Path) -> Path:
    """Three characters with one action of two frames each."""
    for name in ("a000", "a001", "a002"):
        action = tmp_path / "glitch" / name / "walk"
        action.mkdir(parents=True)
        for i in range(2):
            ids = np.zeros((60, 80), np.uint16)
            ids[10:40, 10 + i : 40 + i] = 300
            ids[20:30, 15 + i : 25 + i] = 7
            write_gray(action / f"{i:04d}.png", ids, "gray16be")
        shapes = {
            "7": {"rgb": [200, 0, 0], "part": "eyes", "kind": "overlay", "base": 300},
            "300": {"rgb": [0, 0, 200], "part": "skin", "kind": "fill", "base": 300},
        }
        meta = {"avatar": name, "action": "walk", "files": ["0000.png", "0001.png"], "shapes": shapes}
        (action / "seq.json").write_text(json.dumps(meta))
    return tmp_path / "glitch"


def build(glitch: Path, output: Path, *options: str) -> None:
    result = CliRunner().invoke(dataset, ["build", "--glitch", str(glitch), "-o", str(output), "--val", "1", *options])
    assert result.exit_code == 0, result.output


def test_id_maps_are_read_to_the_bit(tmp_path: Path) -> None:
    ids = np.arange(0, 65520, 13, dtype=np.uint16).reshape(56, 90)
    write_gray(tmp_path / "ids.png", ids, "gray16be")
    assert (read_id_map(tmp_path / "ids.png") == ids).all()


def test_other_pictures_are_refused(tmp_path: Path) -> None:
    write_gray(tmp_path / "gray.png", np.zeros((8, 8), np.uint8), "gray")
    with pytest.raises(ReadError, match="not 16-bit gray"):
        read_id_map(tmp_path / "gray.png")
    with pytest.raises(ReadError):
        read_id_map(tmp_path / "absent.png")


def test_a_built_data_set_holds_frames_tables_split_and_provenance(glitch: Path, tmp_path: Path) -> None:
    build(glitch, tmp_path / "data")
    data = Dataset(tmp_path / "data")
    assert data.characters("train") == [["a000_walk.npz"], ["a001_walk.npz"]]
    assert data.characters("val") == [["a002_walk.npz"]]
    assert data.table["license"] == "CC0-1.0"
    assert "tinyspeck" in data.table["source"]
    sequence = data.read("a001_walk.npz")
    assert sequence.frames.shape == (2, 60, 80)
    assert sequence.frames[1, 25, 20] == 7
    assert sequence.parts[list(sequence.ids).index(7)] == "eyes"
    assert sequence.base[list(sequence.ids).index(7)] == 300


def test_building_twice_gives_the_same_bytes(glitch: Path, tmp_path: Path) -> None:
    build(glitch, tmp_path / "one")
    build(glitch, tmp_path / "two")
    names = sorted(p.name for p in (tmp_path / "one").iterdir())
    assert len(names) == 4
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_frames_are_scaled_without_new_ids(glitch: Path, tmp_path: Path) -> None:
    build(glitch, tmp_path / "data", "--long-side", "64")
    frames = Dataset(tmp_path / "data").read("a000_walk.npz").frames
    assert frames.shape == (2, 48, 64)
    assert set(np.unique(frames)) == {0, 7, 300}


def test_an_empty_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    result = CliRunner().invoke(dataset, ["build", "--glitch", str(tmp_path), "-o", str(tmp_path / "data")])
    assert isinstance(result.exception, ReadError)
    assert str(tmp_path) in str(result.exception)
    with pytest.raises(ReadError, match="dataset build"):
        Dataset(tmp_path / "data")


def test_a_truncated_item_is_an_error_that_names_it(glitch: Path, tmp_path: Path) -> None:
    build(glitch, tmp_path / "data")
    item = tmp_path / "data" / "a000_walk.npz"
    item.write_bytes(item.read_bytes()[:100])
    with pytest.raises(ReadError, match="a000_walk"):
        Dataset(tmp_path / "data").read("a000_walk.npz")
