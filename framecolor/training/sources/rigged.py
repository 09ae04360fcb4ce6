"""The rigged source: a folder of rigged 3D characters (GLB, VRM) with manifest.json, rendered to id maps."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from framecolor.core.parsing import MISSHAPEN, parse_json
from framecolor.errors import ReadError
from framecolor.training.dataset import IdSequence, Provenance
from framecolor.training.rigged.actor import Actor
from framecolor.training.rigged.gltf import Gltf
from framecolor.training.rigged.performance import Company, Performer, perform
from framecolor.training.rigged.rig import Rig

_TAKES, _TAKES_OF_PEOPLE = 2, 3
_PARTNER_SHARE = 0.4
_REPAIR = "restore the file from the data set"


@dataclass(frozen=True)
class RiggedCharacter:
    """One character: its file and hash, name, whether it is a person, nodes to hide, and files of shared clips."""

    path: Path
    sha256: str
    name: str
    person: bool
    hide: frozenset[str]
    clips: tuple[Path, ...]


@dataclass(frozen=True)
class RiggedSource:
    """Characters of one pack, author and license."""

    provenance: Provenance
    characters: tuple[RiggedCharacter, ...]


def read_sources(folder: Path) -> list[RiggedSource]:
    """Read the sources of a folder, sorted by name. Raises ReadError if its manifest is missing or damaged."""
    path = folder / "manifest.json"
    try:
        rows = parse_json(path.read_text("utf-8"))["characters"]
        groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for row in rows:
            key = (row["family"], _name_license(row), row["author"], row["source_repo"], row["source_commit"])
            groups.setdefault(tuple(map(str, key)), []).append(row)
        found: dict[str, RiggedSource] = {}
        for key, own in sorted(groups.items(), key=lambda group: -len(group[1])):
            name = f"rigged-{_slug(key[0])}"
            if name in found:  # part of a pack has an author, license or commit of its own
                name += f"-{_slug(Path(own[0]['path']).stem)}"
            found[name] = RiggedSource(_describe(name, key, own), tuple(_read_character(folder, row) for row in own))
        return [source for _, source in sorted(found.items())]
    except (OSError, *MISSHAPEN) as error:
        raise ReadError(path, f"is not a table of rigged characters ({error!r})", _REPAIR) from error


def animate_rigged(source: RiggedSource, limit: int | None, long_side: int, seed: int) -> Iterator[IdSequence]:
    """Yield two sequences of each character of a source, three of people. Raises ReadError if a file is damaged."""
    previous: Performer | None = None
    for character in source.characters[:limit]:
        rng = np.random.default_rng([seed, *hashlib.sha256(character.name.encode()).digest()[:8]])
        lead = _read_performer(character, rng)
        company = Company(lead, previous if rng.random() < _PARTNER_SHARE else None)
        for number in range(_TAKES_OF_PEOPLE if character.person else _TAKES):
            yield perform(company, number, long_side, rng)
        previous = lead


def _read_performer(character: RiggedCharacter, rng: np.random.Generator) -> Performer:
    path = character.path
    shared = [_read_clips(p) for p in character.clips]
    try:
        if hashlib.sha256(path.read_bytes()).hexdigest() != character.sha256:
            raise ValueError("its hash is not that of the manifest")
        actor = Actor(Rig(Gltf(path)), shared, character.hide, int(rng.integers(2**16)))
    except (OSError, *MISSHAPEN) as error:
        raise ReadError(path, f"is not a rigged character ({error!r})", _REPAIR) from error
    return Performer(character.name, actor, character.person)


@lru_cache(maxsize=16)
def _read_clips(path: Path) -> Rig:
    """Read a file of shared clips, which many characters play."""
    try:
        return Rig(Gltf(path))
    except (OSError, *MISSHAPEN) as error:
        raise ReadError(path, f"is not a file of clips ({error!r})", _REPAIR) from error


def _read_character(folder: Path, row: dict[str, Any]) -> RiggedCharacter:
    return RiggedCharacter(
        path=_find(folder, row["path"])[0],
        sha256=str(row["sha256"]),
        name=f"{_slug(row['family'])}-{_slug(Path(row['path']).stem)}",
        person=row["kind"] == "human",
        hide=frozenset(map(str, row.get("hide_meshes", ()))),
        clips=tuple(path for pattern in row.get("clip_sources") or () for path in _find(folder, pattern)),
    )


def _find(folder: Path, pattern: str) -> list[Path]:
    """Find the files of a relative path, which may end with an asterisk."""
    if ".." in Path(pattern).parts or Path(pattern).is_absolute():
        raise ValueError("a path leads out of the folder")
    return [p for p in sorted(folder.glob(pattern)) if p.suffix in (".glb", ".vrm")] or [folder / pattern]


def _name_license(row: dict[str, Any]) -> str:
    """Name the license as an SPDX identifier; the version of "CC-BY" stands in a note."""
    version = re.search(r"CC BY (\d\.\d)", str(row.get("licence_note", "")))
    license_ = str(row["licence"])
    return f"{license_}-{version[1]}" if license_ == "CC-BY" and version else license_


def _describe(name: str, key: tuple[str, ...], rows: list[dict[str, Any]]) -> Provenance:
    _, license_, author, repository, commit = key
    packs = ", ".join(dict.fromkeys(str(row["pack"]) for row in rows))
    stems = ", ".join(Path(row["path"]).stem for row in rows)
    moved = ", ".join(dict.fromkeys(str(p) for row in rows for p in row.get("clip_sources") or ()))
    source = f"{packs} by {author}, https://github.com/{repository}, commit {commit} ({stems}), rendered to id maps"
    return Provenance(
        source=f"{source}, moved by {moved}" if moved else source,
        license=license_,
        name=name,
        attribution=f'"{packs}" by {author}, rendered',
    )


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
