"""Links, pipes and devices: nothing outside of the output folder is touched, and nothing is waited for."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import pytorch_alone
from faulty import list_changes, make_small_shot, read_tree
from painting import FIT, copy_shot, paint, read_bytes

from framecolor import FramecolorError, OutputError, Shot, gather_parts
from framecolor.core.files import open_file, read_file
from framecolor.media import Movie, hash_file, image_size, read_image, read_palette
from framecolor.shot.corrections import read_corrections
from framecolor.shot.sheets.files import read_sheet

pytestmark = pytest.mark.usefixtures("quick_engine")


def link(path: Path) -> None:
    """A link to a file that has to stay as it is."""
    path.symlink_to(path.parent / "nowhere")


def loop(path: Path) -> None:
    path.symlink_to(path)


def make_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # its address has to be short
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(here)


def zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


STRANGE: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "socket": make_socket,
    "endless device": zeros,
    "dangling link": link,
    "loop of links": loop,
    "folder": Path.mkdir,
}


@pytest.fixture(scope="module")
def small_shot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`make_small_shot`, painted; to be looked at or copied, never changed."""
    root = make_small_shot(tmp_path_factory.mktemp("small") / "cut")
    with pytorch_alone():
        assert len(paint(root, fit=FIT).written) == 4
    return root


@pytest.fixture
def root(small_shot: Path, tmp_path: Path) -> Path:
    """A painted shot to change."""
    return copy_shot(small_shot, tmp_path / "cut")


@pytest.mark.parametrize("kind", STRANGE)
def test_only_files_are_read(tmp_path: Path, kind: str) -> None:
    STRANGE[kind](tmp_path / "strange")
    with pytest.raises(OSError):
        open_file(tmp_path / "strange")


@pytest.mark.parametrize("kind", STRANGE)
@pytest.mark.parametrize(
    "read", [read_image, image_size, hash_file, read_palette, read_corrections, read_sheet, Movie.open]
)
def test_no_reader_waits(tmp_path: Path, read: Callable[[Path], object], kind: str) -> None:
    STRANGE[kind](tmp_path / "strange")
    with pytest.raises(FramecolorError, match="strange"):
        read(tmp_path / "strange")


@pytest.mark.parametrize("kind", STRANGE)
@pytest.mark.parametrize("place", ["line", "keys", "hints", "stencils"])
def test_among_the_inputs_they_are_passed_over(root: Path, place: str, kind: str) -> None:
    (root / place).mkdir(exist_ok=True)
    STRANGE[kind](root / place / "cut.1008.png")
    assert len(paint(root, fit=FIT).unchanged) == 4


@pytest.mark.parametrize("kind", STRANGE)
def test_in_place_of_what_was_written_they_are_replaced(root: Path, small_shot: Path, kind: str) -> None:
    out = root / "color"
    expected = read_tree(small_shot / "color")
    files = [path for path in out.rglob("*") if path.is_file() and path.name != "lock"]
    for path in files:
        if kind == "folder" and "fit-" in path.name:
            continue
        if kind == "folder" and path.suffix in (".png", ".json"):
            continue  # the next test
        path.unlink()
        STRANGE[kind](path)
    outcome = paint(root, fit=FIT)
    assert outcome.failed == {}
    assert list_changes(read_tree(out), expected) == []


@pytest.mark.parametrize("kind", STRANGE)
def test_in_place_of_the_lock_they_are_named_where_they_cannot_be_held(root: Path, small_shot: Path, kind: str) -> None:
    lock = root / "color/.framecolor/lock"
    lock.unlink()
    STRANGE[kind](lock)
    try:
        assert len(paint(root, fit=FIT).unchanged) == 4
    except OutputError as error:
        assert ".framecolor: cannot be written to (" in str(error)
    assert read_bytes(root / "color") == read_bytes(small_shot / "color")


