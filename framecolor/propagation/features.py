"""Compute a drawing's features before it is painted: its regions, votes for their colors, its field for flow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.clock import stage
from framecolor.core.hashing import hash_pixels
from framecolor.engines.base import NetworkOutput, Runner
from framecolor.keys.key_gallery import compare_by, describe_regions
from framecolor.keys.keyframes import Keyframes
from framecolor.lineart.drawn import read_lines, segment
from framecolor.lineart.packed import PackedDrawing
from framecolor.lineart.regions import outside_regions
from framecolor.lineart.sampling import RegionPoints, sample_points
from framecolor.matching.flow import LineField, compute_flow, line_field
from framecolor.matching.gallery import Recognized
from framecolor.matching.tokens import Match, Tokens
from framecolor.networks.view import look
from framecolor.propagation.belief import Link, Votes, link_regions
from framecolor.propagation.line_colors import MatchRegions
from framecolor.propagation.voters import Ballot, vote


@dataclass(frozen=True, eq=False)
class FrameFeatures:
    """The features of one drawing, small enough (about half a megabyte at 1080p) to keep for its whole span.

    number     of the frame
    drawing    its lines and regions; other frames may show the same drawing
    per_region  number of points in each region, int64 [count + 1]
    votes      log-probability of each palette color in each region by the drawing alone, float32 [count + 1, P]
    unmatched  logit of having no counterpart in the keys (`matching.gallery.Recognized`), float32 [count + 1]
    unseen     the same, for whether any key shows the region
    kinds      scores against each kind of paper in the keys (`matching.gallery.Recognized`)
    area, outside  pixels of each region, and whether it is paper, [count + 1]
    tokens     its regions as the matcher's input
    """

    number: int
    drawing: PackedDrawing
    per_region: NDArray[np.int64]
    votes: Votes
    unmatched: NDArray[np.float32]
    unseen: NDArray[np.float32]
    kinds: NDArray[np.float32]
    area: NDArray[np.int64]
    outside: NDArray[np.bool_]
    tokens: Tokens

    @cached_property
    def points(self) -> RegionPoints:
        """Points in its regions."""
        return sample_points(self.drawing.regions())

    @cached_property
    def field(self) -> LineField:
        """Its lines as the input of flow."""
        with stage("flow"):
            return line_field(self.drawing.frame().lines)

    @property
    def count(self) -> int:
        """Number of regions."""
        return self.drawing.count

    @property
    def digest(self) -> str:
        """Hash of the drawing's pixels: equal digests are the same drawing (a hold)."""
        return self.drawing.digest


@dataclass(frozen=True, eq=False)
class DescribedFrame:
    """A drawing before it is compared with the keys.

    features   those of the drawing alone, with uniform votes
    points, field  as those of its features; None: computed when they are asked for, which takes less memory
    output     of the networks; None for the drawing of a whole key, which is not asked about
    is_unlike  whether it is on other paper than the shot's drawings
    """

    features: FrameFeatures
    output: NetworkOutput | None
    points: RegionPoints | None = None
    field: LineField | None = None
    is_unlike: bool = False


def compute_features(
    number: int,
    rgba: NDArray[np.uint8],
    keyframes: Keyframes,
    runner: Runner,
    settings: Settings,
    digest: str | None = None,
    *,
    ask_keys: bool = False,
) -> FrameFeatures:
    """Compute the features of one drawing, uint8 HxWx4.

    digest    hash of its pixels; None: computed here
    ask_keys  compute the keys' votes even if a key shows this very drawing, so that its colors are known
    """
    digest = digest or hash_pixels(rgba)
    described = describe_frame(number, rgba, keyframes, runner, settings, digest, ask_keys=ask_keys)
    return vote_on(number, described, keyframes, runner)


