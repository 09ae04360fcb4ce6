"""Score a colorist's paintings of drawings with known colors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from recipe_sheet import cell, lay_lines, spread
from subjects import Rgb, Subject

from framecolor.core.histogram import color_histogram, figure_weight
from framecolor.evaluation.metrics import mean_ciede2000, ssim
from framecolor.evaluation.metrics.frechet import frechet_distance
from framecolor.networks.perception import load_perception

_EMBED_PX = 128
# The Frechet distance of fewer pictures is meaningless.
_FEWEST_PICTURES = 9
# The truth of most clips is antialiased: colors within so many levels count as the same.
_NEAR_LEVELS = 8

Painted = tuple[Rgb, Rgb, NDArray[np.uint8], float]
"""Soft color with lines, flat paint with lines, color of each region, seconds."""


def score(subjects: list[Subject], paint: Callable[[Subject], Painted]) -> tuple[dict[str, float], list[Rgb]]:
    """Score a colorist: means over the drawings, and flat pictures of some of them (of the last one if there are few).

    acc              share of the figure's regions whose nearest palette color is the true one
    ciede2000, ssim  of the soft color with lines
    frechet          distance between these pictures and the true ones over our own features; missing for few pictures
    """
    rows = []
    soft_pictures, true_pictures, flat_pictures = [], [], []
    for subject in subjects:
        soft, flat, colors, seconds = paint(subject)
        truth = lay_lines(subject.truth, subject)
        rows.append((_accuracy(subject, colors), mean_ciede2000(soft, truth), ssim(soft, truth), seconds))
        soft_pictures.append(soft)
        true_pictures.append(truth)
        flat_pictures.append(flat)
    acc, apart, alike, seconds = zip(*rows, strict=True)
    scores = {
        "drawings": len(subjects),
        "acc": round(float(np.nanmean(acc)), 4),
        "ciede2000": round(float(np.mean(apart)), 3),
        "ssim": round(float(np.mean(alike)), 4),
        "seconds": round(float(np.median(seconds)), 3),
    }
    if len(subjects) < _FEWEST_PICTURES:
        return scores, [cell(flat_pictures[-1])]
    scores["frechet"] = round(frechet_distance(_embed(soft_pictures), _embed(true_pictures)), 4)
    return scores, [cell(picture) for picture in spread(flat_pictures)]


def measure_obedience(subjects: list[Subject], paint: Callable[[Subject], Painted]) -> float:
    """Compute the share of drawings that take the colors of another character's picture given as the reference.

    A drawing does if the histogram of its soft color is nearer to that picture's than to that of its own reference.
    """
    obeyed = []
    for subject, other in zip(subjects, [*subjects[1:], subjects[0]], strict=True):
        soft, _, _, _ = paint(replace(subject, reference=other.reference))
        apart = [np.abs(blur_histogram(soft) - blur_histogram(s.reference)).sum() for s in (other, subject)]
        obeyed.append(apart[0] < apart[1])
    return round(float(np.mean(obeyed)), 4)


def blur_histogram(rgb: Rgb) -> NDArray[np.float32]:
    """Compute the figure's color histogram, blurred over neighboring bins."""
    cube = color_histogram(rgb, figure_weight(rgb)).reshape(8, 8, 8)
    for axis in range(3):
        padded = np.pad(cube, [(1, 1) if a == axis else (0, 0) for a in range(3)])
        cube = sum(np.take(padded, range(i, i + 8), axis) * w for i, w in enumerate((0.25, 0.5, 0.25)))
    return np.asarray(cube, dtype=np.float32)


def _accuracy(subject: Subject, colors: NDArray[np.uint8]) -> float:
    scored = subject.scored
    apart = np.abs(colors[:, :3].astype(int) - subject.colors).max(axis=1)
    return float((apart[scored] <= _NEAR_LEVELS).mean()) if scored.any() else float("nan")


def _embed(pictures: list[Rgb]) -> NDArray[np.float32]:
    network = load_perception()
    planes = []
    for picture in pictures:
        side = max(picture.shape[:2])
        square = np.full((side, side, 3), 255, np.uint8)
        square[: picture.shape[0], : picture.shape[1]] = picture
        planes.append(cv2.resize(square, (_EMBED_PX, _EMBED_PX), interpolation=cv2.INTER_AREA))
    rgb = torch.from_numpy(np.stack(planes)).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.inference_mode():
        return np.concatenate([network.embed(part).numpy() for part in rgb.split(16)])
