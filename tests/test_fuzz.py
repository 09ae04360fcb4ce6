"""Every fuzz target: its seeds, changes of them, and inputs that once failed. `scripts/fuzz` goes further."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from fuzz.__main__ import fuzz
from fuzz.findings import FINDINGS
from fuzz.mutate import mutate_bytes
from fuzz.target import FuzzFailure, Target, find_target, list_targets, try_input

from framecolor import InputError


@pytest.fixture(autouse=True)
def small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the targets of pictures lower is as it was after each test."""
    from framecolor.media import still

    monkeypatch.setattr(still, "MAX_PIXELS", still.MAX_PIXELS)


@pytest.mark.parametrize("name", list_targets())
def test_a_target_accepts_its_seeds_and_refuses_what_it_has_to(name: str, campaign: Callable[[int, int], int]) -> None:
    target, random = find_target(name), Random(name)
    seeds = list(target.seeds())
    assert seeds and all(try_input(target, seed) for seed in seeds)
    for number in range(campaign(60, 2000)):
        change = target.mutate if target.mutate is not None and number % 3 else mutate_bytes
        try_input(target, change(random.choice(seeds), random)[: target.most_bytes])
    try_input(target, b"")


@pytest.mark.parametrize(("name", "data"), FINDINGS)
def test_what_once_failed_stays_mended(name: str, data: bytes) -> None:
    try_input(find_target(name), data)


def test_what_no_input_may_do_is_seen() -> None:
    def crash(data: bytes) -> None:
        raise {b"a": KeyError("x"), b"b": InputError("a", "b\ud800\n"), b"c": ValueError()}[data]

    target = Target("crash", "", crash, lambda: (), refusals=(InputError, ValueError))
    with pytest.raises(FuzzFailure, match="KeyError"):
        try_input(target, b"a")
    assert not try_input(target, b"b")
    assert not try_input(target, b"c")


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed")
def test_a_run_counts_what_it_tries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tests = Path(__file__).parent
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tests), str(tests.parent)]))
    row = fuzz("sequences.frames", None, tmp_path, ["-runs=1000", "-seed=1"])
    assert row["failure"] == "", (tmp_path / "sequences.frames.log").read_text()
    assert row["inputs"] >= 1000 and row["accepted"] > 0 and row["edges"] > 20
