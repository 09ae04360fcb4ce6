"""Building and reading training data."""

import hashlib
import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from click.testing import CliRunner

from framecolor import ReadError
from framecolor.cli.dataset import dataset
from framecolor.training.dataset import Dataset, IdSequence, Provenance, write_sources
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


def one_square(name: str) -> IdSequence:
    frames = np.zeros((2, 16, 16), np.uint16)
    frames[:, 4:12, 4:12] = 1
    ids = np.array([1], np.uint16)
    return IdSequence(name, "still", frames, ids, np.zeros((1, 3), np.uint8), ids, ("a",))


def build(glitch: Path, output: Path, *options: str) -> None:
    result = CliRunner().invoke(
        dataset, ["build", "--glitch", str(glitch), "-o", str(output), "--val", "0.3", *options]
    )
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
    held_out = data.characters("val")
    assert len(held_out) == 1
    assert sorted(held_out + data.characters("train")) == [[f"a00{i}_walk.npz"] for i in range(3)]
    assert data.characters_by_source("val") == {"glitch": held_out}
    assert [s["name"] for s in data.table["sources"]] == ["glitch"]
    assert data.table["license"] == "CC0-1.0"
    assert "tinyspeck" in data.table["source"]
    sequence = data.read("a001_walk.npz")
    assert sequence.frames.shape == (2, 60, 80)
    assert sequence.frames[1, 25, 20] == 7
    assert sequence.parts[list(sequence.ids).index(7)] == "eyes"
    assert sequence.base[list(sequence.ids).index(7)] == 300


def test_a_share_is_held_out_by_a_hash_of_the_name(tmp_path: Path) -> None:
    names = sorted((f"c{i}" for i in range(20)), key=lambda name: hashlib.sha256(name.encode()).digest())
    provenance = Provenance("test", "CC0-1.0", "squares")
    for share, count in ((0.1, 2), (0.001, 1), (0, 0)):
        folder = tmp_path / str(share)
        write_sources([(provenance, [one_square(name) for name in sorted(names)])], folder, 16, share)
        held_out = {files[0] for files in Dataset(folder).characters("val")}
        assert held_out == {f"{name}_still.npz" for name in names[20 - count :]}


def test_two_sources_or_characters_of_one_name_are_refused(tmp_path: Path) -> None:
    one = (Provenance("test", "CC0-1.0", "one"), [one_square("a")])
    with pytest.raises(ValueError, match="two sources"):
        write_sources([one, (one[0], [one_square("b")])], tmp_path / "data", 16, 0.1)
    with pytest.raises(ValueError, match="same character"):
        write_sources([one, (Provenance("test", "CC0-1.0", "two"), [one_square("a")])], tmp_path / "data", 16, 0.1)


def test_the_old_format_is_refused_and_the_fix_named(glitch: Path, tmp_path: Path) -> None:
    build(glitch, tmp_path / "data")
    path = tmp_path / "data" / "dataset.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 1}))
    with pytest.raises(ReadError, match=r"format 1, not 2.*build the data set again"):
        Dataset(tmp_path / "data")


def test_a_build_without_a_source_is_a_usage_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(dataset, ["build", "-o", str(tmp_path / "data")])
    assert result.exit_code == 2
    assert all(option in result.output for option in ("--glitch", "--art", "--rigged", "--from"))


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
