"""Which references a shot's drawings are compared with."""

from __future__ import annotations

from dataclasses import replace

import pytest
from drawings import COAT, SCARF, SKIN, draw

from framecolor import Settings
from framecolor.engines.registry import load_shipped
from framecolor.keys.key_drawing import make_key_drawing
from framecolor.keys.references.choose import choose_references, choose_samples
from framecolor.keys.references.drawing import ReferenceDrawing, make_reference
from framecolor.matching.gallery import MOST_REFERENCES

pytestmark = pytest.mark.usefixtures("quick_engine")

OTHER = ((9, 120, 9, 255), (120, 9, 120, 255), (9, 9, 120, 255))


def make(position: int, step: int, *, other: bool = False) -> ReferenceDrawing:
    """The figure at some step; other: in colors of another figure."""
    line, painted = draw(step)
    for old, new in zip((SKIN, COAT, SCARF), OTHER if other else (), strict=False):
        painted[(painted == old).all(axis=2)] = new
    return make_reference(position, painted, line, Settings())


def choose(references: list[ReferenceDrawing], shared: tuple[int, ...] = (), painted: bool = True) -> list[int]:
    line, key = draw(0)
    sample = make_key_drawing(1, line, key if painted else None, Settings())
    runner = load_shipped("cpu", "auto", "f32", 1)[0]
    return [one.position for one in choose_references(references, [sample], runner, shared=shared)]


def test_a_few_are_all_used() -> None:
    few = [make(i, 4 * i, other=i > 1) for i in range(MOST_REFERENCES)]
    assert choose(few) == [0, 1, 2, 3]
    assert choose([]) == []


def test_of_many_those_with_the_colors_of_the_keys_come_first() -> None:
    many = [make(i, 2 * i, other=i not in (3, 5)) for i in range(MOST_REFERENCES + 3)]
    found = choose(many)
    assert len(found) == MOST_REFERENCES and {3, 5} <= set(found) and found == sorted(found)
    assert len(choose(many, painted=False)) == MOST_REFERENCES


def test_those_of_the_show_in_other_colors_are_left_out() -> None:
    some = [make(0, 2), make(1, 4, other=True), replace(make(2, 6, other=True))]
    assert choose(some, shared=(1, 2)) == [0]
    assert choose(some, shared=(0, 1)) == [0, 2]
    assert choose(some, shared=(0, 1, 2), painted=False) == [0, 1, 2]


def test_samples_are_spread_over_the_shot() -> None:
    assert choose_samples(range(1, 10)) == [1, 5, 9]
    assert choose_samples([7]) == [7]
