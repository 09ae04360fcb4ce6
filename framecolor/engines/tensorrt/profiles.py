"""Read engine profiles, TOML files: which network is compiled, for which sizes, in what precision.

    network = "features"
    precision = "half"
    [sizes]
    batch = 1                   # a number is fixed,
    height = [64, 256, 1024]    # three are least, usual and most

Those that ship are in `engines/` of the repository, and among the data files of an installed package.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, get_args

from framecolor.core.parsing import parse_toml
from framecolor.errors import EngineError, ReadError, SettingsError
from framecolor.networks.export import FORMS, Extent, NetworkName, Precision

# Height and width are multiples of this in every engine file, so that one profile serves generators of any usual depth.
_SIZE_MULTIPLE = 16
_INSTALLED = "share/framecolor/engines"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """An engine profile. Raises SettingsError for values that are not allowed.

    name                name of the file, without its ending
    network             features, color, describe, compare or decide (`networks.export.FORMS`)
    sizes               size of every free axis: a number, or (least, usual, most)
    precision           half or float32
    optimization_level  0 to 5: how long the builder may look for a faster engine
    refit               weights can be changed after the build, if the backend can do it
    """

    name: str
    network: NetworkName
    sizes: Mapping[str, Extent] = field(default_factory=dict)
    precision: Precision = "half"
    optimization_level: int = 3
    refit: bool = False

    def __post_init__(self) -> None:
        for name, literal in {"network": NetworkName, "precision": Precision}.items():
            choices = get_args(literal)
            self._check(name, getattr(self, name) in choices, "one of " + ", ".join(choices))
        level = self.optimization_level
        self._check("optimization_level", type(level) is int and 0 <= level <= 5, "a number from 0 to 5")
        self._check("refit", isinstance(self.refit, bool), "true or false")
        axes = FORMS[self.network].free_axes
        self._check(
            "sizes", isinstance(self.sizes, Mapping) and set(self.sizes) == set(axes), "each of " + ", ".join(axes)
        )
        for axis, extent in self.sizes.items():
            step = _SIZE_MULTIPLE if axis in ("height", "width") else 1
            is_valid = _is_extent(extent) and all(size % step == 0 for size in _three(extent))
            allowed = "a number, or [least, usual, most]" + (f", multiples of {step}" if step > 1 else "")
            self._check(f"sizes.{axis}", is_valid, allowed, extent)

    def _check(self, key: str, is_valid: bool, allowed: str, value: object = None) -> None:
        if not is_valid:
            value = getattr(self, key) if value is None else value
            raise SettingsError(f"profile {self.name}", f"{key} cannot be {value!r}", f"give {allowed}")

    def at(self, which: Literal["least", "usual", "most"]) -> dict[str, int]:
        """Return the least, usual or greatest sizes of all axes."""
        position = ("least", "usual", "most").index(which)
        return {axis: _three(extent)[position] for axis, extent in self.sizes.items()}


def list_profiles() -> list[Profile]:
    """List the profiles that ship, by name."""
    return [read_profile(path) for _, path in sorted(_find_shipped().items())]


def find_profile(name: str) -> Profile:
    """Find a profile by its name, if it ships, or by the path of its file, NAME.toml. EngineError if there is none."""
    shipped = _find_shipped()
    if name in shipped:
        return read_profile(shipped[name])
    if name.endswith(".toml"):
        return read_profile(Path(name))
    close = difflib.get_close_matches(name, shipped, n=1)
    fix = f"did you mean {close[0]}?" if close else "known profiles are " + ", ".join(sorted(shipped))
    raise EngineError(f"profile {name}", "there is none of that name", fix)


def read_profile(path: Path) -> Profile:
    """Read a profile from its file. ReadError if it cannot be read, SettingsError for keys and values not allowed."""
    try:
        table: dict[str, Any] = parse_toml(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ReadError(path, f"cannot be read ({error.strerror})", "give a profile's name or file") from None
    except ValueError as error:
        raise SettingsError(path, f"is not valid TOML ({error})", "correct the file") from None
    known = [f.name for f in fields(Profile) if f.name != "name"]
    for key in table:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            fix = f"did you mean {close[0]}?" if close else "known keys are " + ", ".join(known)
            raise SettingsError(path, f"there is no key {key!r}", fix)
    if "network" not in table:
        raise SettingsError(path, "names no network", "add network = " + " | ".join(f'"{name}"' for name in FORMS))
    if isinstance(table.get("sizes"), dict):
        table["sizes"] = {a: tuple(e) if isinstance(e, list) else e for a, e in table["sizes"].items()}
    return Profile(name=path.stem, **table)


@lru_cache
def _find_shipped() -> dict[str, Path]:
    """Find the files of the shipped profiles, by name; empty if an installation lacks them."""
    for folder in _folders():
        found = {path.stem: path for path in folder.glob("*.toml")}
        if found:
            return found
    return {}


def _folders() -> Iterator[Path]:
    """List the folders that may have the profiles: that of the checkout, then those of pip."""
    root = Path(__file__).parents[3]
    if (root / "pyproject.toml").is_file():
        yield root / "engines"
    try:
        files = metadata.files("framecolor") or []
    except metadata.PackageNotFoundError:
        files = []
    yield from (Path(str(f.locate())).parent for f in files if f.suffix == ".toml" and _INSTALLED in f.as_posix())
    # `pip install --target` records a wrong place for them.
    yield root / _INSTALLED


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 1


def _is_extent(value: object) -> bool:
    if isinstance(value, tuple):
        return len(value) == 3 and all(_is_count(v) for v in value) and value[0] <= value[1] <= value[2]
    return _is_count(value)


def _three(extent: Extent) -> tuple[int, int, int]:
    return (extent, extent, extent) if isinstance(extent, int) else extent
