"""The art source: animate folders of openly licensed SVG drawings, as written by scripts/fetch_art."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from framecolor.core.parsing import MISSHAPEN, is_file_name, parse_json
from framecolor.errors import ReadError
from framecolor.training.dataset import IdSequence, Provenance
from framecolor.training.puppets.bodies import give_body
from framecolor.training.puppets.cast import draw_scene
from framecolor.training.puppets.joints import Puppet, joint_shapes
from framecolor.training.puppets.prepare import color_blank, prepare_shapes
from framecolor.training.puppets.scene import draw_sequence
from framecolor.training.puppets.shading import decorate
from framecolor.training.sources.svg import read_shapes

_FEWEST_SHAPES, _MOST_SHAPES = 5, 250
_ASPECTS = ((512, 512), (512, 384), (384, 512), (288, 512), (512, 448))
_CATEGORIES = {"bust", "figure", "Animals & Nature", "People & Body", "Smileys & Emotion", "Objects", "Activities"}
_THINGS = {"Objects", "Activities"}
_THINGS_PER_SOURCE = 24
_MOST_SHAPES_OF_A_THING = 40
# Share of the drawings of a category that are heads, which get a body.
_BODY_SHARE = {"bust": 0.6, "Smileys & Emotion": 0.3}
# Copies of a drawing in other skin colors, and things without a body that could move.
_LEFT_OUT = re.compile(
    r"(^|-)(light|medium|dark|medium-light|medium-dark)(-skin-tone|$)|flag|clock|arrow|button|heart|symbol|sign|hole|"
    r"clapping|hand|finger|fist|thumb|palm|footprints|speech|thought|zzz|mark|dizzy$|medal|ticket|chart|calendar|card|"
    r"keycap|input|dollar|banknote|yen|pound|euro|mahjong|spiral|bubble|collision|anger|hundred|sweat-drop|kiss-mark"
)
_PER_EMOJI_SET = 260


@dataclass(frozen=True)
class Art:
    """One drawing of a source: its file, name and category."""

    path: Path
    name: str
    category: str


@dataclass(frozen=True)
class ArtSource:
    """A folder with manifest.json: drawings of one license."""

    provenance: Provenance
    drawings: tuple[Art, ...]


def read_sources(folder: Path) -> list[ArtSource]:
    """Read the sources under `folder`, sorted by name. Raises ReadError if there is none or a manifest is damaged."""
    manifests = sorted(folder.glob("*/manifest.json"))
    if not manifests:
        raise ReadError(folder, "holds no SOURCE/manifest.json", "fetch art with scripts/fetch_art")
    return [_read_source(path) for path in manifests]


def _read_source(path: Path) -> ArtSource:
    try:
        table = parse_json(path.read_text(encoding="utf-8"))
        name = str(table["name"])
        if not all(map(is_file_name, table["files"])):
            raise ValueError("a file name leads out of the folder")
        drawings = tuple(
            Art(path.parent / file, f"{name}-{Path(file).stem}", str(about["category"]))
            for file, about in sorted(table["files"].items())
        )
        attribution = str(table["attribution"])
        source = f"{attribution} ({table['package']} {table['version']})"
        return ArtSource(Provenance(source, str(table["license"]), name, attribution), drawings)
    except (OSError, *MISSHAPEN) as error:
        raise ReadError(path, f"is not a table of art ({error!r})", "fetch the art again") from error


def choose_drawings(source: ArtSource, limit: int | None) -> list[Art]:
    """Choose the drawings to animate: figures, creatures and things, without copies, shuffled by a hash of the name."""
    found = [a for a in source.drawings if a.category in _CATEGORIES and not _LEFT_OUT.search(a.path.stem)]
    found.sort(key=lambda a: hashlib.sha256(a.name.encode()).digest())
    most = _PER_EMOJI_SET if any(a.category not in ("bust", "figure") for a in found) else len(found)
    return found[: most if limit is None else min(limit, most)]


def read_things(sources: list[ArtSource], seed: int) -> list[Puppet]:
    """Read puppets of some objects of all sources, to place beside characters and in their hands."""
    found: list[Puppet] = []
    for source in sources:
        own = [a for a in choose_drawings(source, None) if a.category in _THINGS][:_THINGS_PER_SOURCE]
        puppets = [read_puppet(art, set(), _rng(seed, art)) for art in own]
        found += [p for p in puppets if p is not None and len(p.shapes) <= _MOST_SHAPES_OF_A_THING]
    return found


def animate_art(
    source: ArtSource, things: list[Puppet], limit: int | None, long_side: int, seed: int
) -> Iterator[IdSequence]:
    """Yield two or three actions of each character of a source; unsuitable drawings are skipped."""
    seen: set[bytes] = set()
    company: list[Puppet] = []
    for art in choose_drawings(source, limit):
        rng = _rng(seed, art)
        lead = read_puppet(art, seen, rng)
        if lead is None:
            continue
        if rng.random() < _BODY_SHARE.get(art.category, 0.0):
            held = things[int(rng.integers(len(things)))] if things and rng.random() < 0.5 else None
            lead = give_body(lead, held, rng)
        beside = rng.integers(len(things), size=int(rng.choice(3, p=[0.5, 0.35, 0.15]))) if things else ()
        partner = company[int(rng.integers(len(company)))] if company and rng.random() < 0.2 else None
        company = [*company[-8:], lead]
        scene = draw_scene(
            decorate(lead, rng),
            None if partner is None else decorate(partner, rng),
            [decorate(things[int(i)], rng) for i in beside],
            rng,
        )
        height, width = _ASPECTS[int(rng.integers(len(_ASPECTS)))]
        size = (height * long_side // 512, width * long_side // 512)
        for number in range(3 if rng.random() < 0.1 else 2):
            yield draw_sequence(scene, art.name, f"take{number}", int(rng.integers(8, 12)), size, rng)


def _rng(seed: int, art: Art) -> np.random.Generator:
    return np.random.default_rng([seed, *hashlib.sha256(art.name.encode()).digest()[:8]])


def read_puppet(art: Art, seen: set[bytes], rng: np.random.Generator) -> Puppet | None:
    """Read the puppet of a drawing; None if it is unreadable, has too few or too many shapes, or was `seen`."""
    try:
        shapes = read_shapes(art.path)
    except ReadError:
        return None
    if not _FEWEST_SHAPES <= len(shapes) <= _MOST_SHAPES:
        return None
    shapes = prepare_shapes(shapes)
    if sum(not s.ink for s in shapes) < _FEWEST_SHAPES - 1:
        return None
    key = hashlib.sha256(b"".join(s.points.round(1).tobytes() for s in shapes)).digest()
    if key in seen:
        return None
    seen.add(key)
    return joint_shapes(color_blank(shapes, rng))
