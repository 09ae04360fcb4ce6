"""One setting: what its field of `Settings` states, what its type adds to that, and the check that follows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

Effect = Literal["frames", "keys", "proposal", "fit", "record"]
"""What a setting decides, and so whose hash it is part of: that of frames, of what the keys say, of a proposal where
there is no key, of a fit; record: of nothing, but `framecolor.json` says what it was."""

Value = TypeVar("Value")


def setting(
    default: Value,
    *,
    decides: tuple[Effect, ...],
    help: str,
    words: tuple[str, ...] = (),
    wanted: str | None = None,
    bounds: tuple[float, float] = (-math.inf, math.inf),
    metavar: str | None = None,
    option: str | None = None,
    file_only: tuple[str, ...] = (),
) -> Value:
    """Make a field of a class of settings.

    decides    see `Effect`; nothing if no frame depends on it
    help       what it does, for --help and the draft file
    words      that it may be, where they are not known to the type
    wanted     what it may be, in words: of numbers and files; of others the type says it
    bounds     least and greatest number
    metavar    what --help calls a value, if not as the type is called
    option     of the command line, "" if there is none; by default --NAME
    file_only  words that a file may say, but not the option
    """
    stated = {"decides": decides, "help": help, "bounds": bounds, "metavar": metavar, "file_only": file_only}
    stated["words"] = words
    derived = {"wanted": wanted, "option": option}
    return field(default=default, metadata=stated | {name: text for name, text in derived.items() if text is not None})


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A setting as `setting` takes it, completed from its name and type.

    words  that it may be
    kind   of its other values: bool, int, float, or str, which names a file; NoneType if there are none
    """

    default: object
    decides: tuple[Effect, ...]
    help: str
    wanted: str
    bounds: tuple[float, float]
    metavar: str | None
    option: str
    file_only: tuple[str, ...]
    words: tuple[str, ...]
    kind: type

    def allows(self, value: object) -> bool:
        """Whether it may have a value, of whatever type."""
        if value is None or isinstance(value, bool):
            return self.kind is (str if value is None else bool)
        if isinstance(value, str):
            return value in self.words or (self.kind is str and value != "" and "\0" not in value)
        if self.kind not in (int, float) or not isinstance(value, int | float):
            return False
        return (self.kind is float or isinstance(value, int)) and self.bounds[0] <= value <= self.bounds[1]


def list_settings(owner: type) -> dict[str, Setting]:
    """Name -> setting, of a dataclass whose fields `setting` made."""
    hints = get_type_hints(owner)
    return {one.name: _complete(one.name, hints[one.name], one.default, one.metadata) for one in fields(owner)}


def _complete(name: str, hint: Any, default: object, stated: Mapping[str, Any]) -> Setting:
    members = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    words = tuple(word for member in members if get_origin(member) is Literal for word in get_args(member))
    kind = next((member for member in members if get_origin(member) is not Literal), NoneType)
    if stated["words"]:
        words, kind = stated["words"], NoneType
    wanted = "true or false" if kind is bool else "one of " + ", ".join(words)
    return Setting(**{"wanted": wanted, "option": f"--{name}", **stated, "words": words}, default=default, kind=kind)
