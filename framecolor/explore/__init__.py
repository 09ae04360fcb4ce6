"""Variations of one drawing's colors: paint many proposals, show them on a sheet, and make a key of the chosen one.

`subject` opens the drawing, `variations` paints and stores the variations, `sheet` draws the contact sheet, `choose`
makes a key of one.

Imports colorists, shot, render and below.
"""

from framecolor.explore.choose import add_key, find_place
from framecolor.explore.subject import Subject, find_home, open_subject
from framecolor.explore.variations import Exploration, Inputs, explore, read_exploration

__all__ = [
    "Exploration",
    "Inputs",
    "Subject",
    "add_key",
    "explore",
    "find_home",
    "find_place",
    "open_subject",
    "read_exploration",
]
