"""Voters: each one's votes, and that all of those in the table are asked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from framecolor.core.types import Frame, Palette, Regions
from framecolor.engines.base import NetworkOutput
from framecolor.keys.keyframes import Keyframes
from framecolor.lineart.packed import PackedDrawing
from framecolor.matching.gallery import Recognized
from framecolor.matching.paper_kinds import compare_nothing
from framecolor.matching.tokens import Tokens
from framecolor.propagation import voters
from framecolor.propagation.voters import GALLERY_WEIGHT, NETWORK_WEIGHT, VOTERS, Ballot, ask_gallery, vote

COLORS = np.array([(255, 255, 255, 0), (200, 0, 0, 255), (0, 0, 200, 255)], np.uint8)


@pytest.fixture
def ballot() -> Ballot:
    """Two regions, which the gallery takes for red and blue, and a network for blue and blue; one key is known."""
    labels = np.array([[1, 1, 0, 2, 2]], np.int32)
    frame = Frame(8, np.zeros((1, 5, 4), np.uint8), np.zeros((1, 5), bool))
    gallery = np.log(np.array([[1 / 3] * 3, [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]], np.float32))
    network = np.log(np.array([[1 / 3] * 3, [0.1, 0.1, 0.8], [0.1, 0.1, 0.8]], np.float32))
    none = np.zeros(0, np.float32).reshape(0, 1)
    keyframes = Keyframes(
        Palette(COLORS), {7: np.array([0, 1, 2])}, 1.0, np.arange(3, dtype=np.intp), np.zeros(3, np.float32)
    )
    return Ballot(
        number=8,
        drawing=PackedDrawing.pack(frame, Regions(labels, 2), ""),
        tokens=Tokens(np.zeros(0, np.intp), none, none),
        output=NetworkOutput(np.zeros((3, 4), np.float32), network),
        recognized=Recognized(gallery, np.zeros(3, np.float32), np.zeros(3, np.float32), compare_nothing(2)),
        keyframes=keyframes,
    )


@pytest.mark.parametrize("voter", VOTERS, ids=lambda voter: voter.__name__)
def test_a_voter_has_votes_for_every_region_and_color(voter: voters.Voter, ballot: Ballot) -> None:
    votes = voter(ballot)
    assert votes is not None and votes.shape == (3, 3) and votes.dtype == np.float32
    assert np.isfinite(votes).all()


def test_without_a_fitted_network_the_gallery_has_both_weights(ballot: Ballot) -> None:
    alone = replace(ballot, output=replace(ballot.output, votes=None))
    np.testing.assert_array_equal(vote(alone), ask_gallery(alone))
    ratio = ask_gallery(alone)[1:] / ask_gallery(ballot)[1:]
    np.testing.assert_allclose(ratio, (GALLERY_WEIGHT + NETWORK_WEIGHT) / GALLERY_WEIGHT, rtol=1e-6)


def test_a_network_that_saw_one_key_does_not_overrule_the_gallery(ballot: Ballot) -> None:
    assert vote(ballot).argmax(axis=1).tolist()[1:] == [1, 2]
    many = replace(ballot.keyframes, index={n: np.array([0, 1, 2]) for n in range(8)})
    gap = vote(ballot)[1, 1] - vote(ballot)[1, 2]
    trusted = vote(replace(ballot, keyframes=many))
    assert trusted[1, 1] - trusted[1, 2] < gap


def test_every_voter_of_the_table_is_asked(ballot: Ballot, monkeypatch: pytest.MonkeyPatch) -> None:
    def prefer_paper(asked: Ballot) -> np.ndarray:
        assert asked is ballot
        return np.array([[9, 0, 0]] * 3, np.float32)

    monkeypatch.setattr(voters, "VOTERS", (*VOTERS, lambda asked: None, prefer_paper))
    assert vote(ballot).argmax(axis=1).tolist() == [0, 0, 0]
