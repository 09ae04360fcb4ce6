"""Compile exported networks to engine files: ONNX for TensorRT 10 and 11 and TensorRT for RTX, torch.export for
torch-tensorrt.

Networks are strongly typed: the graph decides what is computed in half (`networks.export`), and no flag changes it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from framecolor.engines.tensorrt.backends import Backend, get_logger, import_backend
from framecolor.engines.tensorrt.timing_cache import read_timing_cache, write_timing_cache
from framecolor.errors import EngineError

# Called with a phase of the build, its steps done and its steps in all.
Progress = Callable[[str, int, int], None]
# Least, usual and greatest shape of an input; all equal if it is fixed.
Shapes = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
# One build at a time: a builder uses several cores, and all builders of a process share one logger.
_BUILDING = threading.Lock()


@dataclass(frozen=True)
class BuildOptions:
    """Options of a build.

    shapes              least, usual and greatest shape of every input
    refittable          weights can be changed after the build
    optimization_level  0 to 5: how long the builder may look for a faster engine
    timing_cache        file of timings that builds share; not used by TensorRT for RTX, which measures none
    """

    shapes: Mapping[str, Shapes]
    refittable: bool = False
    optimization_level: int = 3
    timing_cache: Path | None = None


def compile_onnx(backend: Backend, model: bytes, options: BuildOptions, progress: Progress | None = None) -> bytes:
    """Compile an ONNX file's bytes to a serialized engine, with tensorrt or rtx.

    Raises EngineError, in one line, if the file does not parse, the shapes do not fit it, or the build fails.
    """
    subject = f"{backend.name} {backend.version}"
    if options.refittable and not backend.refits:
        fix = "compile beside a GPU, or without refit: then each shot's weights get an engine file of their own"
        raise EngineError(subject, "compiles what can be refitted only beside a GPU, and there is none", fix)
    trt = import_backend(backend.name)
    logger, log = get_logger(backend.name)
    with _BUILDING, log.collected() as errors:
        builder = trt.Builder(logger)
        network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
        # The parser owns the network's weights: it must live until the build is done.
        parser = _parse(trt, network, logger, model, subject)
        config = builder.create_builder_config()
        config.add_optimization_profile(_make_profile(builder, network, options.shapes))
        config.builder_optimization_level = options.optimization_level
        # TF32, on by default, would multiply float32 with ten bits.
        config.clear_flag(trt.BuilderFlag.TF32)
        if options.refittable:
            config.set_flag(trt.BuilderFlag.REFIT)
        # An engine that allocates memory while it runs cannot be captured as a graph. Older versions lack the flag.
        if hasattr(trt.BuilderFlag, "REQUIRE_USER_ALLOCATION"):
            config.set_flag(trt.BuilderFlag.REQUIRE_USER_ALLOCATION)
        cache = _lend_timings(backend, config, options.timing_cache)
        # A variable, as the config does not keep it alive.
        monitor = None if progress is None else _make_monitor(trt, progress)
        if monitor is not None:
            config.progress_monitor = monitor
        serialized = builder.build_serialized_network(network, config)
        del parser
        if serialized is not None and cache is not None and options.timing_cache is not None:
            write_timing_cache(options.timing_cache, bytes(cache.serialize()))
    if serialized is None:
        raise _failure(backend, options, errors)
    return bytes(serialized)


def compile_program(
    backend: Backend, export: Callable[[], torch.export.ExportedProgram], options: BuildOptions
) -> bytes:
    """Compile an exported program to a serialized engine, with torch-tensorrt.

    It cannot be refitted, as weights lose their names. Its outputs are named output0, output1 and so on. Raises
    EngineError, in one line, if it does not compile.
    """
    torch_tensorrt = import_backend(backend.name)
    _, log = get_logger(backend.runtime)
    inputs = [
        torch_tensorrt.Input(min_shape=least, opt_shape=usual, max_shape=most, dtype=torch.float32, name=name)
        for name, (least, usual, most) in options.shapes.items()
    ]
    with _BUILDING, log.collected() as errors, TemporaryDirectory(prefix="framecolor-") as folder:
        # It reads and writes timings by itself. It gets a checked copy, as damaged timings would abort the process.
        timings = Path(folder) / "timings"
        if options.timing_cache is not None:
            timings.write_bytes(read_timing_cache(options.timing_cache))
        try:
            serialized = torch_tensorrt.dynamo.convert_exported_program_to_serialized_trt_engine(
                export(),
                arg_inputs=inputs,
                disable_tf32=True,
                optimization_level=options.optimization_level,
                timing_cache_path=str(timings),
            )
        except Exception as error:
            # The exporter and the converters raise many kinds of errors.
            raise _failure(backend, options, [*errors, " ".join(str(error).split())]) from error
        if options.timing_cache is not None and timings.is_file():
            write_timing_cache(options.timing_cache, timings.read_bytes())
    return bytes(serialized)


def _parse(trt: Any, network: Any, logger: Any, model: bytes, subject: str) -> Any:
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(model):
        errors = [parser.get_error(i) for i in range(parser.num_errors)]
        problem = " | ".join(" ".join(str(error.desc()).split()) for error in errors) or "no reason given"
        raise EngineError(subject, f"cannot read the ONNX file ({problem})", "export it again with this version")
    return parser


def _make_profile(builder: Any, network: Any, shapes: Mapping[str, Shapes]) -> Any:
    """Make TensorRT's optimization profile of the shapes. EngineError if they do not fit the network's inputs."""
    profile = builder.create_optimization_profile()
    inputs = {network.get_input(i).name: tuple(network.get_input(i).shape) for i in range(network.num_inputs)}
    if set(inputs) != set(shapes):
        raise EngineError(
            f"shapes of {', '.join(shapes) or 'nothing'}",
            f"the network's inputs are {', '.join(inputs)}",
            "give the shapes of each",
        )
    for name, (least, usual, most) in shapes.items():
        ranks = {len(inputs[name]), len(least), len(usual), len(most)}
        ordered = len(ranks) == 1 and all(
            0 < a <= b <= c and (size < 0 or a == c == size)
            for a, b, c, size in zip(least, usual, most, inputs[name], strict=True)
        )
        if not ordered:
            problem = f"{least} to {most}, usually {usual}, do not fit {inputs[name]} (-1 is free)"
            raise EngineError(f"shapes of {name}", problem, "order least, usual, most")
        profile.set_shape(name, least, usual, most)
    return profile


def _lend_timings(backend: Backend, config: Any, path: Path | None) -> Any:
    """Give the builder the timings of earlier builds; return the timing cache, or None if there is none."""
    # TensorRT for RTX does not use timings, and would look for a GPU if it got some.
    if path is None or backend.name == "rtx":
        return None
    cache = config.create_timing_cache(read_timing_cache(path))
    if not config.set_timing_cache(cache, False):
        # Of another GPU or version.
        cache = config.create_timing_cache(b"")
        config.set_timing_cache(cache, False)
    return cache


def _make_monitor(trt: Any, progress: Progress) -> Any:
    """Make a progress monitor of the outermost phases; the builder's threads call it."""

    class Monitor(trt.IProgressMonitor):
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self.steps: dict[str, int] = {}

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            if not parent_phase:
                self.steps[phase_name] = num_steps
                progress(phase_name, 0, num_steps)

        def step_complete(self, phase_name: str, step: int) -> bool:
            if phase_name in self.steps:
                progress(phase_name, step + 1, self.steps[phase_name])
            return True

        def phase_finish(self, phase_name: str) -> None:
            steps = self.steps.pop(phase_name, None)
            if steps is not None:
                progress(phase_name, steps, steps)

    return Monitor()


