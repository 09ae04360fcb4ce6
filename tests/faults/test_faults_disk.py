"""Full, limited and read-only disks, and runs at once: whole files, a clear end, and the next run mends it."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from conftest import pytorch_alone
from faulty import Ended, Started, list_changes, list_torn, make_small_shot, read_tree, run
from painting import FIT, paint

from framecolor import OutputError
from framecolor.config.cascade import CONFIG_VARIABLE

pytestmark = pytest.mark.usefixtures("quick_engine")

_OPTIONS = ("--fit", str(FIT))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_small_shot(tmp_path / "cut")


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that an undisturbed run of the shot leaves."""
    root = make_small_shot(tmp_path_factory.mktemp("undisturbed") / "cut")
    with pytorch_alone():
        paint(root, fit=FIT)
    return root / "color"


@pytest.fixture
def expected(painted: Path) -> dict[str, object]:
    """What an undisturbed run leaves."""
    return read_tree(painted)


def fill_disk(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """From here on so many bytes can be written; the file that comes to the end of them is cut off there."""
    write_bytes = Path.write_bytes

    def write(path: Path, data: bytes) -> int:
        nonlocal room
        fits = data[:room]
        room -= len(fits)
        write_bytes(path, fits)
        if len(fits) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return len(data)

    monkeypatch.setattr(Path, "write_bytes", write)


@pytest.mark.parametrize("share", [0.0, 0.9])
def test_a_disk_that_is_full_before_the_fit_is_kept(
    root: Path, expected: dict[str, object], monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    (fit,) = (data for name, data in expected.items() if name.endswith(".safetensors"))
    assert isinstance(fit, bytes)
    fill_and_mend(root, expected, monkeypatch, int(share * len(fit)))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.99])
def test_a_disk_that_is_full_at_any_time_after_the_fit(
    root: Path, painted: Path, expected: dict[str, object], monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    """In the frames and in the record behind them."""
    shutil.copytree(painted / ".framecolor", root / "color/.framecolor")
    small = (data for name, data in expected.items() if not name.startswith(".framecolor"))
    written = sum(len(data) for data in small if isinstance(data, bytes))
    fill_and_mend(root, expected, monkeypatch, int(share * written))


def fill_and_mend(root: Path, expected: dict[str, object], monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """Paint where there is room for so many bytes, and again where there is enough."""
    with monkeypatch.context() as patch:
        fill_disk(patch, room)
        with pytest.raises(OutputError, match=r"the file cannot be written \(No space left on device\); check"):
            paint(root, fit=FIT)
    assert list_torn(read_tree(root / "color"), expected) == []
    assert not list((root / "color").rglob(".*.tmp"))
    paint(root, fit=FIT)
    assert list_changes(read_tree(root / "color"), expected) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for a shot and its frames but not for the fit."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_real_disk_that_is_full(small_disk: Path, tmp_path: Path, expected: dict[str, object]) -> None:
    arguments = ("colorize", make_small_shot(small_disk / "cut"))
    ended = run(*arguments, *_OPTIONS, printed=tmp_path / "printed")
    check_failure(ended, "No space left on device")
    ended = run(*arguments, "--fit", "0", "--log", small_disk / "log", printed=tmp_path / "printed")
    assert ended.code == 0, ended.text
    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    assert run(*arguments, *_OPTIONS, printed=tmp_path / "printed").code == 0
    assert list_changes(read_tree(small_disk / "cut/color"), expected) == []


def check_failure(ended: Ended, words: str) -> None:
    """One line tells what is wrong, and nothing looks like a crash."""
    assert ended.code == 2, ended
    errors = [line for line in ended.text.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and words in errors[0], ended.text
    assert "Traceback" not in ended.text and "Exception ignored" not in ended.text


def test_files_that_may_not_be_large(root: Path, tmp_path: Path, expected: dict[str, object]) -> None:
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (100_000, 100_000))
    check_failure(run("colorize", root, *_OPTIONS, printed=tmp_path / "printed", prelude=limit), "File too large")
    assert run("colorize", root, *_OPTIONS, printed=tmp_path / "printed").code == 0
    assert list_changes(read_tree(root / "color"), expected) == []


def test_a_log_on_a_full_disk_is_an_error_after_all_is_painted(
    root: Path, painted: Path, tmp_path: Path, expected: dict[str, object]
) -> None:
    shutil.copytree(painted / ".framecolor", root / "color/.framecolor")
    ended = run("colorize", root, *_OPTIONS, "--log", "/dev/full", printed=tmp_path / "printed")
    check_failure(ended, "/dev/full: the log ends here, as it cannot be written (No space left on device)")
    assert list_changes(read_tree(root / "color"), expected) == []


def test_runs_at_once_in_one_folder(root: Path, tmp_path: Path, expected: dict[str, object]) -> None:
    """One has the folder, the others end at once and say why; tasks beside it shut nobody out."""
    whole = [Started("colorize", root, *_OPTIONS, printed=tmp_path / f"whole{i}") for i in range(3)]
    part = ("colorize", root, *_OPTIONS, "--part", "--frames")
    parts = [Started(*part, frames, printed=tmp_path / f"part{frames}") for frames in ("1001-1002", "1003-1004")]
    ends = [started.wait() for started in whole]
    assert {ended.code for ended in ends} <= {0, 2} and [ended.code for ended in ends].count(0) >= 1
    for ended in ends:
        if ended.code:
            check_failure(ended, "another run is painting into this folder")
    assert [(started.wait().code) for started in parts] == [0, 0]
    assert run("colorize", root, *_OPTIONS, printed=tmp_path / "last").code == 0
    assert list_changes(read_tree(root / "color"), expected) == []


def test_many_parts_at_once_and_some_of_them_killed(root: Path, tmp_path: Path, expected: dict[str, object]) -> None:
    part = ("colorize", root, *_OPTIONS, "--part", "--frames")
    frames = ["1001-1004", "1002-1004x2", "1001-1003", *map(str, range(1001, 1005))]
    started = [Started(*part, text, printed=tmp_path / text) for text in frames]
    for one in started[::3]:
        one.send(signal.SIGKILL)
    assert {one.wait().code for one in started} <= {0, -signal.SIGKILL}
    assert list_torn(read_tree(root / "color"), expected) == []
    assert run("colorize", root, *_OPTIONS, printed=tmp_path / "last").code == 0
    assert list_changes(read_tree(root / "color"), expected) == []


def test_a_folder_that_may_not_be_written_to(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir(mode=0o555)
    nobody = partial(become_nobody, tmp_path)
    ended = run("colorize", root, "--fit", "0", "-o", out, printed=tmp_path / "printed", prelude=nobody)
    check_failure(ended, str(out))
    assert read_tree(out) == {}


def become_nobody(folder: Path) -> None:
    """Give up root's rights, to which no permission means anything; the folder stays within reach."""
    for place in (folder, *folder.parents):
        if place.stat().st_uid == os.getuid() and place != Path("/"):
            place.chmod(place.stat().st_mode | 0o055)
    os.environ.pop(CONFIG_VARIABLE)
    if os.getuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
