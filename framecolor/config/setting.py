"""One setting: what its field of `Settings` declares, what follows from its type, and the check of its values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

Effect = Literal["frames", "keys", "proposal", "fit", "record"]
"""What depends on a setting, so that its hash includes the setting: the frames, the colors of the keys, the proposal of
a shot without keys, a fit; record: no hash, but the manifest has its value."""

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
    check: Callable[[str], bool] | None = None,
) -> Value:
    """Make a field of a class of settings.

    decides    what depends on it (`Effect`); () if no frame does
    help       what it does, for --help and the draft file
    words      its allowed words, if its type does not list them
    wanted     its allowed values, for errors; None: derived from the type
    bounds     least and greatest number
    metavar    the name of a value in --help; None: the type's name
    option     its command-line option, "" if it has none; None: --NAME
    check      tells whether other text is allowed; None: other text names a file
    file_only  words that are allowed in a settings file, but not in the option
    """
    stated = {"decides": decides, "help": help, "bounds": bounds, "metavar": metavar, "file_only": file_only}
    stated |= {"words": words, "check": check}
    derived = {"wanted": wanted, "option": option}
    return field(default=default, metadata=stated | {name: text for name, text in derived.items() if text is not None})


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A setting with the attributes that `setting` takes, completed from its name and type.

    words  its allowed words
    kind   type of its other values: bool, int, float, or str, which names a file; NoneType if it has none, or `check`
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
    check: Callable[[str], bool] | None
    kind: type

    def allows(self, value: object) -> bool:
        """Tell whether a value, of any type, is allowed."""
        if value is None or isinstance(value, bool):
            return self.kind is (str if value is None else bool)
        if isinstance(value, str):
            if self.check is not None and self.check(value):
                return True
            return value in self.words or (self.kind is str and value != "" and "\0" not in value)
        if self.kind not in (int, float) or not isinstance(value, int | float):
            return False
        return (self.kind is float or isinstance(value, int)) and self.bounds[0] <= value <= self.bounds[1]


def list_settings(owner: type) -> dict[str, Setting]:
    """List the settings of a dataclass by name; `setting` made its fields."""
    hints = get_type_hints(owner)
    return {one.name: _complete(one.name, hints[one.name], one.default, one.metadata) for one in fields(owner)}


def _complete(name: str, hint: Any, default: object, stated: Mapping[str, Any]) -> Setting:
    members = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    words = tuple(word for member in members if get_origin(member) is Literal for word in get_args(member))
    kind = next((member for member in members if get_origin(member) is not Literal), NoneType)
    if stated["words"] or stated["check"] is not None:
        words, kind = stated["words"] or words, NoneType
    wanted = "true or false" if kind is bool else "one of " + ", ".join(words)
    return Setting(**{"wanted": wanted, "option": f"--{name}", **stated, "words": words}, default=default, kind=kind)
