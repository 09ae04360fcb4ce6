"""Settings: each is stated once, as a field of `Settings`, the only home of defaults.

Checks, options of the command line, the draft of a `framecolor.toml` and what goes into hashes follow from the fields.
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

from framecolor.config.setting import Effect, Setting, list_settings, setting
from framecolor.core.cpu import count_usable_cores
from framecolor.core.precision import PrecisionChoice
from framecolor.errors import SettingsError

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


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a shot is painted. Checked at construction: SettingsError names the setting and what it may be.

    Text names a file: its place is given from the folder of the framecolor.toml that names it (`config.cascade`
    resolves it), or whole.
    """

    # fmt: off
    mode: Mode = setting("flat", decides=("frames", "fit"),
        help="flat: every region one palette color; painted: the generator's own soft color.")
    engine: str = setting("auto", decides=("record",), words=ENGINE_NAMES,
        help="Where the network runs; auto: the best that this machine has.")
    lanes: LaneCount = setting("auto", decides=(), bounds=(1, 16), wanted="a number from 1 to 16, or auto", metavar="N",
        help="Drawings that each GPU works on at once; auto: as many as it is fastest with. Nothing without one.")
    precision: PrecisionChoice = setting("auto", decides=("frames", "fit"),
        help="Of the networks. auto: the fastest that the processor or GPU has by itself; f32: float32, so that "
             "machines of different kinds differ by rounding only.")
    threads: ThreadCount = setting("auto", decides=(), bounds=(1, 1024), wanted="a number from 1 to 1024, or auto",
        metavar="N",
        help="Processor cores to keep busy; auto: all that affinity, control groups and Slurm leave the process.")
    gap_px: float = setting(2.0, decides=("frames", "keys", "proposal"), bounds=(0, 64),
        wanted="a number of pixels from 0 to 64", option="--gap", metavar="PX",
        help="Openings in lines up to this many drawing pixels are closed; 0 closes none.")
    min_region_px: float = setting(4, decides=("frames", "keys", "proposal"), bounds=(1, 1_000_000),
        wanted="1 or more pixels, a million at most", option="",
        help="Areas below this many pixels count as line.")
    line: LinePlacement = setting("over", decides=("frames",),
        help="over: the drawing is laid over the paint; none: paint alone; layer: paint, and lines as own files.")
    background: Background = setting("keys", decides=("frames",), file_only=("keys",),
        help="keys: paper is transparent where the keys' paper is; transparent or paper: always so.")
    format: FormatName = setting("png", decides=("frames",),
        help="Of the frames. png-indexed: a palette where a frame has at most 256 colors, else as png; png16 and "
             "tiff16: 16 bits a channel; exr: half floats, linear, multiplied with alpha; psd: layers, with the extra "
             "psd.")
    mattes: bool = setting(False, decides=("record",),
        help="Also write, for each frame, which palette color each pixel has, as an id.")
    fit: FitChoice = setting("off", decides=("fit",), bounds=(0, 100_000),
        wanted="a number of steps, auto, keep or off", metavar="STEPS",
        help="off, or 0: paint at once, with the networks that ship. Steps of tuning one of them on the keys first; "
             "auto: some tens of steps; keep: hold the fit of the last run.")
    seed: int = setting(0, decides=("fit", "proposal"), bounds=(0, 2**32 - 1),
        wanted="a whole number from 0 to 2**32 - 1",
        help="Of the fit, and of what is proposed where there is no key.")
    palette: str | None = setting(None, decides=("keys", "proposal"), wanted="the name of a .gpl file", metavar="FILE",
        help="A .gpl file: only its colors are used; the keys' are matched.")
    reference: str | None = setting(None, decides=("keys", "proposal"), wanted="the name of a picture", metavar="IMAGE",
        help="A picture: where a region is unsure, colors that it has much of are likelier; where there is no key, "
             "what is proposed follows it.")
    model: str | None = setting(None, decides=("proposal",), wanted="the name of a weights file", metavar="PATH",
        help="Weights of another colorist than the one that ships, to propose colors with where there is no key.")
    overwrite: bool = setting(False, decides=(),
        help="Paint every frame again, also those that are up to date.")
    # fmt: on

    def __post_init__(self) -> None:
        for name, stated in SETTINGS.items():
            value = getattr(self, name)
            if not stated.allows(value):
                raise SettingsError(name, f"cannot be {_say(value)}", f"give {stated.wanted}")

    @property
    def fits(self) -> bool:
        """Whether a network is fitted to the keys, or was and is held."""
        return self.fit not in ("off", 0)

    def count_cores(self) -> int:
        """Processor cores to keep busy."""
        return count_usable_cores() if self.threads == "auto" else self.threads

    def list_deciding(self) -> dict[str, Any]:
        """Setting -> value, of settings that decide something: what `framecolor.json` tells."""
        return {name: getattr(self, name) for name, stated in SETTINGS.items() if stated.decides}

    def list_files(self, effect: Effect | None = None) -> dict[str, str]:
        """Setting -> the file that it names; with an `effect` only of settings that decide that."""
        named = {name: getattr(self, name) for name in FILE_SETTINGS if effect in (None, *SETTINGS[name].decides)}
        return {name: file for name, file in named.items() if file is not None}

    def list_changed(self, effect: Effect, known: Collection[str]) -> list[str]:
        """What a hash of `effect` holds beside the settings in `known` and the content of files: `NAME VALUE` each.

        A setting that is at its default adds nothing, so that hashes made before there was such a setting still hold.
        """
        others = [name for name, stated in SETTINGS.items() if effect in stated.decides and stated.kind is not str]
        changed = [name for name in others if name not in known and getattr(self, name) != SETTINGS[name].default]
        return [f"{name} {getattr(self, name)}" for name in changed]

    def updated(self, changes: Mapping[str, Any], source: str = "settings") -> Settings:
        """These settings with some changed by name; SettingsError on a name that is none, with a suggestion."""
        for name in changes:
            if name not in SETTINGS:
                close = difflib.get_close_matches(name, SETTINGS, n=1)
                fix = f"did you mean {close[0]}?" if close else "known settings are " + ", ".join(SETTINGS)
                raise SettingsError(source, f"there is no setting {_say(name)}", fix)
        try:
            return replace(self, **changes)
        except SettingsError as error:
            raise SettingsError(source, f"{error.subject} {error.problem}", error.fix) from None


SETTINGS: Mapping[str, Setting] = MappingProxyType(list_settings(Settings))
FILE_SETTINGS = tuple(name for name, stated in SETTINGS.items() if stated.kind is str)


def _say(value: object) -> str:
    """A value as it is written in Python, cut short: a hostile one would fill the screen."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = 80
    short.maxlevel = 2
    return short.repr(value)
