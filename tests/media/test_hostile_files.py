"""Files that fuzzing found: each is read safely or ends in a clear error."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from fuzz.findings import cut_strip, replace_bytes
from fuzz.movies import mkvs, mp4s
from safetensors.torch import save

from framecolor import InputError, ReadError, SettingsError, ShotError
from framecolor.config.settings_file import read_table
from framecolor.core.parsing import is_file_name, parse_json, parse_toml
from framecolor.media import Movie, read_image
from framecolor.networks.checkpoint import load_matcher
from framecolor.networks.kept import pack_arrays, unpack_arrays
from framecolor.output.manifest_writer import ManifestWriter
from framecolor.shot.sequence import find_sequence, parse_frames


def test_an_error_is_one_printable_line() -> None:
    error = InputError("a\nb\ud800\x1b[2J", "線\u3000画 \u202e", "x" * 9000)
    assert str(error).startswith("a\\nb\\ud800\\x1b[2J: 線\u3000画 \\u202e; xxx")
    assert len(str(error)) < 3000 and str(error).encode()


@pytest.mark.parametrize("text", ["[" * 4000, "NaN", "[1e999]", "-Infinity", "{", "9" * 5000])
def test_json_fails_in_one_way(text: str) -> None:
    with pytest.raises(ValueError):
        parse_json(text)


def test_toml_fails_in_one_way() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_toml("a = " + "[" * 4000)


@pytest.mark.parametrize(("name", "right"), [("a.png", True), ("", False), ("..", False), ("/a", False)])
def test_a_name_must_not_be_a_path(name: str, right: bool) -> None:
    assert is_file_name(name) is right


def test_settings_have_bounds(tmp_path: Path) -> None:
    path = tmp_path / "framecolor.toml"
    for value in ("inf", "nan", "1" + "0" * 400):
        path.write_text(f"min_region_px = {value}\n")
        with pytest.raises(SettingsError, match="a million at most"):
            read_table(path)


def test_a_playlist_by_the_name_of_a_movie_opens_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "secret.mp4").write_bytes(next(iter(mp4s())))
    assert len(Movie.open(tmp_path / "secret.mp4")) == 3
    playlist = tmp_path / "cut.mov"
    for text in ("ffconcat version 1.0\nfile secret.mp4\n", "#EXTM3U\n#EXTINF:10,\nsecret.mp4\n#EXT-X-ENDLIST\n"):
        playlist.write_text(text)
        with pytest.raises(ReadError, match="not a movie"):
            Movie.open(playlist)


def test_tags_in_another_encoding_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(replace_bytes(next(iter(mp4s())), b"Lavf", "動画".encode("cp932")))
    assert len(Movie.open(path)) == 3


def test_a_movie_of_an_unknown_codec_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(replace_bytes(next(iter(mp4s())), b"avc1", b"zzzz"))
    with pytest.raises(ReadError, match="of a codec that is not known"):
        Movie.open(path)


def test_a_movie_whose_frames_all_come_at_once_is_counted(tmp_path: Path) -> None:
    data = next(iter(mkvs()))
    for time_ms in (42, 83):
        data = replace_bytes(data, bytes([0x81, 0, time_ms]), bytes([0x81, 0, 0]))
    path = tmp_path / "cut.mkv"
    path.write_bytes(data)
    movie = Movie.open(path)
    assert (len(movie), movie.paced) == (3, False)


@pytest.mark.parametrize("packing", [8, 32946])
def test_a_tiff_whose_strip_ends_early_is_cut_off(packing: int, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(cut_strip(packing))
    with pytest.raises(ReadError, match="cut off"):
        read_image(path)


def test_a_huge_frame_range_is_not_expanded() -> None:
    assert parse_frames("1-999999999999x2", (1, 4, 7, 999_999_999_999)) == (1, 7, 999_999_999_999)
    for text in ("1-99999999999", "1-5x0", "1-5x" + "9" * 40):
        with pytest.raises(ShotError):
            parse_frames(text, (1, 2, 3, 4, 5))


def test_frame_numbers_that_are_too_large_are_an_error(tmp_path: Path) -> None:
    for number in (1, 2, 999_999_999):
        (tmp_path / f"a.{number}.png").touch()
    with pytest.raises(ShotError, match=r"from 1 to 999999999.*check the name of a\.999999999\.png"):
        find_sequence(tmp_path)


def test_names_with_backslashes_are_of_different_sequences(tmp_path: Path) -> None:
    for name in ("a\\x.1.png", "b\\x.2.png"):
        (tmp_path / name).touch()
    with pytest.raises(ShotError, match="2 sequences"):
        find_sequence(tmp_path)


def test_a_record_must_not_name_a_file_in_another_folder(tmp_path: Path) -> None:
    table = {"format": 1, "palette": [], "frames": [], "fit": {"hash": "../../outside"}}
    (tmp_path / "framecolor.json").write_text(json.dumps(table))
    assert ManifestWriter(tmp_path).last_fit is None


def test_weights_allocate_no_more_than_their_tensors(tmp_path: Path) -> None:
    sizes = dict.fromkeys(("features", "context", "width", "heads", "own_layers", "pair_layers", "seen"), "1000000")
    path = tmp_path / "matcher.safetensors"
    path.write_bytes(save({"a": torch.zeros(3)}, {"format": "framecolor matcher 2", **sizes}))
    with pytest.raises(ReadError, match="no weights for the size 1000000"):
        load_matcher(path)


def test_kept_arrays_notice_any_bit(tmp_path: Path) -> None:
    path = tmp_path / "kept.safetensors"
    arrays = {"a": np.arange(4, dtype=np.float16), "b": np.array(2.0)}
    whole = pack_arrays(arrays, {"number": 3})
    path.write_bytes(whole)
    found = unpack_arrays(path)
    assert found is not None and found[1] == {"number": 3} and np.array_equal(found[0]["a"], arrays["a"])
    for place in np.random.default_rng(0).integers(0, len(whole), 60).tolist():
        changed = bytearray(whole)
        changed[place] ^= 16
        path.write_bytes(changed)
        assert unpack_arrays(path) is None