def _failure(backend: Backend, options: BuildOptions, errors: list[str]) -> EngineError:
    """Describe a failed build in one line."""
    reason = (errors or ["no reason given"])[-1]
    shapes = "; ".join(
        f"{name} {least}" if least == most else f"{name} {least} to {most}, usually {usual}"
        for name, (least, usual, most) in options.shapes.items()
    )
    facts = [reason[:400], f"shapes: {shapes}"]
    if backend.gpu is not None:
        facts.append(str(backend.gpu))
        with suppress(RuntimeError):
            free_bytes, all_bytes = torch.cuda.mem_get_info()
            facts.append(f"{free_bytes >> 20} of {all_bytes >> 20} MiB of GPU memory free")
    dynamic = any(least != most for least, _, most in options.shapes.values())
    fix = "try a profile of one fixed size" if dynamic else "try a smaller size, or --engine cuda"
    return EngineError(f"{backend.name} {backend.version}", f"the engine does not compile ({'; '.join(facts)})", fix)


def find_weights(backend: Backend, model: bytes, names: tuple[str, ...]) -> tuple[str, ...]:
    """Find which of the names are refittable weights of the parsed network, in their order."""
    trt = import_backend(backend.name)
    logger, log = get_logger(backend.name)
    with _BUILDING, log.collected():
        network = trt.Builder(logger).create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
        parser = _parse(trt, network, logger, model, f"{backend.name} {backend.version}")
        found = tuple(name for name in names if network.mark_weights_refittable(name))
        del parser
    return found
