"""Recognizing regions: their shapes, color probabilities from scores, and the keys' votes."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from framecolor.core.types import Regions
from framecolor.lineart.region_shapes import describe_shapes, region_traits
from framecolor.matching.gallery import MOST_KEYS, UNKNOWN, Gallery, KeyRegions
from framecolor.matching.paper_kinds import LEFT, PAINT, PAPER, UNCLEAR
from framecolor.matching.question import ABSENT, Question
from framecolor.matching.tokens import MOST_TOKENS, Match, Rows, Tokens, choose_rows, color_logits, read_scores


def drawing(shift: int) -> Regions:
    """Three shapes side by side on paper: a disk, a bar and a small square, all moved by `shift`."""
    labels = np.ones((120, 320), np.int32)
    for value, corner, size in ((2, (40, 40), (40, 40)), (3, (120, 20), (16, 80)), (4, (180, 60), (14, 14))):
        x, y = corner[0] + shift, corner[1]
        cv2.rectangle(labels, (x - 2, y - 2), (x + size[0] + 2, y + size[1] + 2), 0, -1)
        cv2.rectangle(labels, (x, y), (x + size[0], y + size[1]), value, -1)
    return Regions(labels, 4)


def tokens(values: Rows) -> Tokens:
    """Regions with these values, all of one shape, that do not touch."""
    count = len(values)
    values = np.pad(values, ((0, 0), (0, 6)))
    return Tokens(np.arange(1, count + 1), values, np.zeros((count, count), np.float32))


def compare_by_product(target: Tokens, source: Tokens) -> tuple[Rows, Rows]:
    """Stand in for the matcher."""
    return 40 * target.values @ source.values.T, np.full(len(target.rows), 20, np.float32)


def decide_by_score(question: Question) -> tuple[Rows, Rows]:
    """Decide as the matcher's scores say, as a painter does that has learned nothing."""
    score, members = (
        question.score.reshape(len(question.score), -1),
        question.members.reshape(-1, question.known.shape[1]),
    )
    told = members.any(axis=1)
    logits = color_logits(score[:, told], members[told])
    return np.where(members.any(axis=0), logits, ABSENT).astype(np.float32), question.unmatched


# Shapes


def test_traits_move_with_the_figure() -> None:
    outside = np.array([False, True, False, False, False])
    one, two = (region_traits(describe_shapes(drawing(shift)), outside) for shift in (0, 90))
    assert one.shape == (4, 6)
    np.testing.assert_allclose(one[1:], two[1:], atol=0.02)
    assert one[0, 5] == 1 and not one[1:, 5].any()
    # The bar is the only one that is clearly longer than wide, and stands upright.
    assert one[2, 3] < -0.8 and np.abs(one[[1, 3], 3]).max() < 0.1


