"""Who worked on which frame when: the pipeline's own stages, recorded from outside while a shot is painted.

The functions of each stage are replaced by ones that note the time and call the original, wherever the package refers
to them. Two clock readings and one append to a list are all that this costs; nothing in the pipeline knows of it.
"""

from __future__ import annotations

import functools
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from framecolor.engines.base import NetworkOutput, Pending, Runner

Stage = str
STAGES: tuple[Stage, ...] = ("decode", "regions", "flow", "match", "generator", "paint", "encode")

FrameOf = Callable[..., int | None]


@dataclass(frozen=True)
class Span:
    """One thread's work on one stage, without what it did for other stages meanwhile. Seconds of one clock."""

    stage: Stage
    thread: str
    frame: int | None
    begin_seconds: float
    end_seconds: float

    @property
    def seconds(self) -> float:
        return self.end_seconds - self.begin_seconds


@dataclass(frozen=True)
class Asked:
    """What the networks were asked: size (h, w) and passes of each look, region counts of each comparison."""

    looks: list[tuple[int, int, int]]
    describes: list[int]
    compares: list[tuple[int, int]]


class Recorder:
    """Collects spans from all threads. A call inside of another one interrupts it, so that spans never overlap."""

    def __init__(self) -> None:
        self._raw: list[tuple[Stage, str, int | None, float, float]] = []
        self._threads = threading.local()
        self.asked = Asked([], [], [])

    @property
    def spans(self) -> list[Span]:
        """All that was recorded, by begin."""
        return [Span(*raw) for raw in sorted(self._raw, key=lambda raw: raw[3])]

    def clear(self) -> None:
        """Forget what was recorded."""
        self._raw.clear()
        self.asked = Asked([], [], [])

    def wrap(self, stage: Stage, work: Callable[..., Any], frame_of: FrameOf | None = None) -> Callable[..., Any]:
        """`work`, noting each call. frame_of takes its arguments and says which frame it works on, None for several;
        without it the frame is that of the call around it, or the last one that the thread worked on."""

        @functools.wraps(work)
        def timed(*args: Any, **options: Any) -> Any:
            self._enter(stage)
            if frame_of is not None:
                self._set_frame(stage, frame_of(*args, **options))
            try:
                return work(*args, **options)
            finally:
                self._leave()

        return timed

    def _enter(self, stage: Stage) -> None:
        now = time.perf_counter()
        local = self._threads
        if not hasattr(local, "stack"):
            local.stack, local.frame, local.since = [], None, now
            local.name = threading.current_thread().name
        if local.stack:
            self._note(now)
        local.stack.append((stage, local.frame))
        local.since = now

    def _set_frame(self, stage: Stage, frame: int | None) -> None:
        self._threads.frame = frame
        self._threads.stack[-1] = (stage, frame)

    def _leave(self) -> None:
        now = time.perf_counter()
        self._note(now)
        self._threads.stack.pop()
        self._threads.since = now

    def _note(self, now: float) -> None:
        local = self._threads
        stage, frame = local.stack[-1]
        self._raw.append((stage, local.name, frame, local.since, now))


@contextmanager
def record_stages(recorder: Recorder, runner: Runner) -> Iterator[None]:
    """While this is open, every stage of the pipeline and of this kind of runner is recorded."""
    with ExitStack() as stack:
        for home, name, stage, frame_of in _list_stages():
            owner = _find_owner(home, name)
            if owner is not None:
                holder, attribute = owner
                work = recorder.wrap(stage, getattr(holder, attribute), frame_of)
                stack.enter_context(replaced(holder, attribute, work))
        kind = type(runner)
        for name, replacement in _watch_runner(recorder, kind).items():
            stack.enter_context(replaced(kind, name, replacement))
        yield


