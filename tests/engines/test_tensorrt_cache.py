"""The folder of engine files: many tasks compile one once, and what is damaged or out of date is never loaded."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from framecolor import EngineError, OutputError
from framecolor.engines.tensorrt.backends import Backend, Gpu
from framecolor.engines.tensorrt.cache import Built, EngineCache, EngineKey
from framecolor.engines.tensorrt.prune import find_unfit, prune_engine_files

KEY = EngineKey("features", "half", "0123", "planes 1x7x64x64", "rtx", "1.7", "any", "refit off")
PLAN = bytes(range(256)) * 16
PROCESSES = 20


class Builder:
    """Counts its builds; each gives other bytes."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> Built:
        self.count += 1
        return PLAN + bytes([self.count]), ("generator.a.weight",)


@pytest.fixture
def cache(tmp_path: Path) -> EngineCache:
    return EngineCache(tmp_path / "engines")


def test_an_engine_file_is_built_once_and_found_again(cache: EngineCache) -> None:
    build = Builder()
    assert cache.find(KEY) is None
    stored, data, built = cache.get_or_build(KEY, build, "features")
    assert (built, data, stored.weights) == (True, PLAN + b"\1", ("generator.a.weight",))
    again, found, built = EngineCache(cache.folder).get_or_build(KEY, build)
    assert (built, found, build.count) == (False, data, 1)
    assert (again.key, again.profile, again.weights) == (KEY, "features", stored.weights)
    assert [file.path for file in cache.files()] == [stored.path]


def test_the_record_has_all_parts_of_the_key(cache: EngineCache) -> None:
    stored, data, _ = cache.get_or_build(KEY, Builder(), "features")
    table = json.loads(stored.path.with_suffix(".json").read_text())
    assert table["key"]["target"] == "any" and table["key"]["flags"] == "refit off"
    assert table["size_bytes"] == len(data) and len(table["sha256"]) == 64


@pytest.mark.parametrize("field", list(KEY.__dataclass_fields__))
def test_each_part_of_the_key_changes_the_engine_file(cache: EngineCache, field: str) -> None:
    build = Builder()
    cache.get_or_build(KEY, build)
    cache.get_or_build(replace(KEY, **{field: "other"}), build)
    assert build.count == 2 and len(list(cache.files())) == 2


def test_force_builds_again(cache: EngineCache) -> None:
    build = Builder()
    cache.get_or_build(KEY, build)
    _, data, built = cache.get_or_build(KEY, build, force=True)
    assert built and data == PLAN + b"\2"
    assert cache.get_or_build(KEY, build)[1] == data


