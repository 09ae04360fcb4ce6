"""The paint of the demo shot: flat colors, and which of them shade another."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

BLUE = (0, 0, 255)
RED = (255, 0, 0)


class Paint(IntEnum):
    """Palette index of each color; 0 is the transparent outside."""

    NONE = 0
    SKIN = 1
    SKIN_SHADOW = 2
    BLUSH = 3
    HAIR = 4
    HAIR_SHADOW = 5
    HAIR_LIGHT = 6
    CREAM = 7
    CREAM_SHADOW = 8
    COAT = 9
    COAT_SHADOW = 10
    SCARF = 11
    SCARF_SHADOW = 12
    CRIMSON = 13
    CRIMSON_SHADOW = 14
    IRIS = 15
    IRIS_DARK = 16
    GOLD = 17
    TIGHTS = 18
    BOOT = 19
    BOOT_SHADOW = 20


RGB = np.array(
    [
        (0, 0, 0),
        (255, 228, 208),
        (240, 178, 152),
        (250, 160, 146),
        (236, 132, 62),
        (190, 84, 46),
        (255, 192, 104),
        (255, 249, 238),
        (214, 204, 222),
        (74, 100, 168),
        (48, 66, 124),
        (58, 178, 168),
        (30, 126, 134),
        (214, 72, 84),
        (156, 42, 70),
        (120, 190, 92),
        (40, 98, 72),
        (248, 206, 86),
        (84, 70, 98),
        (150, 92, 66),
        (104, 58, 52),
    ],
    np.uint8,
)

# Trace lines are drawn on the shading side: blue around shadow, red around highlight and blush.
TRACE = {
    Paint.SKIN_SHADOW: BLUE,
    Paint.HAIR_SHADOW: BLUE,
    Paint.CREAM_SHADOW: BLUE,
    Paint.COAT_SHADOW: BLUE,
    Paint.SCARF_SHADOW: BLUE,
    Paint.CRIMSON_SHADOW: BLUE,
    Paint.IRIS_DARK: BLUE,
    Paint.BOOT_SHADOW: BLUE,
    Paint.BLUSH: RED,
    Paint.HAIR_LIGHT: RED,
}
