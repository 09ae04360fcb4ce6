"""Settings: the only home of defaults. Command line and `framecolor.toml` both end up here."""

from __future__ import annotations

import difflib
import re
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from framecolor.core.cpu import count_usable_cores
from framecolor.core.files import open_file
from framecolor.core.parsing import parse_toml
from framecolor.core.precision import PrecisionChoice
from framecolor.errors import ReadError, SettingsError

Mode = Literal["flat", "painted"]
LinePlacement = Literal["over", "none", "layer"]
Background = Literal["keys", "transparent", "paper"]
FormatName = Literal["png", "png16", "png-indexed", "tga", "tiff", "tiff16", "exr", "psd"]
FitChoice = int | Literal["auto", "keep", "off"]
LaneCount = int | Literal["auto"]
ThreadCount = int | Literal["auto"]
ENGINES = {
    "tensorrt": "framecolor.engines.tensorrt.engine:TensorRtEngine",
    "cuda": "framecolor.engines.cuda:CudaEngine",
    "cpu": "framecolor.engines.openvino:CpuEngine",
}
"""The engines and their classes, the best first: the command line, `auto`, doctor and the contract test go by this."""
ENGINE_NAMES = ("auto", *ENGINES)
MOST_LANES, MOST_THREADS = 16, 1024

FILES = {"palette": "a .gpl file", "reference": "a picture", "model": "a weights file"}
"""Settings that name files: relative to the shot's folder unless absolute (`config.cascade` resolves them)."""

