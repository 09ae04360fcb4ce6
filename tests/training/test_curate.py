"""`framecolor dataset build --from`: folders and movies in, shards with flats, lines, split and provenance out."""

from __future__ import annotations

import json
import os
import shutil
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from movie_files import write_lossless
from test_curate_pictures import COLORS, draw_figure, paint

from framecolor import InputError, OutputError, ReadError
from framecolor.cli.dataset import dataset
from framecolor.media import encode_image, read_image, write_image
from framecolor.training.curate.build import ArtFolder, build_art
from framecolor.training.curate.collect import list_paintings, read_painting
from framecolor.training.curate.provenance import name_license, read_provenance
from framecolor.training.curate.shards import ArtShards, ShardWriter, encode_item
from framecolor.training.curate.walk import list_groups
from framecolor.training.dataset import Provenance
from framecolor.training.extract_lines import METHODS

SIZE = 128


def draw(step: int, hue: int = 0) -> np.ndarray:
    """uint8 SxSx4 of a figure; steps move it so far that no two are near-duplicates, hues recolor it."""
    fills = draw_figure(SIZE, x=(step % 5 - 2) * 22)
    fills = np.roll(fills, step // 5 * 9, axis=0)
    colors = (COLORS[0], *((int(r) ^ hue, int(g), int(b) ^ hue) for r, g, b in COLORS[1:]))
    return np.dstack([paint(fills, colors, ink_px=1), np.full((SIZE, SIZE), 255, np.uint8)])


@pytest.fixture
def studio(tmp_path: Path) -> Path:
    return make_studio(tmp_path)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with studio/ and art/, built from it; only for reading."""
    folder = tmp_path_factory.mktemp("built")
    studio = make_studio(folder)
    (studio / "provenance.toml").write_text('name = "fox"\nlicense = "CC-BY-4.0"\nattribution = "Fox by A. Painter"\n')
    result = build("--from", studio, "-o", folder / "art", "--val", "0.3")
    assert result.exit_code == 0, result.output
    (folder / "said.txt").write_text(result.output)
    return folder


def make_studio(parent: Path) -> Path:
    """A sequence with a hold, two single pictures, one of them twice, a movie, and what is no painting."""
    folder = parent / "studio"
    for frame, step in enumerate((0, 1, 1, 2)):
        write_image(folder / "cut_01" / f"color.{frame:04d}.png", draw(step))
    write_image(folder / "boards" / "fox.png", draw(3))
    write_image(folder / "boards" / "copy of fox.tga", draw(3))
    write_image(folder / "boards" / "wolf.png", draw(3, hue=0x70))
    write_lossless(folder / "cut_02.mkv", [draw(step, hue=0x38) for step in (4, 4, 4, 5, 6, 6)])
    write_image(folder / "boards" / "empty.png", np.full((SIZE, SIZE, 4), 255, np.uint8))
    (folder / "notes.txt").write_text("no picture")
    return folder


def build(*arguments: str | Path) -> Result:
    return CliRunner().invoke(dataset, ["build", *map(str, arguments)])


def test_a_studios_footage_becomes_a_training_set(built: Path) -> None:
    said = (built / "said.txt").read_text()
    assert "fox: 8 pictures of 3 groups" in said
    assert "left out as near-duplicate: 5" in said and "warning" not in said
    shards = ArtShards(built / "art")
    assert shards.table["sources"] == [
        {"name": "fox", "source": "Fox by A. Painter", "license": "CC-BY-4.0", "attribution": "Fox by A. Painter"}
    ]
    assert shards.facts["license"] == "CC-BY-4.0"
    assert shards.table["dropped"]["blank"] == {"count": 1, "first": ["boards/empty.png"]}
    assert shards.table["dropped"]["near-duplicate"]["count"] == 5
    files = [row["file"] for row in shards.table["items"]]
    assert files == [
        "boards/copy of fox.tga", "boards/wolf.png",
        *(f"cut_01/color.{i:04d}.png" for i in (0, 1, 3)),
        *(f"cut_02.mkv#{i:06d}" for i in (1, 4, 5)),
    ]  # fmt: skip


def test_pictures_are_read_back_exactly(built: Path) -> None:
    shards = ArtShards(built / "art")
    for record, row in zip(shards.records, shards.table["items"], strict=True):
        item = shards.read(record)
        assert item.size == record.size == (SIZE, SIZE)
        assert len(item.palette) == record.colors == len(COLORS)
        assert tuple(item.lines) == METHODS and all(0.005 < line.mean() < 0.4 for line in item.lines.values())
        if "#" not in row["file"]:
            assert (item.color == read_image(built / "studio" / row["file"])[..., :3]).all()
    with ThreadPoolExecutor(4) as pool:  # random access from threads
        again = list(pool.map(shards.read, [*shards.records[::-1], *shards.records]))
    assert all((a.flat == b.flat).all() for a, b in zip(again, again[::-1], strict=True))


def test_shards_have_the_layout_of_webdataset(built: Path) -> None:
    shards = ArtShards(built / "art")
    with tarfile.open(built / "art" / "art-00000.tar") as tar:
        members = tar.getmembers()
        assert {(m.mtime, m.uid, m.gid, m.uname, m.gname) for m in members} == {(0, 0, 0, "", "")}
        assert len(members) == 7 * len(shards)
        for record in shards.records:
            own = {m.name.split(".", 1)[1]: m for m in members if m.name.split(".", 1)[0] == record.name}
            assert {e: (m.offset_data, m.size) for e, m in own.items()} == record.members
            facts = json.load(tar.extractfile(own["json"]))  # pyright: ignore[reportArgumentType]
            assert facts["license"] == "CC-BY-4.0" and facts["group"] == record.group


def test_the_same_input_gives_the_same_bytes(studio: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert build("--from", studio, "-o", tmp_path / name, "--seed", "3").exit_code == 0
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["art-00000.tar", "art.json"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    build("--from", studio, "-o", tmp_path / "two", "--seed", "4")  # other jitter of the lines, the same pictures
    one, two = ArtShards(tmp_path / "one"), ArtShards(tmp_path / "two")
    assert one.hash != two.hash and [r.name for r in one.records] == [r.name for r in two.records]
    assert (one.read(one.records[0]).color == two.read(two.records[0]).color).all()


def test_no_group_is_divided_by_the_split(tmp_path: Path) -> None:
    for cut in range(6):
        for frame in range(2):
            write_image(tmp_path / "in" / f"cut_{cut}" / f"{frame:03d}.png", draw(frame, hue=cut * 40))
    folder = ArtFolder(tmp_path / "in", Provenance("s", "CC0-1.0", "cuts"))
    for share, count in ((0.3, 2), (0.01, 1), (0, 0)):
        table = build_art([folder], tmp_path / "art", val_share=share)
        splits: dict[str, set[str]] = {}
        for item in table["items"]:
            splits.setdefault(item["group"], set()).add(item["split"])
        assert len(splits) == 6 and all(len(found) == 1 for found in splits.values())
        assert sum(found == {"val"} for found in splits.values()) == count
        assert len(ArtShards(tmp_path / "art").items("val")) == 2 * count


def test_groups_are_movies_sequences_and_folders(tmp_path: Path) -> None:
    for name in ("a.0001.png", "a.0003.png", "b1.png", "x.png", "y.jpg", "7.png", "9999999.png", "c.mov", ".h.png"):
        (tmp_path / "cut" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "cut" / name).touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    groups = {group.name: [file.name for file in group.files] for group in list_groups(tmp_path)}
    assert groups == {
        "cut": ["7.png", "9999999.png", "b1.png", "x.png", "y.jpg"],  # numbers far apart are no sequence
        "cut/a.####.png": ["a.0001.png", "a.0003.png"],
        "cut/c.mov": ["c.mov"],
    }


def test_a_folder_of_single_pictures_is_split_by_picture(tmp_path: Path) -> None:
    for step, name in enumerate("abcde"):
        write_image(tmp_path / "in" / f"{name}.png", draw(step))
    result = build("--from", tmp_path / "in", "-o", tmp_path / "art", "--val", "0.2", "--license", "MIT")
    assert "5 pictures of 1 groups, 1 held out" in result.output and "warning" not in result.output
    for path in (tmp_path / "in").iterdir():
        path.rename(path.with_name(f"cut.{'abcde'.index(path.stem):03d}.png"))
    result = build("--from", tmp_path / "in", "-o", tmp_path / "art", "--val", "0.2", "--license", "MIT")
    assert "nothing is held out" in result.output


def test_broken_and_hostile_files_are_counted_not_fatal(studio: Path, tmp_path: Path) -> None:
    bad = studio / "bad"
    bad.mkdir()
    whole = encode_image(draw(9))
    (bad / "cut off.png").write_bytes(whole[: len(whole) // 2])
    (bad / "nothing.png").touch()
    (bad / "text.jpg").write_text("<svg/>")
    (bad / "movie.mp4").write_bytes(b"\0" * 5000)
    lying = bytearray(whole)
    lying[16:24] = (60000).to_bytes(4, "big") * 2
    (bad / "lying.png").write_bytes(lying)
    (bad / "gone.png").symlink_to(bad / "nowhere.png")
    write_image(bad / "tiny.png", draw(0)[:20, :20])
    write_image(bad / "strip.png", np.tile(draw(0)[:100], (1, 9, 1)))
    os.mkfifo(bad / "pipe.png")
    (studio / os.fsdecode(b"bad\xff\n.png")).write_text("odd name")
    result = build("--from", studio, "-o", tmp_path / "art", "--license", "CC0-1.0")
    assert result.exit_code == 0, result.output
    shards = ArtShards(tmp_path / "art")
    assert len(shards) == 8
    dropped = {reason: row["count"] for reason, row in shards.table["dropped"].items()}
    assert dropped.pop("unreadable") + dropped.pop("too large", 0) == 6
    assert dropped == {"blank": 1, "near-duplicate": 5, "too small": 1, "extreme aspect": 1}
    assert "left out as unreadable" in result.output


def test_a_limit_is_spread_over_groups_and_long_ones(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write_lossless(tmp_path / "in" / "a.mkv", [draw(step) for step in range(25)])
    for frame in range(4):
        write_image(tmp_path / "in" / f"b.{frame}.png", draw(frame, hue=0x70))
    folder = ArtFolder(tmp_path / "in", Provenance("s", "CC0-1.0"))
    items = build_art([folder], tmp_path / "art", limit=4)["items"]
    assert [item["group"] for item in items].count("a.mkv") == 2 and len(items) == 4
    assert len(build_art([folder], tmp_path / "art", limit=7)["items"]) == 7


def test_pictures_are_scaled_down_and_keep_their_paper(tmp_path: Path) -> None:
    rgba = draw(2)
    rgba[..., 3] = np.where((rgba[..., :3] == 255).all(axis=2), 0, 255)
    write_image(tmp_path / "in" / "a.png", cv2.resize(rgba, (4 * SIZE, 2 * SIZE), interpolation=cv2.INTER_NEAREST))
    assert build("--from", tmp_path / "in", "-o", tmp_path / "art", "--long-side", "100").exit_code == 0
    shards = ArtShards(tmp_path / "art")
    item = shards.read(shards.records[0])
    assert item.size == (50, 100) and item.paper
    assert item.flat[0, 0] == 0 and 0.3 < (item.flat == 0).mean() < 0.9


def test_where_pictures_come_from_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "cut"
    folder.mkdir()
    assert read_provenance(folder) == Provenance("cut", "unknown", "cut", "")
    (folder / "LICENSE.txt").write_text("Creative Commons\nAttribution-ShareAlike 4.0 International\n")
    (folder / "ATTRIBUTION.md").write_text("# Foxes by\nA. Painter\n")
    attribution = "Foxes by A. Painter"
    assert read_provenance(folder) == Provenance(attribution, "CC-BY-SA-4.0", "cut", attribution)
    (folder / "provenance.toml").write_text('source = "the studio"\nlicense = "LicenseRef-studio"\n')
    assert read_provenance(folder, license="MIT").license == "MIT"
    assert read_provenance(folder) == Provenance("the studio", "LicenseRef-studio", "cut", "Foxes by A. Painter")
    for text in ("license = 3", "color = 'red'"):
        (folder / "provenance.toml").write_text(text)
        with pytest.raises(InputError, match=r"provenance\.toml"):
            read_provenance(folder)
    (folder / "provenance.toml").write_text("license = ")
    with pytest.raises(ReadError, match="TOML"):
        read_provenance(folder)


def test_licenses_are_known_by_their_text() -> None:
    assert name_license("SPDX-License-Identifier: MIT OR Apache-2.0") == "MIT OR Apache-2.0"
    assert name_license("CC0 1.0 Universal") == "CC0-1.0"
    assert name_license("Creative Commons Attribution-NonCommercial 4.0") == "CC-BY-NC-4.0"
    assert name_license("All rights reserved.") is None


def test_an_unknown_license_is_a_warning(studio: Path, tmp_path: Path) -> None:
    result = build("--from", studio, "-o", tmp_path / "art")
    assert "warning:" in result.output and "--license" in result.output
    assert ArtShards(tmp_path / "art").facts["license"] == "unknown"


def test_contradictory_calls_are_refused(studio: Path, tmp_path: Path) -> None:
    out = tmp_path / "art"
    assert build("--from", studio, "--art", studio, "-o", out).exit_code == 2
    assert build("--from", studio, "--from", studio, "--name", "a", "-o", out).exit_code == 2
    assert build("--glitch", studio, "--license", "MIT", "-o", out).exit_code == 2
    assert isinstance(build("--from", studio, "--from", studio, "-o", out).exception, InputError)
    assert isinstance(build("--from", tmp_path / "absent", "-o", out).exception, ReadError)
    (tmp_path / "none").mkdir()
    assert isinstance(build("--from", tmp_path / "none", "-o", out).exception, InputError)
    out.mkdir()
    (out / "dataset.json").touch()
    assert isinstance(build("--from", studio, "-o", out).exception, OutputError)


def test_a_second_build_leaves_nothing_of_the_first(studio: Path, tmp_path: Path) -> None:
    build("--from", studio, "-o", tmp_path / "art")
    (tmp_path / "art" / "art-00001.tar").touch()
    build("--from", studio, "-o", tmp_path / "art", "--limit", "2")
    assert len(ArtShards(tmp_path / "art")) == 2
    assert sorted(path.name for path in (tmp_path / "art").iterdir()) == ["art-00000.tar", "art.json"]


def test_full_shards_are_followed_by_others(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", draw(0))
    item = read_painting(tmp_path / "a.png")
    writer = ShardWriter(tmp_path / "art", shard_bytes=40_000)
    places = [writer.add(f"n{i}", encode_item(item, {"name": str(i)})) for i in range(6)]
    writer.close()
    assert len(writer.names) > 1 and [shard for shard, _, _ in places] == sorted(shard for shard, _, _ in places)
    for number, (shard, members, _) in enumerate(places):
        data = (tmp_path / "art" / shard).read_bytes()
        assert len(data) < 60_000
        at, length = members["json"]
        assert json.loads(data[at : at + length])["name"] == str(number)


def test_damage_is_an_error_that_names_the_shard(built: Path, tmp_path: Path) -> None:
    shutil.copytree(built / "art", tmp_path / "art")
    shards = ArtShards(tmp_path / "art")
    path = tmp_path / "art" / "art-00000.tar"
    data = bytearray(path.read_bytes())
    data[shards.records[0].members["flat.png"][0] + 60] ^= 1
    path.write_bytes(data)
    with pytest.raises(ReadError, match=r"art-00000.*damaged"):
        shards.read(shards.records[0])
    shards.read(shards.records[1])
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ReadError, match="cut off"):
        shards.read(shards.records[-1])
    path.unlink()
    with pytest.raises(ReadError, match="art-00000"):
        shards.read(shards.records[1])


def test_another_table_is_refused(built: Path, tmp_path: Path) -> None:
    table = json.loads((built / "art" / "art.json").read_text())
    item = table["items"][0]
    wrong: list[dict[str, object]] = [{"format": 9}, {"kind": "x"}, {"items": [{"name": "a"}]}, {"items": 3}]
    wrong += [{"items": [{**item, "shard": "../x.tar"}]}, {"items": [{**item, "members": {"json": [-1, 5]}}]}]
    for change in wrong:
        (tmp_path / "art.json").write_text(json.dumps({**table, **change}))
        with pytest.raises(ReadError, match=r"art\.json"):
            ArtShards(tmp_path)


def test_a_plain_folder_is_sifted_as_well(built: Path) -> None:
    studio = built / "studio"
    found = [path.relative_to(studio).as_posix() for path in list_paintings(studio)]
    assert found == ["boards/copy of fox.tga", "boards/wolf.png", *(f"cut_01/color.{i:04d}.png" for i in (0, 1, 3))]
    assert len(read_painting(studio / found[0]).palette) == len(COLORS)


def test_the_sheet_shows_each_picture_in_every_way(built: Path, tmp_path: Path) -> None:
    arguments = ["sheet", str(built / "art"), "-o", str(tmp_path / "sheet.png"), "--rows", "3", "--size", "64"]
    result = CliRunner().invoke(dataset, arguments)
    assert result.exit_code == 0, result.output
    sheet = read_image(tmp_path / "sheet.png")
    assert sheet.shape == (3 * 68 - 4, 10 * 68 - 4, 4)
    cells = [sheet[:64, 68 * i : 68 * i + 64, :3] for i in range(10)]
    assert len({cell.tobytes() for cell in cells}) == 10
    assert all(cell.std() > 2 for cell in cells)
    result = CliRunner().invoke(dataset, [*arguments, "--source", "absent"])
    assert isinstance(result.exception, ReadError) and "fox" in str(result.exception)