def describe_frame(
    number: int,
    rgba: NDArray[np.uint8] | None,
    keyframes: Keyframes,
    runner: Runner,
    settings: Settings,
    digest: str,
    *,
    ask_keys: bool = False,
) -> DescribedFrame:
    """Describe one drawing, uint8 HxWx4; None if a key or partial key shows it, which is not segmented again.

    digest    hash of its pixels
    ask_keys  as for `compute_features`
    """
    assert keyframes.gallery is not None
    drawing = keyframes.find_drawing(digest)
    if drawing is None:
        assert rgba is not None
        frame = read_lines(number, rgba, settings)
        regions = segment(frame, settings)
        drawing = PackedDrawing.pack(frame, regions, digest)
    else:
        frame, regions = drawing.frame(), drawing.regions()
    points = sample_points(regions)
    with stage("flow"):
        field = line_field(frame.lines)
    settled = keyframes.is_settled(digest) and not ask_keys
    tokens, output = keyframes.find_tokens(digest), None
    if tokens is None or not settled:
        with stage("generator"):
            pending = runner.infer(look(frame, regions, keyframes.scale), points, votes=not settled)
        with stage("match"):
            tokens = tokens or describe_regions(frame, regions, keyframes.scale, pending, runner)
        if not settled:
            with stage("generator"):
                output = pending.result()
    nothing = keyframes.gallery.guess_nothing(regions.count)
    features = FrameFeatures(
        number,
        drawing,
        points.per_region,
        nothing.votes,
        nothing.unmatched,
        nothing.unseen,
        nothing.kinds,
        regions.area,
        outside_regions(regions),
        tokens,
    )
    return DescribedFrame(features, output, points, field)


def vote_on(number: int, described: DescribedFrame, keyframes: Keyframes, runner: Runner) -> FrameFeatures:
    """Compute the features of a described drawing: its own, and the votes for its colors.

    number  of the frame, which other frames of the same drawing need not have
    """
    assert keyframes.gallery is not None
    # The palette may have grown since it was described.
    votes = keyframes.gallery.guess_nothing(described.features.count).votes
    features = replace(described.features, number=number, votes=votes)
    if described.output is None:
        return _add_known(features, described)
    drawing = features.drawing
    with stage("match"):
        recognized = recognize(number, drawing.digest, features.count, features.tokens, keyframes, runner)
        votes = vote(Ballot(number, drawing, features.tokens, described.output, recognized, keyframes))
    names = ("unmatched", "unseen", "kinds")
    features = replace(features, votes=votes, **{name: getattr(recognized, name) for name in names})
    return _add_known(features, described)


def _add_known(features: FrameFeatures, described: DescribedFrame) -> FrameFeatures:
    """Fill the cached properties that are known already."""
    known = {"points": described.points, "field": described.field}
    vars(features).update({name: value for name, value in known.items() if value is not None})
    return features


def recognize(number: int, digest: str, count: int, tokens: Tokens, keyframes: Keyframes, runner: Runner) -> Recognized:
    """Compare a drawing's `count` regions with those of the nearest keys, and return the keys' votes.

    digest  hash of the drawing's pixels
    """
    assert keyframes.gallery is not None
    known = keyframes.find_known(number, digest)
    return keyframes.gallery.vote(number, tokens, count, compare_by(runner), runner.decide, known)


def match_regions(tokens: Tokens, count: int, keyframes: Keyframes, runner: Runner) -> MatchRegions:
    """Return how a drawing's `count` regions are compared with those of a key, for the colors of lines."""

    def compare(number: int) -> NDArray[np.float32] | None:
        assert keyframes.gallery is not None
        key = keyframes.gallery.find(number)
        if key is None or not len(tokens.rows) or not len(key.rows):
            return None
        match = Match(tokens.rows, key.rows, *compare_by(runner)(tokens, key))
        likely = np.zeros((count + 1, len(keyframes.index[number])), np.float32)
        likely[np.ix_(match.target, match.source)] = match.rate_pairs()
        return likely

    return compare


def link_frames(earlier: FrameFeatures, later: FrameFeatures, runner: Runner) -> Link:
    """Link the regions of two neighboring drawings by flow and matching, both ways."""
    with stage("flow"):
        to_earlier, to_later = compute_flow(later.field, earlier.field)
        back = link_regions(later.points, earlier.drawing.regions(), to_earlier, later.field.size)
        ahead = link_regions(earlier.points, later.drawing.regions(), to_later, earlier.field.size)
    old, new = earlier.tokens, later.tokens
    score_back, score_ahead, unmatched_new, unmatched_old = runner.compare(
        new.values,
        old.values,
        new.contact,
        old.contact,
        back[np.ix_(new.rows, old.rows)],
        ahead[np.ix_(old.rows, new.rows)],
    )
    return Link(
        back,
        ahead,
        Match(new.rows, old.rows, score_back.astype(np.float16), unmatched_new),
        Match(old.rows, new.rows, score_ahead.astype(np.float16), unmatched_old),
    )
