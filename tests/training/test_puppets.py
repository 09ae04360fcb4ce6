"""Puppets: what parts a drawing has, how they move, and how they are drawn to id maps."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from figures import FIGURE, write_svg

from framecolor.training.character import INK, draw_character
from framecolor.training.dataset import IdSequence
from framecolor.training.puppets.bodies import give_body
from framecolor.training.puppets.cast import draw_scene, find_outlines
from framecolor.training.puppets.joints import Puppet, joint_shapes
from framecolor.training.puppets.motion import KINDS, Kind, draw_motion
from framecolor.training.puppets.prepare import color_blank, paint_rest, prepare_shapes
from framecolor.training.puppets.scene import build_rig, crop, draw_sequence, melt, order_shapes
from framecolor.training.puppets.shading import decorate
from framecolor.training.puppets.shapes import Shape, cut_edges
from framecolor.training.sources.svg import read_shapes

pytest.importorskip("svgelements")


@pytest.fixture
def figure(tmp_path: Path) -> Puppet:
    return joint_shapes(prepare_shapes(read_shapes(write_svg(tmp_path / "figure.svg", FIGURE))))


def test_thin_dark_shapes_are_ink_and_transparent_ones_shade(figure: Puppet) -> None:
    ink = [s for s in figure.shapes if s.ink]
    assert [s.stroke is not None for s in ink] == [True]
    (shade,) = [s for s in figure.shapes if s.shaded]
    assert shade.on is not None
    assert shade.rgb == pytest.approx(np.array(figure.shapes[shade.on].rgb) * 0.7, abs=1)


def test_arms_turn_about_the_body_and_eyes_are_twins_on_the_face(figure: Puppet) -> None:
    part = [figure.parts[p] for p in figure.part_of]
    arms = [p for s, p in zip(figure.shapes, part, strict=True) if s.rgb == (48, 160, 64)]
    eyes = [p for s, p in zip(figure.shapes, part, strict=True) if s.rgb == (255, 255, 255)]
    assert [p.kind for p in arms] == ["limb", "limb"]
    assert [p.kind for p in eyes] == ["detail", "detail"]
    assert eyes[0].twin == eyes[1].twin and arms[0].twin != arms[1].twin
    for arm in arms:
        # The joint lies at the body's side of the arm.
        assert np.sign(arm.axis[0]) == np.sign(arm.joint[0])
    assert all(p.parent < i for i, p in enumerate(figure.parts))


def test_long_edges_are_cut_and_keep_their_shape() -> None:
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    cut = cut_edges(square, 0.1)
    assert len(cut) == 40
    assert np.hypot(*(np.roll(cut, -1, axis=0) - cut).T).max() <= 0.1 + 1e-9
    assert len(cut_edges(square, 0.1, closed=False)) == 31


@pytest.mark.parametrize("kind", KINDS)
def test_motion_is_smooth_and_moves(figure: Puppet, kind: Kind) -> None:
    motion = draw_motion(figure, kind, 12, np.random.default_rng(3))
    rig = build_rig(figure)
    posed = np.stack([rig.pose(motion, f) for f in range(12)])
    step = np.hypot(*np.moveaxis(np.diff(posed, axis=0), 2, 0))
    assert step.max() < 0.3
    assert np.ptp(posed, axis=0).max() > 0.01


def play(puppet: Puppet, seed: int, frames: int = 8) -> IdSequence:
    rng = np.random.default_rng(seed)
    return draw_sequence(draw_scene(puppet, puppet, [puppet], rng), "a", "take0", frames, (96, 128), rng)


def test_ids_persist_over_frames_and_actions(figure: Puppet) -> None:
    rng = np.random.default_rng(5)
    scene = draw_scene(decorate(figure, rng), figure, [figure], rng)
    one, two = (draw_sequence(scene, "a", f"take{i}", 8, (96, 128), rng) for i in range(2))
    assert (one.ids == two.ids).all() and (one.rgb == two.rgb).all() and one.parts == two.parts
    assert len(one.frames) == 8 and max(one.frames.shape[1:]) <= 128
    assert one.frames.shape != two.frames.shape or not (one.frames == two.frames).all()
    seen = [set(np.unique(frame)) for frame in one.frames]
    assert all(len(a & b) >= 0.6 * min(len(a), len(b)) for a, b in pairwise(seen))
    assert np.isin(one.base, one.ids).all()


def test_parts_vanish_and_come_back(figure: Puppet) -> None:
    hidden = [draw_motion(figure, "act", 10, np.random.default_rng(seed)).hidden for seed in range(30)]
    assert any(h.any() for h in hidden) and not all(h.any() for h in hidden)
    assert not any(h[:, 0].any() for h in hidden)


def test_parts_that_are_behind_are_drawn_first(figure: Puppet) -> None:
    arm = next(i for i, p in enumerate(figure.parts) if p.kind == "limb" and p.size < 0.6)
    behind = np.zeros(len(figure.parts), bool)
    assert order_shapes(figure, behind) == list(range(len(figure.shapes)))
    behind[arm] = True
    order = order_shapes(figure, behind)
    assert figure.part_of[order[0]] == arm
    assert sorted(order) == list(range(len(figure.shapes)))


def test_a_head_gets_a_body_with_arms_and_legs(figure: Puppet) -> None:
    body = give_body(figure, figure, np.random.default_rng(1))
    points = np.concatenate([s.points for s in body.shapes if s.on is None])
    assert np.ptp(points, axis=0).max() == pytest.approx(1)
    assert [p.parent for p in body.parts].count(0) >= 5
    assert all(p.parent < i for i, p in enumerate(body.parts))
    assert all(s.on is None or s.on < i for i, s in enumerate(body.shapes))
    assert play(body, 2).frames.any()


def test_decorations_lie_on_their_fill_and_shades_have_it_as_base(figure: Puppet) -> None:
    puppets = [decorate(figure, np.random.default_rng(seed)) for seed in range(12)]
    assert all(len(p.shapes) >= len(figure.shapes) for p in puppets)
    assert any(s.shaded for p in puppets for s in p.shapes[len(figure.shapes) :])
    for puppet in puppets:
        for i, shape in enumerate(puppet.shapes):
            assert shape.on is None or (shape.on < i and puppet.part_of[i] == puppet.part_of[shape.on])


def test_black_and_white_drawings_get_colors(figure: Puppet) -> None:
    gray = [Shape(s.contours, (255, 255, 255), stroke=s.stroke, ink=s.ink, on=s.on) for s in figure.shapes]
    colored = color_blank(gray, np.random.default_rng(0))
    assert len({s.rgb for s in colored}) > 2
    assert [s.rgb for s in color_blank(figure.shapes, np.random.default_rng(0))] == [s.rgb for s in figure.shapes]


def test_outlines_are_found_and_melt_into_the_fills_beside_them() -> None:
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    around = Shape((square * 100,), (0, 0, 0))
    inside = Shape((square * 98 + 1,), (200, 0, 0))
    mouth = Shape((np.array([[40.0, 60.0], [60.0, 60.0]]),), (0, 0, 0), stroke=1.0)
    puppet = joint_shapes(prepare_shapes([around, inside, mouth]))
    assert [s.ink for s in puppet.shapes] == [True, False, True]
    assert find_outlines(puppet) == [0]
    owner = melt(paint_rest(puppet.shapes), frozenset({1}))
    assert set(np.unique(owner)) == {0, 2, 3}


def test_ink_is_always_line_and_never_a_fill(figure: Puppet) -> None:
    sequence = play(figure, 0)
    ids = sequence.ids[[p == INK for p in sequence.parts]]
    for seed in range(20):
        character = draw_character([sequence], np.random.default_rng(seed))
        assert character.solid[ids].all()
        assert (character.classes[ids] == 0).all()
        assert (character.rgb[ids] == 0).all()
        assert np.array_equal(np.unique(character.classes), np.arange(character.classes.max() + 1))
        others = np.setdiff1d(sequence.ids, ids)
        assert not np.isin(character.inked[others], character.inked[ids]).any()


def test_sequences_are_cut_to_what_is_seen_in_any_frame() -> None:
    maps = np.zeros((2, 60, 80), np.uint16)
    maps[0, 20:30, 40:50] = 1
    maps[1, 25:40, 30:45] = 2
    cut = crop(maps, margin_px=5)
    assert cut.shape == (2, 30, 30)
    assert (cut > 0).sum() == (maps > 0).sum()
    assert crop(np.zeros((2, 6, 8), np.uint16)).shape == (2, 6, 8)