DAMAGE = {
    "cut short": lambda file, record: file.write_bytes(file.read_bytes()[:-1]),
    "empty": lambda file, record: file.write_bytes(b""),
    "one bit": lambda file, record: file.write_bytes(b"\1" + file.read_bytes()[1:]),
    "longer": lambda file, record: file.write_bytes(file.read_bytes() + b"\0"),
    "no file": lambda file, record: file.unlink(),
    "record cut short": lambda file, record: record.write_text(record.read_text()[:100]),
    "record of another file": lambda file, record: record.write_text(record.read_text().replace('"1.7"', '"1.8"')),
    "record without a hash": lambda file, record: record.write_text(record.read_text().replace("sha256", "sha1")),
    "record is no table": lambda file, record: record.write_text("[]"),
    "record is no text": lambda file, record: record.write_bytes(b"\xff\xfe\0"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_engine_file_is_logged_and_built_again(
    cache: EngineCache, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    build = Builder()
    stored, _, _ = cache.get_or_build(KEY, build)
    DAMAGE[damage](stored.path, stored.path.with_suffix(".json"))
    with caplog.at_level(logging.WARNING, "framecolor"):
        _, data, built = cache.get_or_build(KEY, build)
    assert built and data == PLAN + b"\2"
    assert "compiled again" in caplog.text
    assert cache.get_or_build(KEY, build)[1:] == (data, False)


def test_an_engine_file_that_was_changed_does_not_read(cache: EngineCache) -> None:
    stored, _, _ = cache.get_or_build(KEY, Builder())
    stored.path.write_bytes(PLAN + b"\7")
    with pytest.raises(EngineError, match="is damaged: it is not what was written; framecolor engine build --force"):
        stored.read()


def test_the_changed_part_of_a_stale_key_is_logged(cache: EngineCache, caplog: pytest.LogCaptureFixture) -> None:
    cache.get_or_build(KEY, Builder(), "features")
    with caplog.at_level(logging.WARNING, "framecolor"):
        assert cache.get_or_build(replace(KEY, version="1.8"), Builder(), "features")[2]
    assert "features: the engine file is out of date (version 1.7 -> 1.8)" in caplog.text


def test_a_build_that_fails_leaves_nothing(cache: EngineCache) -> None:
    def fail() -> Built:
        raise EngineError("rtx", "does not compile")

    with pytest.raises(EngineError, match="does not compile"):
        cache.get_or_build(KEY, fail)
    assert list(cache.files()) == [] and list(cache.folder.glob("*.plan")) == []
    assert cache.get_or_build(KEY, Builder())[2]


def test_a_folder_that_cannot_be_written_names_the_option(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="--engine-dir"):
        EngineCache(tmp_path / "file" / "engines").get_or_build(KEY, Builder())


def test_the_folder_is_chosen_by_argument_then_variable_then_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAMECOLOR_ENGINE_DIR", str(tmp_path / "set"))
    assert EngineCache(tmp_path / "given").folder == tmp_path / "given"
    assert EngineCache().folder == tmp_path / "set"
    monkeypatch.delenv("FRAMECOLOR_ENGINE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    if sys.platform == "linux":
        assert EngineCache().folder == tmp_path / "cache" / "framecolor" / "engines"


# Tasks of a farm, forked from one process that has imported all, so that they ask in the same moment: each writes down
# whether it compiled, which takes a while, and what it got.
_TASKS = """
import os, sys, time
from pathlib import Path
from framecolor.engines.tensorrt.cache import EngineCache, EngineKey
folder, count = Path(sys.argv[1]), int(sys.argv[2])

def build():
    with open(folder / "builds", "a") as file:
        file.write(f"{os.getpid()}\\n")
    time.sleep(1)
    return b"engine of " + str(os.getpid()).encode(), ()

children = []
for task in range(count):
    child = os.fork()
    if child == 0:
        key = EngineKey("features", "half", "0123", "planes", "rtx", "1.7", "any", "refit off")
        (folder / f"got{task}").write_bytes(EngineCache(folder / "engines").get_or_build(key, build)[1])
        os._exit(0)
    children.append(child)
sys.exit(sum(os.waitpid(child, 0)[1] for child in children))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_twenty_tasks_at_once_compile_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _TASKS, str(tmp_path), str(PROCESSES)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    builders = (tmp_path / "builds").read_text().split()
    assert len(builders) == 1
    got = [path.read_bytes() for path in tmp_path.glob("got*")]
    assert got == [f"engine of {builders[0]}".encode()] * PROCESSES


GPU = Gpu("NVIDIA RTX 4090", (8, 9), "580.65.06")


@pytest.fixture
def filled(cache: EngineCache) -> EngineCache:
    """Engine files built 40, 20 and 0 days ago, each of about 4 KiB."""
    for age_days, version in ((40, "1.5"), (20, "1.6"), (0, "1.7")):
        stored, _, _ = cache.get_or_build(replace(KEY, version=version), Builder())
        record = stored.path.with_suffix(".json")
        table = json.loads(record.read_text())
        record.write_text(json.dumps({**table, "built_unix": time.time() - age_days * 86400}))
    return cache


def versions(cache: EngineCache) -> list[str]:
    return sorted(file.key.version for file in cache.files())


def test_old_engine_files_go(filled: EngineCache) -> None:
    gone = prune_engine_files(filled, older_than_days=30)
    assert versions(filled) == ["1.6", "1.7"]
    assert [why for _, why in gone] == ["is 40 days old"]


def test_the_oldest_go_if_the_folder_is_too_large(filled: EngineCache) -> None:
    prune_engine_files(filled, keep_bytes=2 * (len(PLAN) + 1))
    assert versions(filled) == ["1.6", "1.7"]
    prune_engine_files(filled, keep_bytes=0)
    assert list(filled.folder.glob("*.plan")) == []


def test_engine_files_of_no_use_here_go(filled: EngineCache) -> None:
    backend = Backend("rtx", "1.7", None)
    ours = replace(KEY, version="1.7", target=backend.target(False))
    filled.get_or_build(ours, Builder())
    gone = dict(prune_engine_files(filled, unfit_for={"rtx": backend}))
    assert [file.key for file in filled.files()] == [ours]
    assert sorted(gone.values()) == ["is for any", "is of rtx 1.5, this is 1.7", "is of rtx 1.6, this is 1.7"]
    assert find_unfit(ours, {}) == "rtx is not installed"
    full = {"tensorrt": Backend("tensorrt", "11.0", None)}
    torchs = replace(KEY, backend="torch-tensorrt", version="2.13.0 on tensorrt 11.0", target="no GPU")
    assert find_unfit(torchs, full) == "", "tensorrt runs it"
    assert find_unfit(replace(torchs, version="2.13.0 on tensorrt 10.16"), full) == "torch-tensorrt is not installed"


def test_a_portable_engine_file_serves_every_gpu_and_a_refittable_one_its_own() -> None:
    here, there = Backend("rtx", "1.7", GPU), Backend("rtx", "1.7", None)
    assert here.target(False) == there.target(False)
    assert find_unfit(replace(KEY, target=there.target(False)), {"rtx": here}) == ""
    assert find_unfit(replace(KEY, target=here.target(True)), {"rtx": there}).startswith("is for NVIDIA RTX 4090")
    assert Backend("tensorrt", "11.0", None).target(False) == "no GPU"


def test_files_without_their_record_go_and_all_with_everything(filled: EngineCache) -> None:
    files = list(filled.files())
    files[0].path.unlink()
    files[1].path.with_suffix(".json").unlink()
    assert sorted(why for _, why in prune_engine_files(filled)) == ["is not whole", "is not whole"]
    assert len(list(filled.files())) == 1
    prune_engine_files(filled, everything=True)
    assert list(filled.folder.iterdir()) == []


def test_an_engine_file_that_is_being_built_is_left_alone(cache: EngineCache) -> None:
    def build() -> Built:
        (cache.folder / f"{KEY.name}.plan").write_bytes(b"half of it")
        assert prune_engine_files(cache, everything=True) == []
        return PLAN, ()

    assert cache.get_or_build(KEY, build)[2]
    assert len(list(cache.files())) == 1
