"""The source of each frame: one hash of all its inputs, from files without decoding them.

By it a run finds the frames that are up to date, quickly if all are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from framecolor.config.settings import Settings
from framecolor.core.hashing import digest
from framecolor.errors import ReadError
from framecolor.keys.auto_key import Proposal
from framecolor.keys.cache import RECIPE as KEY_RECIPE
from framecolor.keys.named_palette import RECIPE as PALETTE_RECIPE
from framecolor.keys.recolor import find_recolors
from framecolor.keys.references.choose import choose_samples
from framecolor.media import hash_file
from framecolor.networks.shipped import base_weights_path, matcher_weights_path, painter_weights_path
from framecolor.shot.annotations import hash_labels
from framecolor.shot.shot import Shot
from framecolor.shot.spans import Span, hash_span

Item = TypeVar("Item")
Result = TypeVar("Result")

# Increased when the same keys and settings no longer give the same fit.
_FIT_RECIPE = "fit 5"


@dataclass(eq=False)
class Sources:
    """The source of each wanted frame, by number, computed on first use, one span at a time.

    marks   hashes of the inputs that all spans share
    labels  number -> hash of the drawing's strokes and corrections
    """

    shot: Shot
    settings: Settings
    spans: Sequence[Span]
    marks: Sequence[str]
    labels: Mapping[int, str]
    _known: dict[int, str] = field(default_factory=dict)
    _hashes: dict[int, str] = field(default_factory=dict)

    def __getitem__(self, number: int) -> str:
        if number not in self._known:
            span = next(span for span in self.spans if number in span.paints)
            hashes = {n: self._hash_drawing(n) for n in sorted({*span.numbers, *self.labels})}
            source = hash_span(span, self.shot, hashes, self.settings, self.marks, self.labels)
            self._known |= dict.fromkeys(span.paints, source)
        return self._known[number]

    def hash_files(self, pool: ThreadPoolExecutor) -> None:
        """Hash the files of all drawings in the pool, before all sources are used."""
        numbers = {n for span in self.spans for n in span.numbers}
        list(pool.map(self._hash_drawing, sorted(numbers.union(self.labels))))

    def items(self) -> Iterator[tuple[int, str]]:
        """Iterate over (number, source) of all wanted frames, span by span."""
        for span in self.spans:
            for number in span.paints:
                yield number, self[number]

    def _hash_drawing(self, number: int) -> str:
        if number not in self._hashes:
            self._hashes[number] = _hash_or_error(self.shot.source_hash, number)
        return self._hashes[number]


def hash_references(shot: Shot) -> list[str]:
    """Hash each reference, and without keys also the drawings that stand for the shot; empty without references."""
    others = [one for one in shot.references if _hash_or_error(shot.is_own_key, one) is not True]
    # The same reference is used under other conditions if it belongs to the whole show (`choose_references`).
    names = ("shared reference" if one.scope == "show" else "reference" for one in others)
    found = [f"{name} {_hash_or_error(shot.reference_hash, one)}" for name, one in zip(names, others, strict=True)]
    samples = choose_samples(shot.numbers) if found and not shot.keys else []
    return found + [f"{number} sample {_hash_or_error(shot.source_hash, number)}" for number in samples]


def hash_keys(shot: Shot, settings: Settings, proposal: Proposal | None) -> str:
    """Hash the inputs of a shot's keyframes. Raises ReadError.

    These are keys, strokes and corrections with their drawings, references, palette, recolors, the reference picture
    and the settings of regions.
    """
    labels = hash_labels(shot)
    keys = [f"{n} {shot.key_hash(n)} {_hash_or_error(shot.source_hash, n)}" for n in sorted(shot.keys)]
    keys += [f"{n} told {labels[n]} {_hash_or_error(shot.source_hash, n)}" for n in sorted(labels)]
    if proposal is not None:
        drawing = _hash_or_error(shot.source_hash, proposal.number)
        keys.append(f"{proposal.number} proposed {digest(proposal.color.tobytes())} {drawing}")
    keys += hash_references(shot)
    files = _hash_files(shot, settings)
    files += [] if settings.palette is None else [PALETTE_RECIPE]
    others = settings.list_changed("keys", ("gap_px", "min_region_px"))
    return digest(KEY_RECIPE, f"{settings.closed_gap_px} {settings.min_region_px}", *others, *files, *keys)


def hash_fit(keys: str, settings: Settings, precision: str, device: str) -> str:
    """Hash the inputs of a fit.

    keys    `hash_keys`
    device  only its kind counts
    """
    how = f"{settings.fit} {settings.seed} {settings.mode} {precision} {device.partition(':')[0]}"
    others = settings.list_changed("fit", ("fit", "seed", "mode", "precision"))
    return digest(_FIT_RECIPE, hash_file(base_weights_path()), how, *others, keys)[:16]


def forget_stopped_fit(cache: Path, fit: str) -> None:
    """Delete the state of an interrupted fit that is no longer needed."""
    with suppress(OSError):
        (cache / f"fit-{fit}.partial").unlink()


def list_marks(shot: Shot, settings: Settings, keys: str, fit: str) -> list[str]:
    """List the hashes of the inputs that all spans share.

    With `fit = "keep"` frames far from a change stay as they are: of the keys only those of the span itself count.
    """
    weights = (base_weights_path(), matcher_weights_path(), painter_weights_path())
    marks = [*map(hash_file, weights), f"fit {fit}"]
    if settings.fit != "keep":
        return [*marks, keys]
    return [*marks, *_hash_files(shot, settings), *hash_references(shot)]


def _hash_files(shot: Shot, settings: Settings) -> list[str]:
    """Hash the files of settings that decide the keys' colors."""
    files = {name: shot.root / path for name, path in settings.list_files("keys").items()}
    if (recolors := find_recolors(shot, settings)) is not None:
        files["recolor"] = recolors
    return [f"{name} {hash_file(path)}" for name, path in files.items()]


def _hash_or_error(hash_of: Callable[[Item], Result], item: Item) -> Result | str:
    """Hash a drawing or reference, or return its error if it cannot be read: it is not used until it changes."""
    try:
        return hash_of(item)
    except ReadError as error:
        return str(error)
