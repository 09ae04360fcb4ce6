"""List the colors of painted keys as swatches, with the names of a palette file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from framecolor.config.settings import Settings
from framecolor.core.text import count_of
from framecolor.errors import ShotError
from framecolor.keys.drawing_style import find_style
from framecolor.keys.key_drawing import read_key_drawings
from framecolor.keys.keyframes import ask_for_key, list_painted
from framecolor.media import Swatch, SwatchList, read_swatch_list
from framecolor.shot.shot import Shot

_ONE_LEVEL = 1


def read_key_palette(shots: Iterable[tuple[Shot, Settings]], title: str) -> SwatchList:
    """Read the colors of the keys of shots, each once, the most used first; paper is left out.

    A color within one level of a swatch of the settings' palette is that swatch, with its name, id and group, and that
    is noted. Raises ShotError if a shot has no key, InputError for a key that does not fit its drawing, PaletteError
    for an unusable palette.
    """
    found: dict[tuple[int, ...], Swatch] = {}
    notes: list[str] = []
    for shot, settings in shots:
        if not shot.keys:
            raise ShotError(shot.root / "keys", "there is no painted key", ask_for_key(shot))
        drawings = read_key_drawings(shot, find_style(shot, settings).settings)
        named: Sequence[Swatch] = ()
        if settings.palette is not None:
            file = read_swatch_list(shot.root / settings.palette)
            named = file.swatches
            notes += file.notes
        nameless = 0
        for red, green, blue, alpha in list_painted(drawings.by_number).colors.tolist():
            if not alpha:
                continue
            own = Swatch((red, green, blue, 255))
            swatch = _find_named(own, named)
            nameless += swatch is None
            if swatch is not None and swatch.color != own.color:
                notes.append(
                    f"{own.label} of the keys is one level off {swatch.name or swatch.label}, and is that color"
                )
            one = swatch or own
            found.setdefault(one.color, one)
        if nameless and named:
            notes.append(
                f"{count_of(nameless, 'color')} of the keys {'has' if nameless == 1 else 'have'} no name in it"
            )
    return SwatchList(tuple(found.values()), title, tuple(dict.fromkeys(notes)))


def _find_named(one: Swatch, named: Sequence[Swatch]) -> Swatch | None:
    """Find the nearest swatch within one level of a color; None if there is none."""
    near = [
        (max(abs(a - b) for a, b in zip(one.color, other.color, strict=True)), place)
        for place, other in enumerate(named)
    ]
    apart, place = min(near, default=(_ONE_LEVEL + 1, 0))
    return named[place] if apart <= _ONE_LEVEL else None
