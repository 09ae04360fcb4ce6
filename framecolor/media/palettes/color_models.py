"""Convert colors of other models, in which programs for print keep swatches, to sRGB of 8 bits."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence
from dataclasses import dataclass

from framecolor.core.text import count_of

Rgb = tuple[int, int, int]

# The white of Lab and XYZ in swatches, D50, and the matrix from its XYZ to linear sRGB (Bradford).
_WHITE = (0.9642, 1.0, 0.8249)
_TO_LINEAR = (
    (3.1338561, -1.6168667, -0.4906146),
    (-0.9787684, 1.9161415, 0.0334540),
    (0.0719453, -0.2289914, 1.4052427),
)
_SLACK = 0.002


def from_unit(values: Sequence[float]) -> Rgb:
    """Convert sRGB values of 0 to 1. Raises ValueError if one is not a number in that range."""
    if len(values) != 3 or not all(math.isfinite(value) and -_SLACK <= value <= 1 + _SLACK for value in values):
        raise ValueError("a value is not within 0 to 1")
    red, green, blue = (min(255, max(0, round(255 * value))) for value in values)
    return red, green, blue


def from_gray(value: float) -> Rgb:
    """Convert a gray of 0 (black) to 1 (white). Raises ValueError as `from_unit`."""
    return from_unit((value, value, value))


def from_hsb(hue: float, saturation: float, brightness: float) -> Rgb:
    """Convert hue, saturation and brightness, each of 0 to 1. Raises ValueError as `from_unit`."""
    from_unit((hue, saturation, brightness))
    return from_unit(colorsys.hsv_to_rgb(hue, saturation, brightness))


def from_cmyk(cyan: float, magenta: float, yellow: float, black: float) -> Rgb:
    """Convert ink of 0 (none) to 1, without a profile of the press: roughly. Raises ValueError as `from_unit`."""
    from_unit((cyan, magenta, yellow))
    from_gray(black)
    return from_unit(
        [(1 - min(1.0, max(0.0, ink))) * (1 - min(1.0, max(0.0, black))) for ink in (cyan, magenta, yellow)]
    )


def from_lab(lightness: float, a: float, b: float) -> Rgb:
    """Convert CIE Lab at D50, L of 0 to 100. Colors outside of sRGB get its nearest values. Raises ValueError."""
    if not all(map(math.isfinite, (lightness, a, b))) or not -1 <= lightness <= 101 or max(abs(a), abs(b)) > 200:
        raise ValueError("a value is outside of Lab")
    y = (lightness + 16) / 116
    parts = (y + a / 500, y, y - b / 200)
    return from_xyz(
        *(
            white * (f**3 if f > 6 / 29 else (f - 4 / 29) * 3 * (6 / 29) ** 2)
            for white, f in zip(_WHITE, parts, strict=True)
        )
    )


def from_xyz(x: float, y: float, z: float) -> Rgb:
    """Convert CIE XYZ at D50, Y of 0 to 1. Colors outside of sRGB get its nearest values. Raises ValueError."""
    if not all(math.isfinite(value) and abs(value) <= 10 for value in (x, y, z)):
        raise ValueError("a value is outside of XYZ")
    return from_linear(
        [sum(weight * value for weight, value in zip(row, (x, y, z), strict=True)) for row in _TO_LINEAR]
    )


def from_linear(values: Sequence[float]) -> Rgb:
    """Convert linear light of sRGB's primaries; values outside of 0 to 1 are cut. Raises ValueError if not finite."""
    if not all(map(math.isfinite, values)):
        raise ValueError("a value is not finite")
    light = (min(1.0, max(0.0, value)) for value in values)
    return from_unit([12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055 for v in light])


@dataclass
class Conversions:
    """Counts the colors of a palette that are converted from each other model, for one note."""

    def __post_init__(self) -> None:
        self.counts: dict[str, int] = {}

    def count(self, model: str) -> None:
        """Count a color of a model, such as "CMYK"."""
        self.counts[model] = self.counts.get(model, 0) + 1

    @property
    def notes(self) -> tuple[str, ...]:
        """One line for each model."""
        return tuple(
            f"{count_of(number, f'{model} color')} converted to RGB"
            + (" without a profile of the press: check them" if model == "CMYK" else "")
            for model, number in self.counts.items()
        )