@contextmanager
def replaced(holder: Any, name: str, new: Any) -> Iterator[None]:
    """While this is open, `holder.name` is `new`, and so it is under every name that a module of the package has it.

    The modules of this part of the package keep the old one.
    """
    old = getattr(holder, name)
    places = [(holder, name, name in vars(holder))]
    if not isinstance(holder, type):
        for module in _list_modules():
            if module is not holder:
                places += [(module, key, True) for key, value in list(vars(module).items()) if value is old]
    try:
        for place, key, _ in places:
            setattr(place, key, new)
        yield
    finally:
        for place, key, own in places:
            if own:
                setattr(place, key, old)
            else:
                delattr(place, key)


def _list_modules() -> list[Any]:
    own = __name__.rpartition(".")[0]
    return [m for n, m in list(sys.modules.items()) if n.startswith("framecolor.") and not n.startswith(own)]


def _list_stages() -> Sequence[tuple[str, str, Stage, FrameOf | None]]:
    """(module, function, stage, frame by its arguments). What one of them calls of another stage is the other's."""
    return (
        ("framecolor.pipeline.read_ahead", "load_drawing", "decode", lambda shot, visit: visit.number),
        ("framecolor.pipeline.read_ahead", "decode_drawing", "decode", lambda item, known: item.drawing.number),
        ("framecolor.propagation.features", "compute_features", "regions", lambda number, *_, **__: number),
        ("framecolor.propagation.features", "reuse_features", "regions", lambda number, *_, **__: number),
        ("framecolor.networks.view", "look", "generator", None),
        ("framecolor.propagation.features", "vote", "match", None),
        ("framecolor.keys.keyframes", "describe_regions", "match", None),
        ("framecolor.matching.flow", "line_field", "flow", None),
        ("framecolor.matching.flow", "compute_flow", "flow", None),
        ("framecolor.propagation.belief", "link_regions", "flow", None),
        ("framecolor.propagation.features", "link_frames", "match", lambda earlier, later, *_, **__: later.number),
        ("framecolor.propagation.belief", "propagate", "match", lambda *_, **__: None),
        ("framecolor.propagation.smoothing", "judge_belief", "match", lambda features, *_, **__: features.number),
        ("framecolor.render.frame", "paint_frame", "paint", lambda features, *_, **__: features.number),
        ("framecolor.render.frame", "find_unsure", "paint", None),
        ("framecolor.render.encode_frame", "encode_painted", "encode", None),
        (
            "framecolor.output.manifest",
            "Manifest.write_frame",
            "encode",
            lambda manifest, entry, *_, **__: entry["number"],
        ),
    )


def _find_owner(home: str, name: str) -> tuple[Any, str] | None:
    """The object that has the function, and its name there; None when there is none of that name."""
    holder: Any = import_module(home)
    *classes, attribute = name.split(".")
    for part in classes:
        holder = getattr(holder, part, None)
    return (holder, attribute) if hasattr(holder, attribute) else None


class _Watched:
    """A pending look whose waiting is recorded."""

    def __init__(self, pending: Pending, recorder: Recorder) -> None:
        self._wait = recorder.wrap("generator", pending.result)

    def result(self) -> NetworkOutput:
        return self._wait()


def _watch_runner(recorder: Recorder, kind: type[Any]) -> dict[str, Callable[..., Any]]:
    """A runner's methods, recorded, with what they were asked."""

    def infer(self: Any, view: Any, points: Any, votes: bool = True) -> Pending:
        height, width = view.planes.shape[1:]
        fitted = votes and getattr(self, "_network", None) is not None
        recorder.asked.looks.append((height, width, 2 if fitted else 1))
        return _Watched(original_infer(self, view, points, votes), recorder)

    def describe(self: Any, look: Any, shape: Any, contact: Any) -> Any:
        recorder.asked.describes.append(len(look))
        return original_describe(self, look, shape, contact)

    def compare(self: Any, a: Any, b: Any, *more: Any) -> Any:
        recorder.asked.compares.append((len(a), len(b)))
        return original_compare(self, a, b, *more)

    original_infer, original_describe, original_compare = kind.infer, kind.describe, kind.compare
    stages = {"infer": ("generator", infer), "describe": ("match", describe), "compare": ("match", compare)}
    found = {name: recorder.wrap(stage, work) for name, (stage, work) in stages.items()}
    return found | {"color": recorder.wrap("generator", kind.color)}
