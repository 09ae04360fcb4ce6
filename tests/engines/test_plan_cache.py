"""The folder of plans: many tasks compile a plan once, and what is damaged or out of date is never loaded."""

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

from framecolor.engines.plans.backends import Backend, Gpu
from framecolor.engines.plans.cache import Built, PlanCache, PlanKey
from framecolor.engines.plans.prune import find_unfit, prune_plans
from framecolor.errors import EngineError, OutputError

KEY = PlanKey("features", "half", "0123", "planes 1x7x64x64", "rtx", "1.7", "any", "refit off")
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
def cache(tmp_path: Path) -> PlanCache:
    return PlanCache(tmp_path / "plans")


def test_a_plan_is_built_once_and_found_again(cache: PlanCache) -> None:
    build = Builder()
    assert cache.find(KEY) is None
    stored, data, built = cache.get_or_build(KEY, build, "features")
    assert (built, data, stored.weights) == (True, PLAN + b"\1", ("generator.a.weight",))
    again, found, built = PlanCache(cache.folder).get_or_build(KEY, build)
    assert (built, found, build.count) == (False, data, 1)
    assert (again.key, again.profile, again.weights) == (KEY, "features", stored.weights)
    assert [plan.path for plan in cache.plans()] == [stored.path]


def test_the_record_tells_all_in_clear(cache: PlanCache) -> None:
    stored, data, _ = cache.get_or_build(KEY, Builder(), "features")
    table = json.loads(stored.path.with_suffix(".json").read_text())
    assert table["key"]["target"] == "any" and table["key"]["flags"] == "refit off"
    assert table["size_bytes"] == len(data) and len(table["sha256"]) == 64


@pytest.mark.parametrize("field", list(KEY.__dataclass_fields__))
def test_whatever_changes_is_another_plan(cache: PlanCache, field: str) -> None:
    build = Builder()
    cache.get_or_build(KEY, build)
    cache.get_or_build(replace(KEY, **{field: "other"}), build)
    assert build.count == 2 and len(list(cache.plans())) == 2


def test_force_builds_again(cache: PlanCache) -> None:
    build = Builder()
    cache.get_or_build(KEY, build)
    _, data, built = cache.get_or_build(KEY, build, force=True)
    assert built and data == PLAN + b"\2"
    assert cache.get_or_build(KEY, build)[1] == data


