"""Paint drawings in memory, for plug-ins of paint and compositing programs: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, fields, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.hashing import hash_pixels
from framecolor.core.number_ranges import format_numbers
from framecolor.core.stages import overlapped
from framecolor.engines.base import Runner
from framecolor.engines.registry import load_shipped
from framecolor.errors import FramecolorError, SettingsError, ShotError
from framecolor.keys.checks.color_sets import find_color_sets
from framecolor.keys.checks.judge import judge_keys
from framecolor.keys.drawing_style import judge_style
from framecolor.keys.key_drawing import make_key_drawing, map_in_pool
from framecolor.keys.key_gallery import add_gallery
from framecolor.keys.keyframes import Keyframes, build_keyframes
from framecolor.keys.recolor import load_recolors
from framecolor.keys.references.choose import choose_references, choose_samples
from framecolor.keys.references.drawing import ReferenceDrawing, make_references
from framecolor.output.frame_entry import UnsureRegion
from framecolor.pipeline.events import Listener, Warnings, ignore
from framecolor.pipeline.paint import choose_for, paint_frame, repeat_key
from framecolor.pipeline.read_ahead import Drawing
from framecolor.pipeline.stream import Stream, count_workers, open_pool
from framecolor.pipeline.unsure import list_unsure
from framecolor.propagation.smoothing import FramePosterior, is_empty

Pixels = NDArray[np.uint8]

# Settings for written files, or for a fitted network in the shot's folder.
_OF_FILES = ("format", "mattes", "cryptomatte", "overwrite", "fit", "model")


@dataclass(frozen=True, eq=False, repr=False)
class ColoredFrame:
    """One painted frame.

    number      number of the drawing
    rgba        uint8 HxWx4, straight alpha: by default the drawing's lines over flat paint
    ink         the lines alone, uint8 HxWx4; None unless `Settings.line` is "layer"
    palette     the colors of all keys, then those of their lines if they recolor some, uint8 [P, 4]
    confidence  mean confidence of the regions, by area; 1.0 in keys
    unsure      regions to check, in the order of `pipeline.unsure.find_unsure`
    hold_of     number of the frame that this hold repeats and whose arrays it shares; None if it is no hold
    """

    number: int
    rgba: Pixels
    ink: Pixels | None
    palette: Pixels
    confidence: float
    unsure: tuple[UnsureRegion, ...]
    hold_of: int | None = None

    def __repr__(self) -> str:
        height, width = self.rgba.shape[:2]
        return f"ColoredFrame({self.number}, {width}x{height}, {len(self.unsure)} unsure)"


def color_frames(
    lines: Sequence[Pixels] | Mapping[int, Pixels],
    keys: Mapping[int, Pixels],
    settings: Settings | None = None,
    listener: Listener | None = None,
    references: Sequence[tuple[Pixels | None, Pixels]] = (),
) -> Iterator[ColoredFrame]:
    """Paint drawings from painted keys, all of them arrays. Yields each frame, in order, as soon as it is painted.

    lines     drawings of one size, uint8 HxWx4 straight RGBA (or HxWx3, HxW: lines on white), by number; a sequence is
              numbered from 0. `lines[number]` is read once, for key drawings twice, and in the thread that iterates
              over the frames, so that drawings can be fetched from a program on demand.
    keys      painted drawings by number, uint8 HxWx4 (or HxWx3), of the drawings' size; at least one if there are no
              references
    settings  as for `colorize`; paths of palette, recolor and reference are relative to the working directory. Format,
              mattes, cryptomatte, overwrite, fit and model must be at their defaults.
    listener  is called with `Warned` before the first frame, for keys that may not be reproduced as painted
    references  painted pictures of any size, each as (line art or None, painting), arrays as above: other drawings of
              the figure, or its color design. Without line art, lines are found in the painting

    The same drawings, keys and settings give the same pixels as `colorize`. A frame is yielded after the next key, or
    24 drawings, have been processed; about twice as many drawings as there are cores are in memory at once.

    Raises ShotError for invalid drawings, keys and references, and SettingsError, at the call; EngineError, and
    PaletteError and ReadError of the settings' files, with the first frame; ShotError for a drawing of another size
    when it is reached. Until the iterator ends or is closed, OpenCV, NumPy and PyTorch use one thread each in the whole
    process. Only one iterator may run at a time.
    """
    settings = settings or Settings()
    for field in fields(Settings):
        if field.name in _OF_FILES and getattr(settings, field.name) != field.default:
            raise SettingsError(field.name, "cannot be used with arrays", "leave it out, or use colorize")
    numbers = sorted(lines) if isinstance(lines, Mapping) else list(range(len(lines)))
    if not keys and not references:
        raise ShotError("keys", "there is no painted key", "give at least one painted drawing")
    if not numbers and not keys:
        raise ShotError("lines", "there is no drawing", "give at least one")
    if missing := sorted(keys.keys() - set(numbers)):
        problem = f"there is no drawing for key {format_numbers(missing)}"
        raise ShotError("keys", problem, "give each key the number of its drawing")
    read = sorted(keys) or choose_samples(numbers)
    size = (_check("key", read[0], keys[read[0]]) if keys else _check("drawing", read[0], lines[read[0]])).shape[:2]
    painted = {number: _check("key", number, keys[number], size) for number in sorted(keys)}
    key_lines = {number: _check("drawing", number, lines[number], size) for number in read}
    others = [one for i, pair in enumerate(references) for one in _read_reference(i, pair, settings)]
    return _color(lines, numbers, key_lines, painted, others, settings, listener or ignore)


def _read_reference(position: int, pair: tuple[Pixels | None, Pixels], settings: Settings) -> list[ReferenceDrawing]:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise ShotError(f"reference {position}", "is no pair of arrays", "give (line art or None, painting)")
    line, painted = pair
    picture = _check("reference", position, painted)
    drawn = None if line is None else _check("line art of reference", position, line)
    if drawn is not None and drawn.shape != picture.shape:
        raise ShotError(f"reference {position}", "differs from its line art in size", "give both at one size")
    try:
        return make_references(position, picture, drawn, settings)
    except ValueError as error:
        raise ShotError(f"reference {position}", str(error), "give a flat painting") from None


def _check(role: str, number: int, pixels: Pixels, size: tuple[int, ...] | None = None) -> Pixels:
    """Convert a picture to uint8 HxWx4. Raises ShotError."""
    usable = isinstance(pixels, np.ndarray) and pixels.dtype == np.uint8 and pixels.ndim >= 2
    if not usable or not pixels.size or pixels.shape[2:] not in ((), (3,), (4,)):
        actual = f"{pixels.dtype} {pixels.shape}" if isinstance(pixels, np.ndarray) else type(pixels).__name__
        raise ShotError(f"{role} {number}", f"is {actual}", "give uint8 HxWx4, HxWx3 or HxW")
    if size is not None and pixels.shape[:2] != size:
        problem = f"is {pixels.shape[1]}x{pixels.shape[0]}, the first key is {size[1]}x{size[0]}"
        raise ShotError(f"{role} {number}", problem, "give all drawings and keys at one size")
    codes = {(): cv2.COLOR_GRAY2RGBA, (3,): cv2.COLOR_RGB2RGBA}
    code = codes.get(pixels.shape[2:])
    return np.ascontiguousarray(pixels) if code is None else np.asarray(cv2.cvtColor(pixels, code), np.uint8)


def _color(
    lines: Sequence[Pixels] | Mapping[int, Pixels],
    numbers: Sequence[int],
    key_lines: Mapping[int, Pixels],
    painted: Mapping[int, Pixels],
    references: Sequence[ReferenceDrawing],
    settings: Settings,
    listener: Listener,
) -> Generator[ColoredFrame, None, None]:
    size = next(iter(key_lines.values())).shape[:2]
    style = judge_style(key_lines, painted, settings)
    settings, warnings = style.settings, Warnings(listener)
    warnings.add(style.texts)
    with open_pool(settings, (size[0], size[1])) as pool:
        runner, _ = load_shipped(settings.engine, settings.lanes, settings.precision, settings.count_cores())
        keyframes = _read_keys(key_lines, painted, numbers, references, settings, runner, pool, warnings)
        ahead = 2 * count_workers(settings.count_cores(), (size[0], size[1]))
        stream = Stream(keyframes, runner, settings, pool, ahead, _fail, lambda number: None, lambda number: None)

        def paint(item: FramePosterior) -> tuple[FramePosterior, ColoredFrame | None]:
            return item, None if item.hold_of is not None else _paint(item, keyframes, runner, settings, painted)

        before: ColoredFrame | None = None
        with (
            closing(stream.run(_read_drawings(lines, numbers, size))) as settled,
            closing(overlapped(pool, paint, settled, ahead)) as frames,
        ):
            for item, frame in frames:
                if frame is None:
                    assert before is not None  # a hold follows what it repeats
                    yield replace(before, number=item.number, hold_of=item.hold_of)
                else:
                    # The drawings before and after an empty one are neighbors: they may be one hold.
                    before = before if is_empty(item.features) else frame
                    yield frame


def _read_keys(
    key_lines: Mapping[int, Pixels],
    painted: Mapping[int, Pixels],
    numbers: Sequence[int],
    references: Sequence[ReferenceDrawing],
    settings: Settings,
    runner: Runner,
    pool: ThreadPoolExecutor,
    warnings: Warnings,
) -> Keyframes:
    read = map_in_pool(lambda n: make_key_drawing(n, key_lines[n], painted.get(n), settings), list(key_lines), pool)
    chosen = choose_references(references, read, runner, pool)
    keys = {key.number: key for key in read if key.number in painted}
    recolors = load_recolors(Path(file) if (file := settings.list_files().get("recolor")) else None)
    keyframes = build_keyframes(keys, settings, Path(), references=chosen, samples=read, recolors=recolors)
    keyframes, faults = judge_keys(keyframes, settings, Path())
    keyframes = add_gallery(keyframes, runner, numbers, pool)
    warnings.add(map(str, [*faults, *find_color_sets(keyframes, lambda: runner)]))
    return keyframes


def _read_drawings(
    lines: Sequence[Pixels] | Mapping[int, Pixels], numbers: Sequence[int], size: tuple[int, ...]
) -> Iterator[Drawing]:
    before = ""
    for number in numbers:
        rgba = _check("drawing", number, lines[number], size)
        digest = hash_pixels(rgba)
        repeats = digest == before
        yield Drawing(number, number == numbers[0], repeats, None if repeats else rgba, digest)
        before = digest


def _fail(number: int, error: FramecolorError) -> None:
    raise error


def _paint(
    item: FramePosterior, keyframes: Keyframes, runner: Runner, settings: Settings, keys: Mapping[int, Pixels]
) -> ColoredFrame:
    frame, regions = item.features.drawing.frame(), item.features.drawing.regions()
    choice = choose_for(item, frame, regions, keyframes, runner, settings)
    painted = paint_frame(choice, regions, item.confidence, keyframes, runner, settings)
    if (number := keyframes.find_shown(item.number, item.features.digest)) is not None:
        painted, _ = repeat_key(painted, keys[number], item, choice, regions, keyframes, settings)
    unsure = list_unsure(item, choice, regions, keyframes, settings)
    palette = keyframes.shown.colors
    return ColoredFrame(item.number, painted.rgba, painted.ink, palette, item.mean_confidence(), unsure)
