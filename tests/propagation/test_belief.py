"""Beliefs along a span, and how a shot is cut into spans."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from framecolor.matching.tokens import Match
from framecolor.propagation.belief import Link, Node, Votes, propagate
from framecolor.shot.spans import plan_spans

COLORS = 3


def certain(*colors: int) -> Votes:
    """Make a certain belief: row 0 is no region, the others have these colors."""
    belief = np.full((len(colors) + 1, COLORS), 1 / COLORS, np.float32)
    belief[1:] = np.eye(COLORS, dtype=np.float32)[list(colors)]
    return belief


def silent(regions: int) -> Votes:
    """Make uniform votes."""
    return np.full((regions + 1, COLORS), -np.log(COLORS), np.float32)


def follow(*sources: int, trust: float = 1.0, count: int | None = None) -> np.ndarray:
    """Make the overlap of regions 1, 2, ... with these regions of the other drawing; 0: with none."""
    overlap = np.zeros((len(sources) + 1, (count or max(sources, default=0)) + 1), np.float32)
    for region, source in enumerate(sources, 1):
        overlap[region, source] = trust if source else 0
    return overlap


def same(regions: int, trust: float = 1.0) -> Link:
    order = range(1, regions + 1)
    return Link(follow(*order, trust=trust), follow(*order, trust=trust))


def key(*colors: int) -> Node:
    return Node(silent(len(colors)), certain(*colors))


def colors_of(belief: Votes) -> list[int]:
    return belief[1:].argmax(axis=1).tolist()


def test_keys_keep_their_colors_and_pass_them_on() -> None:
    loud = silent(2)
    loud[1:] = [[-9, -9, 0], [-9, -9, 0]]  # the network is wrong about a key: the painter is right
    nodes = [Node(loud, certain(0, 1)), Node(silent(2)), key(0, 1)]
    beliefs = propagate(nodes, [same(2), same(2)])
    np.testing.assert_array_equal(beliefs[0], certain(0, 1))
    np.testing.assert_array_equal(beliefs[2], certain(0, 1))
    assert colors_of(beliefs[1]) == [0, 1]
    assert beliefs[1].dtype == np.float32
    np.testing.assert_allclose(beliefs[1].sum(axis=1), 1, rtol=1e-5)


def test_keys_on_both_sides_reach_a_frame() -> None:
    """The key before shows one region, the key after another; a region that neither shows stays open."""
    before = Link(follow(1, 0, 0, count=1), follow(1, count=3))
    after = Link(follow(2, count=3), follow(0, 1, 0, count=1))
    nodes = [key(0), Node(silent(3)), key(2)]
    belief = propagate(nodes, [before, after])[1]
    assert colors_of(belief)[:2] == [0, 2]
    assert belief[1, 0] > 0.9
    assert belief[2, 2] > 0.9
    np.testing.assert_allclose(belief[3], 1 / COLORS, atol=0.01)


def test_known_regions_of_a_partial_key_are_certain_and_others_follow_messages() -> None:
    """A stroke on one of two regions is passed on against a confident network; the key colors the other region."""
    loud = silent(2)
    loud[1:] = [[0, -9, -9], [0, -9, -9]]
    stroke = np.zeros((3, COLORS), np.float32)
    stroke[1, 2] = 1
    beliefs = propagate([key(0, 1), Node(loud, stroke), Node(silent(2))], [same(2), same(2)])
    assert beliefs[1][1].tolist() == [0, 0, 1]
    assert colors_of(beliefs[1]) == [2, 0] and colors_of(beliefs[2])[0] == 2
    assert colors_of(propagate([key(0, 1), Node(silent(2), stroke)], [same(2)])[1]) == [2, 1]


def test_doubt_grows_with_distance() -> None:
    nodes = [key(1), *[Node(silent(1)) for _ in range(6)]]
    beliefs = propagate(nodes, [same(1, trust=0.9)] * 6)
    sure = [float(belief[1, 1]) for belief in beliefs]
    assert sure == sorted(sure, reverse=True)
    assert sure[-1] > 1 / COLORS


def test_the_network_decides_where_flow_is_lost() -> None:
    votes = silent(1)
    votes[1] = np.log([0.05, 0.05, 0.9])
    lost = Link(follow(0, count=1), follow(0, count=1))
    assert colors_of(propagate([key(0), Node(votes)], [lost])[1]) == [2]
    assert colors_of(propagate([key(0), Node(votes)], [same(1)])[1]) == [0]


@pytest.mark.parametrize("seed", range(5))
def test_a_span_read_backward_gives_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 6, 7)
    nodes = []
    for i, size in enumerate(sizes):
        votes = np.log(rng.dirichlet(np.ones(COLORS), size + 1)).astype(np.float32)
        fixed = certain(*rng.integers(0, COLORS, size)) if i in (0, 6) else None
        nodes.append(Node(votes, fixed))

    def overlap(rows: int, columns: int) -> np.ndarray:
        """Shares that sum to less than 1 in each row."""
        return rng.dirichlet(np.ones(columns + 2), rows + 1)[:, 1:].astype(np.float32)

    links = [Link(overlap(later, earlier), overlap(earlier, later)) for earlier, later in pairwise(sizes)]
    ahead = propagate(nodes, links)
    back = propagate(nodes[::-1], [Link(link.backward, link.forward) for link in links[::-1]])[::-1]
    for one, other in zip(ahead, back, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
        assert np.isfinite(one).all()


def test_a_span_of_one() -> None:
    votes = np.log(np.array([[1, 1, 1], [1, 2, 7]], np.float32) / 10)
    belief = propagate([Node(votes)], [])[0]
    assert colors_of(belief) == [2]
    np.testing.assert_allclose(belief, np.exp(votes) / np.exp(votes).sum(axis=1, keepdims=True))
    np.testing.assert_array_equal(propagate([key(1)], [])[0], certain(1))


def test_match_decides_where_flow_is_lost() -> None:
    lost = np.zeros((3, 3), np.float32)
    rows, unlikely = np.array([1, 2]), np.full(2, -9, np.float32)
    crossed = Match(rows, rows, np.array([[0, 9], [9, 0]], np.float32), unlikely)
    beliefs = propagate([key(0, 1), Node(silent(2))], [Link(lost, lost, crossed, crossed)])
    assert colors_of(beliefs[1]) == [1, 0]
    # A region that has no token is left to flow.
    one = Match(rows[:1], rows, np.array([[0, 9]], np.float32), unlikely[:1])
    beliefs = propagate([key(0, 1), Node(silent(2))], [Link(follow(1, 2), follow(1, 2), one, one)])
    assert colors_of(beliefs[1])[1] == 1
    assert beliefs[1][1, 0] == pytest.approx(beliefs[1][1, 1], abs=0.05)  # flow and match disagree


def test_a_region_continues_its_mutual_counterpart_alone() -> None:
    # 1 and 2 change places; 3 is new, and flow takes it to 2, which prefers 1; 4 has no counterpart.
    link = Link(follow(2, 1, 2, 0, count=2), follow(2, 1, count=4))
    assert link.origins.tolist() == [0, 2, 1, 0, 0]
    # A weak flow is enough if the matcher agrees, not alone.
    rows, unlikely = np.array([1, 2]), np.full(2, -9, np.float32)
    crossed = Match(rows, rows, np.array([[0, 9], [9, 0]], np.float32), unlikely)
    assert Link(follow(2, 1, trust=0.2), follow(2, 1, trust=0.2), crossed, crossed).origins.tolist() == [0, 2, 1]
    assert same(2, trust=0.4).origins.tolist() == [0, 0, 0]


@pytest.mark.parametrize("seed", range(30))
def test_spans_cover_every_wanted_frame_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    numbers = sorted(rng.choice(60, rng.integers(1, 25), replace=False).tolist())
    keys = set(rng.choice(numbers, rng.integers(1, len(numbers) + 1), replace=False).tolist())
    wanted = set(rng.choice(numbers, rng.integers(1, len(numbers) + 1), replace=False).tolist())
    spans = plan_spans(numbers, keys, wanted)
    painted = [number for span in spans for number in span.paints]
    assert sorted(painted) == sorted(wanted)
    assert painted == sorted(painted)
    for span in spans:
        start = numbers.index(span.numbers[0])
        assert list(span.numbers) == numbers[start : start + len(span.numbers)]
        assert set(span.paints) <= set(span.numbers)
        assert keys & {span.numbers[0], span.numbers[-1]}
        assert not keys & set(span.numbers[1:-1])
        assert span.numbers[0] in keys or span.numbers[0] == numbers[0]
        assert span.numbers[-1] in keys or span.numbers[-1] == numbers[-1]
    assert plan_spans(numbers, keys, []) == []