# What tomllib makes of a hostile file takes time with the square of its lines' length; ours has twenty short ones.
_MOST_BYTES = 1 << 14
_LONGEST_LINE = 1000


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a shot is painted. Checked at construction: SettingsError names the setting and what it may be.

    mode            flat: every region one palette color; painted: the generator's own soft color.
    engine          where the network runs; `auto` takes the best that this machine has.
    lanes           drawings that each GPU works on at once; auto: as many as it is fastest with. Nothing without one.
    precision       of the networks. auto: the fastest that the processor or GPU has by itself; f32: float32, so that
                    machines of different kinds differ by rounding only.
    threads         processor cores to keep busy; auto: all that affinity, control groups and Slurm leave the process.
    gap_px          openings in lines up to this many drawing pixels are closed; 0 closes none.
    min_region_px   areas below this many pixels count as line.
    line            over: the drawing is laid over the paint; none: paint alone; layer: paint, and lines as own files.
    background      keys: paper is transparent where the keys' paper is; transparent or paper: always so.
    format          of the frames. png-indexed: a palette where a frame has at most 256 colors, else as png; png16 and
                    tiff16: 16 bits a channel; exr: half floats, linear, multiplied with alpha; psd: layers.
    mattes          also write, for each frame, which palette color each pixel has (`framecolor.output.mattes`).
    fit             off, or 0: paint at once, with the networks that ship. Steps of tuning one of them on the keys
                    first; auto: some tens of steps (`keys.finetune.AUTO_STEPS`); keep: hold the fit of the last run.
    seed            of the fit, and of what is proposed where there is no key.
    palette         a .gpl file, its place given from the folder of the framecolor.toml that names it, or whole: only
                    its colors are used; the keys' are matched.
    reference       a picture, found likewise: where a region is unsure, colors that it has much of are likelier; where
                    there is no key, what is proposed follows it.
    model           weights of another colorist than the one that ships, found likewise, to propose colors with.
    overwrite       paint every frame again, also those that are up to date.
    """

    mode: Mode = "flat"
    engine: str = "auto"
    lanes: LaneCount = "auto"
    precision: PrecisionChoice = "auto"
    threads: ThreadCount = "auto"
    gap_px: float = 2.0
    min_region_px: int = 4
    line: LinePlacement = "over"
    background: Background = "keys"
    format: FormatName = "png"
    mattes: bool = False
    fit: FitChoice = "off"
    seed: int = 0
    palette: str | None = None
    reference: str | None = None
    model: str | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        choices = {"mode": Mode, "line": LinePlacement, "background": Background}
        choices |= {"format": FormatName, "precision": PrecisionChoice}
        for name, literal in choices.items():
            self._check(name, getattr(self, name) in get_args(literal), "one of " + ", ".join(get_args(literal)))
        self._check("engine", self.engine in ENGINE_NAMES, "one of " + ", ".join(ENGINE_NAMES))
        for name, most in (("lanes", MOST_LANES), ("threads", MOST_THREADS)):
            value = getattr(self, name)
            counted = type(value) is int and 1 <= value <= most
            self._check(name, counted or value == "auto", f"a number from 1 to {most}, or auto")
        self._check("gap_px", _is_number(self.gap_px) and 0 <= self.gap_px <= 64, "a number of pixels from 0 to 64")
        least = _is_number(self.min_region_px) and 1 <= self.min_region_px <= 1_000_000
        self._check("min_region_px", least, "1 or more pixels, a million at most")
        steps = isinstance(self.fit, int) and not isinstance(self.fit, bool) and 0 <= self.fit <= 100_000
        self._check("fit", steps or self.fit in ("auto", "keep", "off"), "a number of steps, auto, keep or off")
        self._check("seed", type(self.seed) is int and 0 <= self.seed < 2**32, "a whole number from 0 to 2**32 - 1")
        for name, wanted in FILES.items():
            value = getattr(self, name)
            named = isinstance(value, str) and value != "" and "\0" not in value
            self._check(name, value is None or named, f"the name of {wanted}")
        for name in ("overwrite", "mattes"):
            self._check(name, isinstance(getattr(self, name), bool), "true or false")

    def _check(self, name: str, right: bool, wanted: str) -> None:
        if not right:
            raise SettingsError(name, f"cannot be {_say(getattr(self, name))}", f"give {wanted}")

    @property
    def fits(self) -> bool:
        """Whether a network is fitted to the keys, or was and is held."""
        return self.fit not in ("off", 0)

    def count_cores(self) -> int:
        """Processor cores to keep busy."""
        return count_usable_cores() if self.threads == "auto" else self.threads

    def updated(self, changes: Mapping[str, Any], source: str = "settings") -> Settings:
        """These settings with some changed by name; SettingsError on a name that is none, with a suggestion."""
        known = [f.name for f in fields(self)]
        for name in changes:
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1)
                fix = f"did you mean {close[0]}?" if close else "known settings are " + ", ".join(known)
                raise SettingsError(source, f"there is no setting {_say(name)}", fix)
        try:
            return replace(self, **changes)
        except SettingsError as error:
            raise SettingsError(source, f"{error.subject} {error.problem}", error.fix) from None


def describe_settings() -> dict[str, str]:
    """Name -> what the setting does, from the docstring of `Settings`; one that is not described there has no words."""
    told: dict[str, str] = {f.name: "" for f in fields(Settings)}
    name = ""
    for line in (Settings.__doc__ or "").splitlines():
        begins = re.match(r" {4}(\w+) {2,}(?=\S)", line)
        if begins:
            name = begins[1]
        if name in told and line.strip():
            told[name] = f"{told[name]} {line[begins.end() if begins else 0 :].strip()}".strip()
    return told


def read_settings(path: Path, base: Settings | None = None) -> Settings:
    """`base` (or the defaults) with what a `framecolor.toml` changes in it. Raises as `read_table`."""
    return (base or Settings()).updated(read_table(path), str(path))


def read_table(path: Path) -> dict[str, Any]:
    """What a `framecolor.toml` says, checked, by the names of settings.

    Raises ReadError when it cannot be read, SettingsError when it is not TOML, too large, or has a setting that does
    not exist or a value that it cannot have; these two name the line.
    """
    text = _read_text(path)
    try:
        table = parse_toml(text)
    except ValueError as error:
        fix = "mend or remove it"
        if "Invalid value" in str(error):  # most often a word as it stands
            fix = 'put text into quotes, as in mode = "flat"; numbers, true and false stand without'
        raise SettingsError(path, f"is not valid TOML ({str(error)[:200]})", fix) from None
    for name, value in table.items():
        Settings().updated({name: value}, _locate(path, text, name))
    return table


def _read_text(path: Path) -> str:
    try:
        with open_file(path) as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ReadError(
            path, f"cannot be read ({error.strerror})", "check the file's permissions, or move it away"
        ) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # A character that the limit cuts in half is told as a file that is too large.
        if len(data) <= _MOST_BYTES:
            raise SettingsError(path, f"is not valid TOML ({error})", "save it as UTF-8") from None
        text = ""
    if len(data) > _MOST_BYTES or any(len(line) > _LONGEST_LINE for line in text.split("\n")):
        problem = f"is larger than {_MOST_BYTES >> 10} KiB, or has a line of more than {_LONGEST_LINE} characters"
        raise SettingsError(path, problem, "keep nothing but settings in it")
    return text


def _locate(path: Path, text: str, name: str) -> str:
    """The file with the line that a name stands in, as path:line; the file alone where that is not plain."""
    begins = re.compile(rf"""\s*\[*\s*["']?{re.escape(name)}["']?\s*[\].=]""")
    found = [number for number, line in enumerate(text.split("\n"), 1) if begins.match(line)]
    return f"{path}:{found[0]}" if found else str(path)


def _say(value: object) -> str:
    """A value as it is written in Python, cut short: a hostile one would fill the screen."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = 80
    short.maxlevel = 2
    return short.repr(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
