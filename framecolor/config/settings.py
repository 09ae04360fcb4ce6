"""The settings, each declared once as a field of `Settings`, with its default.

Checks, command-line options, the draft of a `framecolor.toml` and the hashes are derived from the fields.
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

from framecolor.config.setting import Effect, Setting, list_settings, setting
from framecolor.config.trace_map import HUES, Meaning, is_trace_map, parse_trace_map
from framecolor.core.constants import PAPER_BORDER
from framecolor.core.cpu import count_usable_cores
from framecolor.core.precision import PrecisionChoice
from framecolor.errors import SettingsError

Mode = Literal["flat", "painted"]
LinePlacement = Literal["color", "over", "none", "layer"]
LINES_OVER = ("color", "over")
"""Placements with lines over the paint, in one picture."""
Background = Literal["keys", "transparent", "paper"]
FormatName = Literal["png", "png16", "png-indexed", "tga", "tiff", "tiff16", "exr", "psd", "psd-parts", "tlv"]
PaperChoice = Literal["auto", "white", "black", "scan", "black-scan"]
InkChoice = Literal["auto", "dark", "red", "green", "blue", "red-green", "red-blue", "green-blue", "colored"]
FitChoice = int | Literal["auto", "keep", "off"]
RecolorFile = str | Literal["none"]
LaneCount = int | Literal["auto"]
ThreadCount = int | Literal["auto"]
NO_FILE = "none"
"""In place of a file: the shot's own one is not used."""
ENGINES = {
    "tensorrt": "framecolor.engines.tensorrt.engine:TensorRtEngine",
    "cuda": "framecolor.engines.cuda:CudaEngine",
    "cpu": "framecolor.engines.openvino:CpuEngine",
}
"""The engines and their classes, the fastest first: for the command line, `auto`, doctor and the contract test."""
ENGINE_NAMES = ("auto", *ENGINES)