def test_folders_in_place_of_files_are_named(root: Path) -> None:
    out = root / "color"
    (out / "cut.1003.png").unlink()
    (out / "cut.1003.png").mkdir()
    assert list(paint(root, fit=FIT).failed) == [1003]
    (out / "framecolor.json").unlink()
    (out / "framecolor.json").mkdir()
    with pytest.raises(OutputError, match=r"framecolor\.json: is a folder, .*; remove it"):
        paint(root, fit=FIT)


@pytest.mark.parametrize("kind", STRANGE)
def test_parts_and_proposals_that_are_no_files_are_as_good_as_none(root: Path, kind: str) -> None:
    parts = root / "color/.framecolor/parts"
    parts.mkdir()
    STRANGE[kind](parts / "1001-1004-abc.json")
    assert len(paint(root, fit=FIT).unchanged) == 4


def test_a_frame_that_is_a_link_is_replaced_and_not_written_through(root: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim.png"
    victim.write_bytes(b"precious")
    for name in ("cut.1004.png", "framecolor.json", "report.html"):
        (root / "color" / name).unlink(missing_ok=True)
        (root / "color" / name).symlink_to(victim)
    paint(root, fit=FIT)
    assert victim.read_bytes() == b"precious"
    assert not (root / "color/cut.1004.png").is_symlink() and not (root / "color/framecolor.json").is_symlink()


@pytest.mark.parametrize("name", ["line", "matte", "cryptomatte", "keys", ".framecolor", ".framecolor/parts"])
def test_folders_that_lead_out_are_refused(root: Path, tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    place = root / "color" / name
    if name == ".framecolor":
        place.rename(root / "color/before")
    place.symlink_to(elsewhere)
    for act in (paint, lambda root: gather(root)):
        with pytest.raises(OutputError, match=r"is a link to .*elsewhere, .*; remove it"):
            act(root)
    assert read_tree(elsewhere) == {}


def gather(root: Path) -> None:
    from framecolor.output.lock import claim_output

    with claim_output(root / "color"):
        gather_parts(Shot.open(root), root / "color")


def test_the_output_folder_itself_may_be_a_link(small_shot: Path, tmp_path: Path) -> None:
    root = make_small_shot(tmp_path / "cut")
    (tmp_path / "elsewhere/cut").mkdir(parents=True)
    (root / "color").symlink_to(tmp_path / "elsewhere/cut")
    paint(root, fit=FIT)
    (root / "color/framecolor.json").unlink()
    found, expected = read_tree(tmp_path / "elsewhere/cut"), read_tree(small_shot / "color")
    assert list_changes(found, expected) == ["framecolor.json"]


@pytest.mark.parametrize("kind", ["pipe", "endless device", "folder"])
@pytest.mark.parametrize("given", ["palette", "reference", "model", "corrections", "keys"])
def test_files_that_are_named_and_are_none(root: Path, tmp_path: Path, given: str, kind: str) -> None:
    strange = tmp_path / "strange.png"
    if (given, kind) == ("keys", "folder"):
        pytest.skip("that is what --keys takes")
    STRANGE[kind](strange)
    if given == "model":
        for path in (root / "keys").iterdir():
            path.unlink()
    with pytest.raises(FramecolorError, match=r"strange\.png"):
        paint(root, tmp_path / "out", **{given: strange if given in ("keys", "corrections") else str(strange)})


@pytest.mark.parametrize("kind", sorted(set(STRANGE) - {"folder"}))
def test_a_shot_that_is_none(tmp_path: Path, kind: str) -> None:
    for name in ("a.mov", "line.####.png"):
        STRANGE[kind](tmp_path / name)
        with pytest.raises(FramecolorError, match=name.partition("#")[0]):
            paint(tmp_path / name, keys=tmp_path)


def test_a_settings_file_that_is_a_pipe(root: Path) -> None:
    from framecolor.config.cascade import read_levels

    os.mkfifo(root / "framecolor.toml")
    with pytest.raises(FramecolorError, match=r"framecolor\.toml"):
        read_levels(root, {})


def test_what_is_read_is_all_of_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(range(256)) * 9000)
    (tmp_path / "b").symlink_to("a")
    assert read_file(tmp_path / "b") == bytes(range(256)) * 9000
