"""Score paintings of two drawings of one figure: what a system keeps and what it loses between lines and drawings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scoring import Painted, blur_histogram, score
from subjects import Rgb, Subject

from framecolor.core.histogram import mean_by_label
from framecolor.evaluation.metrics.pictures import ciede2000, rgb_to_lab

Floats = NDArray[np.float64]
Pair = tuple[Subject, Subject]

# Paint that is nearer to white than this, in CIEDE2000, counts as paper.
_PAPER = 8.0
# A paint is compared between two drawings if it fills this share of the scored pixels of both.
_LEAST_SHARE = 0.01


def score_pairs(pairs: Sequence[Pair], painted: Sequence[tuple[Painted, Painted]], folder: Floats) -> dict[str, float]:
    """Score a system's paintings of pairs of drawings: means over the second drawings.

    folder  mean histogram of the pictures in whose colors it should paint (`mean_histogram`)

    acc, ciede2000, ssim, frechet  as of `scoring.score`
    off_palette   CIEDE2000 from the nearest of the figure's own colors
    in_region     CIEDE2000 of pixels from the mean of their region
    two_drawings  CIEDE2000 of one paint in the two drawings, of which each has its mean color
    left_white    share of pixels of colored paint that stay paper
    looks         distance of the colors from those of the folder, 0 (equal) to 1
    """
    second = {pair[1].name: of[1] for pair, of in zip(pairs, painted, strict=True)}
    scores, _ = score([pair[1] for pair in pairs], lambda subject: second[subject.name])
    rows = [
        (
            _measure_off_palette(pair[1], of[1][0]),
            _measure_in_region(pair[1], of[1][0]),
            _compare_drawings(pair, (of[0][0], of[1][0])),
            _count_white(pair[1], of[1][0]),
        )
        for pair, of in zip(pairs, painted, strict=True)
    ]
    own = mean_histogram([of[1][0] for of in painted])
    names = ("off_palette", "in_region", "two_drawings", "left_white")
    means = {name: round(float(np.nanmean(column)), 3) for name, column in zip(names, np.array(rows).T, strict=True)}
    del scores["seconds"]  # of ten drawings only
    return {**scores, **means, "looks": round(float(np.abs(own - folder).sum() / 2), 3)}


def mean_histogram(pictures: Sequence[Rgb]) -> Floats:
    """Average the blurred color histograms of pictures' figures, float64 [8, 8, 8], sum 1."""
    return np.asarray(np.mean([blur_histogram(picture) for picture in pictures], axis=0), dtype=np.float64)


def _scored_pixels(subject: Subject) -> NDArray[np.bool_]:
    return subject.scored[subject.regions.labels]


def _measure_off_palette(subject: Subject, soft: Rgb) -> float:
    """Compute the mean CIEDE2000 of pixels from the nearest of the figure's true colors."""
    lab = rgb_to_lab(soft[_scored_pixels(subject)])
    nearest = np.full(len(lab), np.inf)
    for color in np.unique(subject.colors[subject.scored], axis=0):
        nearest = np.minimum(nearest, ciede2000(lab, rgb_to_lab(color)))
    return float(nearest.mean())


def _measure_in_region(subject: Subject, soft: Rgb) -> float:
    """Compute the mean CIEDE2000 of pixels from the mean color of their region."""
    where = _scored_pixels(subject)
    lab, label = rgb_to_lab(soft[where]), subject.regions.labels[where]
    return float(ciede2000(lab, mean_by_label(lab, label)[label]).mean())


def _compare_drawings(pair: Pair, soft: tuple[Rgb, Rgb]) -> float:
    """Compute the mean CIEDE2000 between the mean colors of one paint in two drawings; NaN if they share none."""
    apart, weight = [], []
    means = []
    for subject, picture in zip(pair, soft, strict=True):
        where = _scored_pixels(subject)
        colors = subject.colors[subject.regions.labels[where]].astype(np.int64) @ (1 << np.array([16, 8, 0]))
        paint, label, count = np.unique(colors, return_inverse=True, return_counts=True)
        found = mean_by_label(rgb_to_lab(picture[where]), label.reshape(-1))
        shares = count / count.sum()
        means.append({int(p): (lab, n) for p, lab, n in zip(paint, found, shares, strict=True) if n > _LEAST_SHARE})
    for paint in means[0].keys() & means[1].keys():
        apart.append(float(ciede2000(means[0][paint][0], means[1][paint][0])))
        weight.append(min(means[0][paint][1], means[1][paint][1]))
    return float(np.average(apart, weights=weight)) if apart else float("nan")


def _count_white(subject: Subject, soft: Rgb) -> float:
    """Compute the share of pixels with colored paint that are nearly white."""
    where = _scored_pixels(subject)
    white = rgb_to_lab(np.full(3, 255, np.uint8))
    true = rgb_to_lab(subject.colors)[subject.regions.labels[where]]
    colored = ciede2000(true, white) > 2 * _PAPER
    return (
        float((ciede2000(rgb_to_lab(soft[where])[colored], white) < _PAPER).mean()) if colored.any() else float("nan")
    )
