"""Picture metrics: CIEDE2000, PSNR, SSIM and line change. All compare RGB on white paper."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# The PSNR of equal pictures is infinite; a ceiling keeps means and JSON finite.
PSNR_CEILING_DB = 100.0

Floats = NDArray[np.float64]

# sRGB (D65) to XYZ relative to the D65 white point: IEC 61966-2-1, rows already divided by the white.
_RGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_RGB_TO_XYZ /= _RGB_TO_XYZ.sum(axis=1, keepdims=True)


def rgb_to_lab(rgb: NDArray[np.uint8]) -> Floats:
    """Convert sRGB uint8 [..., 3] to CIELAB (D65) float64 [..., 3]."""
    value = rgb.astype(np.float64) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _RGB_TO_XYZ.T
    root = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = root[..., 0], root[..., 1], root[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def ciede2000(lab1: Floats, lab2: Floats) -> Floats:
    """Compute the color difference of CIELAB colors [..., 3], elementwise -> [...].

    Source: Sharma, Wu, Dalal, "The CIEDE2000 color-difference formula: implementation notes, supplementary test data,
    and mathematical observations", 2005; all parametric factors are 1.
    """
    l1, a1, b1 = np.moveaxis(np.asarray(lab1, np.float64), -1, 0)
    l2, a2, b2 = np.moveaxis(np.asarray(lab2, np.float64), -1, 0)
    g = 0.5 * (1 - _saturate((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2))
    c1, h1 = _chroma_hue((1 + g) * a1, b1)
    c2, h2 = _chroma_hue((1 + g) * a2, b2)
    gray = c1 * c2 == 0

    turn = (h2 - h1 + 180) % 360 - 180
    # At exactly half a turn the publication keeps the sign of h2 - h1.
    turn = np.where(np.abs(h2 - h1) == 180, h2 - h1, turn)
    d_l, d_c = l2 - l1, c2 - c1
    d_h = np.where(gray, 0, 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2)))

    l_mean, c_mean = (l1 + l2) / 2, (c1 + c2) / 2
    wraps = np.abs(h1 - h2) > 180
    h_mean = np.where(wraps, (h1 + h2 + np.where(h1 + h2 < 360, 360, -360)) / 2, (h1 + h2) / 2)
    h_mean = np.where(gray, h1 + h2, h_mean)

    t = 1 - 0.17 * _cos(h_mean - 30) + 0.24 * _cos(2 * h_mean)
    t += 0.32 * _cos(3 * h_mean + 6) - 0.20 * _cos(4 * h_mean - 63)
    s_l = 1 + 0.015 * (l_mean - 50) ** 2 / np.sqrt(20 + (l_mean - 50) ** 2)
    s_c, s_h = 1 + 0.045 * c_mean, 1 + 0.015 * c_mean * t
    rotation = -2 * _saturate(c_mean) * np.sin(np.radians(60 * np.exp(-(((h_mean - 275) / 25) ** 2))))
    lightness, chroma, hue = d_l / s_l, d_c / s_c, d_h / s_h
    return np.sqrt(np.maximum(lightness**2 + chroma**2 + hue**2 + rotation * chroma * hue, 0))


def _saturate(chroma: Floats) -> Floats:
    return np.sqrt(chroma**7 / (chroma**7 + 25.0**7))


def _chroma_hue(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    return np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360


def _cos(degrees: Floats) -> Floats:
    return np.cos(np.radians(degrees))


def mean_ciede2000(pred: NDArray[np.uint8], true: NDArray[np.uint8]) -> float:
    """Compute the mean CIEDE2000 of two HxWx3 RGB pictures. Each distinct pair of colors is computed once."""
    both = np.concatenate([pred.reshape(-1, 3), true.reshape(-1, 3)], axis=1).astype(np.int64)
    pairs, count = np.unique(both @ (1 << np.arange(40, -1, -8)), return_counts=True)
    colors = (pairs[:, None] >> np.arange(40, -1, -8) & 255).astype(np.uint8)
    difference = ciede2000(rgb_to_lab(colors[:, :3]), rgb_to_lab(colors[:, 3:]))
    return float((difference * count).sum() / count.sum())


def psnr(pred: NDArray[np.uint8], true: NDArray[np.uint8]) -> float:
    """Compute the peak signal-to-noise ratio of two HxWx3 pictures in dB, at most PSNR_CEILING_DB."""
    return min(PSNR_CEILING_DB, cv2.PSNR(pred, true))


def ssim(pred: NDArray[np.uint8], true: NDArray[np.uint8]) -> float:
    """Compute the structural similarity of two HxWx3 pictures, the mean over red, green and blue.

    Gaussian window of 11 px with sigma 1.5, K1 0.01, K2 0.03. Windows that extend beyond the picture are not counted,
    unless it is smaller than one window. Source: Wang, Bovik, Sheikh, Simoncelli 2004.
    """
    inside = np.s_[5:-5, 5:-5] if min(pred.shape[:2]) > 10 else np.s_[:, :]
    return float(np.mean([_ssim_plane(pred[..., c], true[..., c])[inside].mean() for c in range(3)]))


def _ssim_plane(x8: NDArray[np.uint8], y8: NDArray[np.uint8]) -> Floats:
    def blur(plane: Floats) -> Floats:
        return cv2.GaussianBlur(plane, (11, 11), 1.5, borderType=cv2.BORDER_REFLECT).astype(np.float64, copy=False)

    x, y = x8.astype(np.float64), y8.astype(np.float64)
    mean_x, mean_y = blur(x), blur(y)
    # Rounding can make the variance of a flat area slightly negative.
    var_x, var_y = np.maximum(blur(x * x) - mean_x**2, 0), np.maximum(blur(y * y) - mean_y**2, 0)
    covariance = blur(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return top / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))


def line_change(pred: NDArray[np.uint8], ink: NDArray[np.uint8]) -> int:
    """Measure the largest change of an ink pixel, 0..255: how far `pred` is from any color of ink over paint.

    pred  HxWx3 RGB on white
    ink   HxWx4 straight RGBA without trace lines, which vanish in the paint (`Frame.ink`)

    A pixel of full ink has one possible value, a fringe pixel a range, since any paint may show through it. 0 without
    ink.
    """
    inked = ink[..., 3] > 0
    alpha = ink[inked][:, 3:].astype(np.float32)
    color, painted = ink[inked][:, :3].astype(np.float32) * alpha / 255, pred[inked].astype(np.int16)
    outside = np.maximum(painted - np.ceil(color + 255 - alpha), np.floor(color) - painted)
    return max(0, int(outside.max(initial=0)))
