"""Open a colorist by its weights, or by its name."""

from __future__ import annotations

from pathlib import Path

from framecolor.colorists.base import Colorist
from framecolor.errors import ReadError
from framecolor.networks.systems import SYSTEMS, load_class


def open_colorist(path: Path) -> Colorist:
    """Open the colorist of a weights file that `framecolor train` wrote, of a system whose weights ship (by its name),
    or `style`, which has no weights.

    It votes with the region head (`colorists.region_head`), if it can. Raises ReadError for any other file.
    """
    # Imported here because it is slow, and most shots need no colorist.
    from framecolor.colorists.region_head import load_region_head
    from framecolor.networks.checkpoint import load_colorist

    network, name = (None, "style") if path == Path("style") else load_colorist(path)
    place = SYSTEMS[name].colorist
    if place is None:
        raise ReadError(path, f"holds a {name}, which paints nothing by itself", "give weights of a colorist's recipe")
    colorist = load_class(place)(network)
    if hasattr(colorist, "head") and colorist.head is None:
        colorist.head = load_region_head()
    return colorist