def test_neighbors_share_an_outline() -> None:
    shapes = describe_shapes(drawing(0))
    contact = shapes.contact_among(np.arange(1, 5))
    # Everything but the paper only borders the paper, and the paper borders all three.
    np.testing.assert_allclose(contact[1:, 0], 1)
    assert (contact[0, 1:] > 0).all()
    np.testing.assert_allclose(contact.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(shapes.contact_among(np.array([1, 3])), contact[np.ix_([0, 2], [0, 2])])


# Scores


def test_the_best_counterpart_counts_not_how_many_there_are() -> None:
    belief = np.eye(2, dtype=np.float32)[[0] * 30 + [1]]
    score = np.array([[8.0] * 30 + [10.0]], np.float32)
    share = read_scores(score, np.full(1, -99, np.float32), belief)
    assert share[0, 1] > 0.7
    np.testing.assert_allclose(share.sum(axis=1), 1, rtol=1e-5)


def test_having_no_counterpart_votes_for_all_colors_alike() -> None:
    belief = np.eye(3, dtype=np.float32)
    score = np.array([[9, 0, 0], [0, 0, 0], [900, -900, 0]], np.float32)
    share = read_scores(score, np.array([0, 9, 0], np.float32), belief)
    assert share[0, 0] > 0.99 and share[2, 0] > 0.99
    np.testing.assert_allclose(share[1], 1 / 3, atol=1e-3)
    np.testing.assert_allclose(read_scores(np.zeros((2, 0)), np.zeros(2, np.float32), belief[:0]), 1 / 3)


def test_a_match_passes_on_the_belief_of_its_source() -> None:
    belief = np.array([[1, 0], [0.5, 0.5], [0, 1], [1, 0]], np.float32)
    match = Match(np.array([4]), np.array([2, 3]), np.array([[9.0, 0.0]], np.float16), np.zeros(1, np.float32))
    assert match.hear(belief)[0, 1] > 0.99


def test_the_largest_regions_get_tokens() -> None:
    area = np.arange(MOST_TOKENS + 11)
    rows = choose_rows(area)
    assert rows.tolist() == list(range(11, MOST_TOKENS + 11))
    assert choose_rows(np.array([5, 3, 4])).tolist() == [1, 2]


# Votes of the keys


def test_each_region_takes_the_color_of_its_counterpart_in_any_key() -> None:
    looks = np.eye(6, dtype=np.float32)
    keys = [KeyRegions(0, tokens(looks[:2]), np.array([0, 1])), KeyRegions(8, tokens(looks[2:4]), np.array([2, 1]))]
    votes = Gallery(keys, 3).vote(4, tokens(looks[:4]), 4, compare_by_product, decide_by_score).votes
    assert votes.shape == (5, 3)
    assert votes[1:].argmax(axis=1).tolist() == [0, 1, 2, 1]
    np.testing.assert_allclose(np.exp(votes).sum(axis=1), 1, rtol=1e-5)


def test_a_region_without_counterpart_has_uniform_votes_and_no_color_is_impossible() -> None:
    looks = np.eye(3, dtype=np.float32)
    gallery = Gallery([KeyRegions(0, tokens(looks[:2]), np.array([0, 1]))], 3)
    seen = gallery.vote(1, tokens(looks), 4, compare_by_product, decide_by_score)
    assert np.ptp(seen.votes[3]) < 1e-3
    assert (np.exp(seen.votes[1:]) > 0.001).all()
    # By logits: 40 for a counterpart, 20 for having none; the fourth region has no token.
    np.testing.assert_allclose(seen.unmatched, [0, -20, -20, 20, 0])


def sized(looks: Rows, *areas: float) -> Tokens:
    """Regions with these areas, relative to the figure's."""
    made = tokens(looks)
    made.values[:, -4] = np.log(areas)
    return made


def compare_looks(target: Tokens, source: Tokens) -> tuple[Rows, Rows]:
    product = 40 * target.values[:, :2] @ source.values[:, :2].T
    return product.astype(np.float32), np.full(len(target.rows), 20, np.float32)


def test_what_has_another_size_in_every_key_is_less_surely_shown_by_one() -> None:
    looks = np.eye(2, dtype=np.float32)
    small, large = KeyRegions(0, sized(looks, 0.1, 0.4), np.array([0, 1])), sized(looks, 0.5, 0.4)
    seen = Gallery([small], 2).vote(1, large, 2, compare_looks, decide_by_score)
    raised = seen.unseen - seen.unmatched
    assert raised[0] == raised[2] == 0 < raised[1]
    other = KeyRegions(9, sized(looks, 0.4, 0.4), np.array([0, 1]))
    seen = Gallery([small, other], 2).vote(1, large, 2, compare_looks, decide_by_score)
    np.testing.assert_array_equal(seen.unseen, seen.unmatched)


def test_each_kind_of_paper_in_the_keys_has_its_best_score() -> None:
    looks = np.eye(3, dtype=np.float32)
    kinds = np.array([PAPER, LEFT, PAINT], np.int8)
    keys = [KeyRegions(0, tokens(looks), np.array([0, 0, 1]), kinds=kinds), KeyRegions(4, tokens(looks), np.arange(3))]
    seen = Gallery(keys, 3).vote(1, tokens(looks), 4, compare_by_product, decide_by_score).kinds
    assert seen[1:4, [PAPER, LEFT]].tolist() == [[40, 0], [0, 40], [0, 0]]
    assert (seen[[0, 4]] < -1000).all() and (seen[:, UNCLEAR] < -1000).all()


def test_the_nearest_keys_are_compared() -> None:
    compared: list[int] = []

    def compare(target: Tokens, source: Tokens) -> tuple[Rows, Rows]:
        compared.append(int(source.values[0, 0]))
        return compare_by_product(target, source)

    keys = [KeyRegions(n, tokens(np.full((1, 1), n, np.float32)), np.array([0])) for n in range(0, 100, 10)]
    Gallery(keys, 2).vote(42, tokens(np.zeros((1, 1), np.float32)), 1, compare, decide_by_score)
    assert sorted(compared) == [20, 30, 40, 50, 60, 70] and len(compared) == MOST_KEYS


def test_a_drawing_without_regions_has_uniform_votes() -> None:
    gallery = Gallery([KeyRegions(0, tokens(np.eye(1, dtype=np.float32)), np.array([0]))], 2)
    seen = gallery.vote(0, tokens(np.zeros((0, 1), np.float32)), 0, compare_by_product, decide_by_score)
    assert seen.votes == pytest.approx(np.log(0.5))
    assert seen.unmatched.tolist() == [0]


def test_keys_without_regions_vote_for_nothing() -> None:
    looks = np.eye(2, dtype=np.float32)
    gallery = Gallery([KeyRegions(0, tokens(looks[:0]), np.array([], np.intp))], 2)
    assert gallery.vote(1, tokens(looks), 2, compare_by_product, decide_by_score).votes == pytest.approx(np.log(0.5))


def test_the_painter_is_told_the_colors_of_keys_and_what_is_known_of_the_drawing() -> None:
    questions: list[Question] = []

    def decide(question: Question) -> tuple[Rows, Rows]:
        questions.append(question)
        return decide_by_score(question)

    looks = np.eye(4, dtype=np.float32)
    keys = [
        KeyRegions(0, tokens(looks[:3]), np.array([0, 1, 2])),
        KeyRegions(9, tokens(looks[:2]), np.array([UNKNOWN, 1])),
    ]
    target = replace(tokens(looks[:2]), rows=np.array([1, 3]))
    known = np.array([UNKNOWN, UNKNOWN, 1, 2])
    Gallery(keys, 3).vote(4, target, 3, compare_by_product, decide, known)
    (asked,) = questions
    assert all(values.dtype == np.float32 for values in asked.list_values())
    # Region 2 has no token.
    np.testing.assert_array_equal(asked.known, [[0, 0, 0], [0, 0, 1]])
    np.testing.assert_array_equal(asked.members[0], np.eye(3))
    np.testing.assert_array_equal(asked.members[1], [[0, 0, 0], [0, 1, 0], [0, 0, 0]])
    assert (asked.score[:, 1, 2] == ABSENT).all() and (asked.score[:, 0] > ABSENT).all()
    assert asked.memory.shape == (2, 3, 10) and not asked.memory[1, 2].any()


def partial(number: int, *colors: int) -> KeyRegions:
    """Make a key with one region for each color, each with its own features; UNKNOWN: no color."""
    return KeyRegions(number, tokens(np.eye(6, dtype=np.float32)[: len(colors)]), np.array(colors))


def test_a_partial_key_votes_for_its_known_colors() -> None:
    gallery = Gallery([partial(3, UNKNOWN, 2)], 3)
    seen = gallery.vote(4, tokens(np.eye(6, dtype=np.float32)[:2]), 2, compare_by_product, decide_by_score)
    assert seen.votes[2].argmax() == 2 and np.exp(seen.votes[2, 2]) > 0.9
    assert np.ptp(seen.votes[1]) < 0.01, "it has a counterpart, but one of unknown color"


def test_partial_keys_only_add_to_whole_keys() -> None:
    looks = tokens(np.eye(6, dtype=np.float32)[:3])
    whole = Gallery([partial(0, 0, 1)], 3)
    both = Gallery([partial(0, 0, 1), partial(3, UNKNOWN, UNKNOWN, 2)], 3)
    before, after = (g.vote(4, looks, 3, compare_by_product, decide_by_score) for g in (whole, both))
    np.testing.assert_allclose(after.votes[1:3], before.votes[1:3], atol=1e-4)
    assert after.votes[3].argmax() == 2 and after.unmatched[3] < before.unmatched[3]


def test_partial_keys_displace_no_whole_key_and_every_color_is_compared() -> None:
    keys = [partial(n, 0, 1) for n in range(0, 100, 10)]
    some = [partial(n, UNKNOWN, 1) for n in range(40, 60)] + [partial(99, UNKNOWN, 2), partial(98, UNKNOWN, 1)]
    chosen = [key.number for key in Gallery([*keys, *some], 3).choose_keys(42)]
    assert sorted(chosen[:MOST_KEYS]) == [20, 30, 40, 50, 60, 70]
    assert sorted(chosen[MOST_KEYS:]) == [40, 41, 42, 43, 44, 45, 99]


def test_references_are_compared_with_every_drawing_beside_the_nearest_keys() -> None:
    keys = [partial(n, 0, 1) for n in range(0, 100, 10)]
    references = [partial(0, 2), partial(1, 1)]
    gallery = Gallery(keys, 3, references)
    for number in (0, 42, 99):
        assert gallery.choose_keys(number)[MOST_KEYS:] == references
    assert gallery.find(1) is None and gallery.find(0) is keys[0].tokens


def test_references_vote_with_and_without_keys() -> None:
    looks = tokens(np.eye(6, dtype=np.float32)[:2])
    shown = KeyRegions(0, tokens(np.eye(6, dtype=np.float32)[1:2]), np.array([2]))
    for keys in ([], [partial(4, 1)]):
        seen = Gallery(keys, 3, [shown]).vote(9, looks, 2, compare_by_product, decide_by_score)
        assert seen.votes[2].argmax() == 2 and seen.unmatched[2] < 0


def test_a_corrected_drawing_is_filled_in_where_the_keys_are_sure() -> None:
    looks = np.eye(6, dtype=np.float32)
    key = KeyRegions(0, tokens(looks[:3]), np.array([0, 1, 2]))
    # Its second region is told otherwise than the key has it; its last one has no counterpart.
    corrected = KeyRegions(4, tokens(looks[:4]), np.array([UNKNOWN, 2, UNKNOWN, UNKNOWN]))
    gallery = Gallery([key, corrected], 3).settle(compare_by_product, decide_by_score)
    assert gallery.keys[0] is key
    assert gallery.keys[1].shown.tolist() == [0, 2, 2, UNKNOWN]
    assert gallery.keys[1].colors.tolist() == [UNKNOWN, 2, UNKNOWN, UNKNOWN] and not gallery.keys[1].is_whole
    # A region that only the corrected drawing shows takes the color that it was filled in with.
    near = tokens(looks[:1] + looks[4])
    assert gallery.vote(5, near, 1, compare_by_product, decide_by_score).votes[1].argmax() == 0


def test_corrections_alone_fill_in_nothing() -> None:
    gallery = Gallery([KeyRegions(4, tokens(np.eye(6, dtype=np.float32)), np.array([0, 1, 2, 0, 1, UNKNOWN]))], 3)
    assert gallery.settle(compare_by_product, decide_by_score) is gallery