DAMAGE = {
    "cut short": lambda plan, record: plan.write_bytes(plan.read_bytes()[:-1]),
    "empty": lambda plan, record: plan.write_bytes(b""),
    "one bit": lambda plan, record: plan.write_bytes(b"\1" + plan.read_bytes()[1:]),
    "longer": lambda plan, record: plan.write_bytes(plan.read_bytes() + b"\0"),
    "no plan": lambda plan, record: plan.unlink(),
    "record cut short": lambda plan, record: record.write_text(record.read_text()[:100]),
    "record of another plan": lambda plan, record: record.write_text(record.read_text().replace('"1.7"', '"1.8"')),
    "record without a hash": lambda plan, record: record.write_text(record.read_text().replace("sha256", "sha1")),
    "record is no table": lambda plan, record: record.write_text("[]"),
    "record is no text": lambda plan, record: record.write_bytes(b"\xff\xfe\0"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_noticed_said_and_mended(cache: PlanCache, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    build = Builder()
    stored, _, _ = cache.get_or_build(KEY, build)
    DAMAGE[damage](stored.path, stored.path.with_suffix(".json"))
    with caplog.at_level(logging.WARNING, "framecolor"):
        _, data, built = cache.get_or_build(KEY, build)
    assert built and data == PLAN + b"\2"
    assert "compiled again" in caplog.text
    assert cache.get_or_build(KEY, build)[1:] == (data, False)


def test_a_plan_that_was_changed_does_not_read(cache: PlanCache) -> None:
    stored, _, _ = cache.get_or_build(KEY, Builder())
    stored.path.write_bytes(PLAN + b"\7")
    with pytest.raises(EngineError, match="is damaged: it is not what was written; framecolor engine build --force"):
        stored.read()


def test_what_made_a_plan_stale_is_said(cache: PlanCache, caplog: pytest.LogCaptureFixture) -> None:
    cache.get_or_build(KEY, Builder(), "features")
    with caplog.at_level(logging.WARNING, "framecolor"):
        assert cache.get_or_build(replace(KEY, version="1.8"), Builder(), "features")[2]
    assert "features: the plan is out of date (version 1.7 -> 1.8)" in caplog.text


def test_a_build_that_fails_leaves_nothing(cache: PlanCache) -> None:
    def fail() -> Built:
        raise EngineError("rtx", "does not compile")

    with pytest.raises(EngineError, match="does not compile"):
        cache.get_or_build(KEY, fail)
    assert list(cache.plans()) == [] and list(cache.folder.glob("*.plan")) == []
    assert cache.get_or_build(KEY, Builder())[2]


def test_a_folder_that_cannot_be_written_names_the_option(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="--engine-dir"):
        PlanCache(tmp_path / "file" / "plans").get_or_build(KEY, Builder())


def test_the_folder_is_chosen_by_argument_then_variable_then_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAMECOLOR_ENGINE_DIR", str(tmp_path / "set"))
    assert PlanCache(tmp_path / "given").folder == tmp_path / "given"
    assert PlanCache().folder == tmp_path / "set"
    monkeypatch.delenv("FRAMECOLOR_ENGINE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    if sys.platform == "linux":
        assert PlanCache().folder == tmp_path / "cache" / "framecolor" / "engines"


# Tasks of a farm, forked from one process that has imported all, so that they ask in the same moment: each writes down
# whether it compiled, which takes a while, and what it got.
_TASKS = """
import os, sys, time
from pathlib import Path
from framecolor.engines.plans.cache import PlanCache, PlanKey
folder, count = Path(sys.argv[1]), int(sys.argv[2])

def build():
    with open(folder / "builds", "a") as file:
        file.write(f"{os.getpid()}\\n")
    time.sleep(1)
    return b"plan of " + str(os.getpid()).encode(), ()

children = []
for task in range(count):
    child = os.fork()
    if child == 0:
        key = PlanKey("features", "half", "0123", "planes", "rtx", "1.7", "any", "refit off")
        (folder / f"got{task}").write_bytes(PlanCache(folder / "plans").get_or_build(key, build)[1])
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
    assert got == [f"plan of {builders[0]}".encode()] * PROCESSES


GPU = Gpu("NVIDIA RTX 4090", (8, 9), "580.65.06")


@pytest.fixture
def filled(cache: PlanCache) -> PlanCache:
    """Plans built 40, 20 and 0 days ago, each of about 4 KiB."""
    for age_days, version in ((40, "1.5"), (20, "1.6"), (0, "1.7")):
        stored, _, _ = cache.get_or_build(replace(KEY, version=version), Builder())
        record = stored.path.with_suffix(".json")
        table = json.loads(record.read_text())
        record.write_text(json.dumps({**table, "built_unix": time.time() - age_days * 86400}))
    return cache


def versions(cache: PlanCache) -> list[str]:
    return sorted(plan.key.version for plan in cache.plans())


def test_old_plans_go(filled: PlanCache) -> None:
    gone = prune_plans(filled, older_than_days=30)
    assert versions(filled) == ["1.6", "1.7"]
    assert [why for _, why in gone] == ["is 40 days old"]


def test_the_oldest_go_when_there_is_too_much(filled: PlanCache) -> None:
    prune_plans(filled, keep_bytes=2 * (len(PLAN) + 1))
    assert versions(filled) == ["1.6", "1.7"]
    prune_plans(filled, keep_bytes=0)
    assert list(filled.folder.glob("*.plan")) == []


def test_plans_of_no_use_here_go(filled: PlanCache) -> None:
    backend = Backend("rtx", "1.7", None)
    ours = replace(KEY, version="1.7", target=backend.target(False))
    filled.get_or_build(ours, Builder())
    gone = dict(prune_plans(filled, unfit_for={"rtx": backend}))
    assert [plan.key for plan in filled.plans()] == [ours]
    assert sorted(gone.values()) == ["is for any", "is of rtx 1.5, this is 1.7", "is of rtx 1.6, this is 1.7"]
    assert find_unfit(ours, {}) == "rtx is not installed"


def test_a_portable_plan_serves_every_gpu_and_a_refittable_one_its_own() -> None:
    here, there = Backend("rtx", "1.7", GPU), Backend("rtx", "1.7", None)
    assert here.target(False) == there.target(False)
    assert find_unfit(replace(KEY, target=there.target(False)), {"rtx": here}) == ""
    assert find_unfit(replace(KEY, target=here.target(True)), {"rtx": there}).startswith("is for NVIDIA RTX 4090")
    assert Backend("tensorrt", "11.0", None).target(False) == "no GPU"


def test_halves_of_plans_go_and_everything_when_asked(filled: PlanCache) -> None:
    plans = list(filled.plans())
    plans[0].path.unlink()
    plans[1].path.with_suffix(".json").unlink()
    assert sorted(why for _, why in prune_plans(filled)) == ["is not whole", "is not whole"]
    assert len(list(filled.plans())) == 1
    prune_plans(filled, everything=True)
    assert list(filled.folder.iterdir()) == []


def test_a_plan_that_is_being_built_is_left_alone(cache: PlanCache) -> None:
    def build() -> Built:
        (cache.folder / f"{KEY.name}.plan").write_bytes(b"half of it")
        assert prune_plans(cache, everything=True) == []
        return PLAN, ()

    assert cache.get_or_build(KEY, build)[2]
    assert len(list(cache.plans())) == 1