_CLEAN_GAP_PX = 2.0


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a shot is painted.

    Checked at construction: SettingsError names the setting and its allowed values. A setting of type str is the path
    of a file, absolute or relative to its framecolor.toml (`config.cascade` resolves it).
    """

    # fmt: off
    mode: Mode = setting("flat", decides=("frames", "fit"),
        help="flat: one palette color for each region; painted: the generator's own soft color.")
    engine: str = setting("auto", decides=("record",), words=ENGINE_NAMES,
        help="What runs the networks; auto: the fastest engine that this machine has.")
    lanes: LaneCount = setting("auto", decides=(), bounds=(1, 16), wanted="a number from 1 to 16, or auto", metavar="N",
        help="Drawings that each GPU works on at once; auto: the fastest number. Without effect on processors.")
    precision: PrecisionChoice = setting("auto", decides=("frames", "fit"),
        help="Precision of the networks. auto: the fastest that the processor or GPU supports natively; f32: float32, "
             "so that different machines differ by rounding only.")
    threads: ThreadCount = setting("auto", decides=(), bounds=(1, 1024), wanted="a number from 1 to 1024, or auto",
        metavar="N",
        help="Processor cores to keep busy; auto: all that affinity, control groups and Slurm allow.")
    gap_px: float | Literal["auto"] = setting("auto", decides=("frames", "keys", "proposal"), bounds=(0, 64),
        wanted="a number of pixels from 0 to 64, or auto", option="--gap", metavar="PX",
        help="Gaps in lines up to this many drawing pixels are closed; 0: none; auto: 2, or more if the paint of the "
             "keys would run out, then also along strokes.")
    min_region_px: float = setting(4, decides=("frames", "keys", "proposal"), bounds=(1, 1_000_000),
        wanted="1 or more pixels, a million at most", option="",
        help="Areas below this many pixels count as line.")
    bridge_px: float = setting(0.0, decides=("frames", "keys", "proposal"), bounds=(0, 128),
        wanted="a number of pixels from 0 to 128", option="",
        help="Gaps up to this many pixels are also bridged straight on from the ends of strokes; 0: none.")
    paper: PaperChoice = setting("auto", decides=("frames", "keys", "proposal"),
        help="What the drawings are on: white (or transparent), black (light lines), scan or black-scan (paper with a "
             "tone or noise, off which the lines are lifted); auto: what most of them show.")
    ink: InkChoice = setting("auto", decides=("frames", "keys", "proposal"),
        help="Pure hues that are ink, and stay in the frames: dark: none, they are trace lines; auto: those that the "
             "keys show as lines.")
    trace: str = setting("auto", decides=("frames", "keys", "proposal"), check=is_trace_map, metavar="MAP",
        wanted="auto, or each hue once, with highlight, shadow, second shadow, trace or ink, as in red=highlight, "
               f"blue=ink; hues are {', '.join(HUES)}",
        help="Hues of lines and what they mean, as in red=highlight, blue=shadow, yellow-green=second shadow; or "
             "trace, or ink for lines that stay. Trace lines are also pure red, green and blue, and other pure hues "
             "that the keys paint over.")
    paper_border: float = setting(PAPER_BORDER, decides=("frames", "keys", "proposal"), bounds=(0, 2),
        wanted="a number from 0 to 2", option="",
        help="A region along at least this share of the picture's border is paper; above 1: only what the keys say.")
    line: LinePlacement = setting("color", decides=("frames",),
        help="color: lines over the paint, in the colors of the keys where keys recolor lines; over: lines over the "
             "paint, as drawn; none: paint without lines; layer: lines as separate files, colored as for color.")
    background: Background = setting("keys", decides=("frames",), file_only=("keys",),
        help="keys: paper as in the keys; transparent: always transparent; paper: always white.")
    format: FormatName = setting("png", decides=("frames",),
        help="File format of the frames. png-indexed: indexed colors if a frame has at most 256, else as png; png16 "
             "and tiff16: 16 bits per channel; exr: half floats, linear, premultiplied; psd: layers (the extra psd); "
             "psd-parts: the same, and a layer for each part of the palette; "
             "tlv: one level of OpenToonz with its palette.")
    mattes: bool = setting(False, decides=("record",),
        help="Also write a matte for each frame: the id of each pixel's palette color.")
    cryptomatte: bool = setting(False, decides=("record",),
        help="Also write an EXR of Cryptomatte for each frame: mattes by the names of palette colors and of parts.")
    fit: FitChoice = setting("off", decides=("fit",), bounds=(0, 100_000),
        wanted="a number of steps, auto, keep or off", metavar="STEPS",
        help="Steps of tuning a network on the keys before painting. off or 0: paint with the networks that ship; "
             "auto: some tens of steps; keep: use the fit of the last run.")
    seed: int = setting(0, decides=("fit", "proposal"), bounds=(0, 2**32 - 1),
        wanted="a whole number from 0 to 2**32 - 1",
        help="Random seed of the fit, and of the proposal if there is no key.")
    palette: str | None = setting(None, decides=("keys", "proposal"), wanted="the name of a palette", metavar="FILE",
        help="A palette (.gpl, .plt, .tpl, .kpl, .ase, .aco, .pal, .toml): only its colors are used; each color of the "
             "keys becomes the nearest of them. Names of tones, such as skin and skin shadow, help where no key shows "
             "them.")
    recolor: RecolorFile | None = setting(None, decides=("keys",), wanted="the name of a file, or none",
        metavar="FILE|none",
        help="A file of colors (.toml) that frames show in place of others of the keys; SHOT/recolor.toml if not "
             "given.")
    reference: str | None = setting(None, decides=("keys", "proposal"), wanted="the name of a picture", metavar="IMAGE",
        help="A picture: its main colors are likelier in unsure regions; if there is no key, the proposal takes its "
             "colors from it.")
    model: str | None = setting(None, decides=("proposal",), wanted="the name of a weights file", metavar="PATH",
        help="Weights of another colorist than the one that ships, for the proposal if there is no key.")
    overwrite: bool = setting(False, decides=(),
        help="Paint all frames again, also those that are up to date.")
    # fmt: on

    def __post_init__(self) -> None:
        for name, stated in SETTINGS.items():
            value = getattr(self, name)
            if not stated.allows(value):
                raise SettingsError(name, f"cannot be {_format(value)}", f"give {stated.wanted}")

    @property
    def fits(self) -> bool:
        """Whether painting uses a network that is fitted to the keys, now or by an earlier run."""
        return self.fit not in ("off", 0)

    @property
    def closed_gap_px(self) -> float:
        """The widest gap that a ball closes, pixels; `auto` stands for that of clean drawings."""
        return _CLEAN_GAP_PX if self.gap_px == "auto" else self.gap_px

    @property
    def read_paper(self) -> Literal["white", "black", "scan", "black-scan"]:
        """The paper that drawings are read with; `auto` stands for that of clean drawings."""
        return "white" if self.paper == "auto" else self.paper

    @property
    def hue_meanings(self) -> dict[str, Meaning]:
        """What lines of some hues mean, by hue; hues that are not named are read as `ink` says."""
        return parse_trace_map(self.trace)

    def count_cores(self) -> int:
        """Count the processor cores to keep busy."""
        return count_usable_cores() if self.threads == "auto" else self.threads

    def list_deciding(self) -> dict[str, Any]:
        """List the values of settings that decide something, by name, for the manifest."""
        return {name: getattr(self, name) for name, stated in SETTINGS.items() if stated.decides}

    def list_files(self, effect: Effect | None = None) -> dict[str, str]:
        """List the files that settings name, by setting; with an `effect` only those of settings that decide it."""
        named = {name: getattr(self, name) for name in FILE_SETTINGS if effect in (None, *SETTINGS[name].decides)}
        return {name: file for name, file in named.items() if file is not None and file not in SETTINGS[name].words}

    def list_changed(self, effect: Effect, known: Collection[str]) -> list[str]:
        """List what a hash of `effect` includes, as `NAME VALUE`, besides the settings in `known` and file contents.

        A setting at its default adds nothing, so that a new setting leaves older hashes valid.
        """
        others = [name for name, stated in SETTINGS.items() if effect in stated.decides and stated.kind is not str]
        changed = [name for name in others if name not in known and getattr(self, name) != SETTINGS[name].default]
        return [f"{name} {getattr(self, name)}" for name in changed]

    def updated(self, changes: Mapping[str, Any], source: str = "settings") -> Settings:
        """Return these settings with changes by name. Raises SettingsError, for an unknown name with a suggestion."""
        for name in changes:
            if name not in SETTINGS:
                close = difflib.get_close_matches(name, SETTINGS, n=1)
                fix = f"did you mean {close[0]}?" if close else "known settings are " + ", ".join(SETTINGS)
                raise SettingsError(source, f"there is no setting {_format(name)}", fix)
        try:
            return replace(self, **changes)
        except SettingsError as error:
            raise SettingsError(source, f"{error.subject} {error.problem}", error.fix) from None


SETTINGS: Mapping[str, Setting] = MappingProxyType(list_settings(Settings))
FILE_SETTINGS = tuple(name for name, stated in SETTINGS.items() if stated.kind is str)


def _format(value: object) -> str:
    """Format a value as in Python, cut short: a hostile one would fill the screen."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = 80
    short.maxlevel = 2
    return short.repr(value)
