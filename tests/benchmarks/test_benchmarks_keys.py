"""One more key: how drawings are chosen, what is compared, and a whole run on a small clip."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from drawings import make_shot

from framecolor.output.frame_entry import FrameEntry


def make_run(statuses: str, accuracy: float = 0.5):
    """Make a run from a word: K is a key, H a hold, other letters are painted; frames count from 1."""
    from one_more_key import Run

    names = {"K": "key", "H": "hold"}
    frames = [
        FrameEntry(number, f"{number}.png", status=names.get(letter, "painted"), regions=5, confidence=0.9)
        for number, letter in enumerate(statuses, 1)
    ]
    keys = tuple(frame.number for frame in frames if frame.status == "key")
    return Run(keys, {f.number: accuracy for f in frames if f.status != "key"}, frames, {})


def test_the_widest_stretch_is_halved():
    from one_more_key import choose_widest

    assert choose_widest(make_run("K..K.....K")) == 7
    assert choose_widest(make_run("K...K...K")) == 3  # the first of two
    assert choose_widest(make_run("K.HHHH.K..K")) is not None
    assert choose_widest(make_run("K.HHHH.K...K")) == 10  # holds make no stretch wider
    assert choose_widest(make_run("KKK")) is None


def test_random_drawings_are_neither_keys_nor_holds():
    from one_more_key import choose_random

    run = make_run("K.H.K")
    assert {choose_random(run, np.random.default_rng(seed)) for seed in range(20)} == {2, 4}
    assert choose_random(make_run("KHK"), np.random.default_rng(0)) is None


def test_a_key_is_right_in_the_shot_and_no_part_of_a_lead():
    one, other = make_run("K.K..K", 0.5), make_run("K...KK", 0.25)
    assert one.shot_accuracy([1, 6]) == pytest.approx((1 + 3 * 0.5) / 4)
    assert one.lead(other) == pytest.approx(0.25)  # over drawings 2 and 4
    assert make_run("KKK").lead(other) is None


def test_a_clip_is_measured_by_each_way(tmp_path: Path, quick_engine: None) -> None:
    from one_more_key import main
    from tables import format_one_more_key

    folder = make_shot(tmp_path / "clips" / "walker", frames=5, keys=tuple(range(5)), name="{:04d}.png")
    (folder / "keys").rename(folder / "color")
    output = tmp_path / "one_more_key.json"
    given = ["--clips", folder.parent, "--fit", 2, "--rounds", 1, "--seeds", 2, "-o", output]
    result = CliRunner().invoke(main, [str(part) for part in given], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    clip = json.loads(output.read_text("utf-8"))["fits"]["2"]["clips"]["walker"]
    (figures,) = clip["rounds"]
    assert [len(keys) for keys in figures["random"]["keys"]] == [1, 1]
    assert figures["widest"]["keys"] == [[1003]]
    assert all(0 <= figures[way]["shot"] <= 1 for way in ("advice", "random", "widest"))
    table = format_one_more_key(tmp_path)
    assert table is not None
    assert table.count("\n") == 2
