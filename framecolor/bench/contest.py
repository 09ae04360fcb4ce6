"""Compare the generator's pass in this engine, plain PyTorch, raw OpenVINO and ONNX Runtime: same weights, same size.

They are measured in turn in one run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from statistics import median
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from framecolor.bench.limits import TORCH_TYPES, count_work, measure_rates
from framecolor.bench.timing import interleave, ratio_of, read_peak, reset_peak, summarize, time_ms
from framecolor.core.cpu import count_usable_cores
from framecolor.core.precision import Precision, list_precisions
from framecolor.core.types import Regions
from framecolor.engines.base import Device, Runner
from framecolor.lineart.sampling import RegionPoints, sample_points
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.generator import LINE_PLANES
from framecolor.networks.palette_head import pad_planes
from framecolor.networks.passes import FeaturePass
from framecolor.networks.view import View

Planes = NDArray[np.float32]
Row = dict[str, Any]

OURS, WITHOUT_REGIONS, RAW = "framecolor", "framecolor, no regions", "OpenVINO"
# A round is at least this long, so that the clock's resolution and the start of threads do not matter.
_ROUND_MS = 60.0
_MOST_PICTURES = 64


@dataclass(frozen=True)
class Contestant:
    """One way to run the pass.

    run  computes `batch` pictures and waits for the result; called from `lanes` threads at once
    """

    name: str
    precision: Precision
    batch: int
    lanes: int
    run: Callable[[], object]


@dataclass(frozen=True, kw_only=True)
class Contest:
    """What is compared: the runner of one engine, and each other runtime that is installed.

    precision  precision of the engine, as far as it is known; its limit is that of this precision
    """

    runner: Runner
    engine: str
    device: Device
    precision: Precision
    batch: int
    lanes: int
    warmup: int
    repeats: int


def measure_contest(contest: Contest, size: tuple[int, int]) -> list[Row]:
    """Measure each contestant on pictures of this size (height, width): a row for each, the engine's own first.

    `of_engine` is the time over the engine's in the same rounds: above 1 the engine is faster. `of_raw`, in the row of
    the engine without regions, is its time over raw OpenVINO's: the overhead of the engine around the network.
    """
    height, width = size
    shape = _padded_shape(size)
    contestants = _gather(contest, size, shape)
    pictures, peaks = {}, {}
    # The same threads for all calls: an engine may keep buffers for each thread that calls it.
    with ThreadPoolExecutor(contest.lanes) as pool:
        for contestant in contestants:
            reset_peak()
            pictures[contestant.name] = _pictures_in_a_round(contestant, pool)
            peaks[contestant.name] = read_peak()
        rounds = {c.name: partial(_time_round, c, pictures[c.name], pool) for c in contestants}
        taken = interleave(rounds, contest.warmup, contest.repeats)
    rows = [
        {
            "stage": "generator",
            "by": c.name,
            "engine": contest.engine if c.name in (OURS, WITHOUT_REGIONS) else None,
            "size": [width, height],
            "precision": c.precision,
            "batch": c.batch,
            "lanes": c.lanes,
            "cores": count_usable_cores(),
            "ms": summarize(taken[c.name], 3),
            **_compare_with_limit(taken[c.name], shape, c.precision, contest.device),
            "of_engine": round(ratio_of(taken[c.name], taken[OURS]), 3),
            **peaks[c.name],
        }
        for c in contestants
    ]
    if RAW in taken:
        rows[1]["of_raw"] = round(ratio_of(taken[WITHOUT_REGIONS], taken[RAW]), 3)
    return rows


def _compare_with_limit(taken: Sequence[float], shape: tuple[int, int], precision: Precision, device: str) -> Row:
    """Compute the work of the pass in this precision, its limit, and the limit's share of the median time."""
    work = count_work(FeaturePass(load_generator(base_weights_path())), [(1, LINE_PLANES, *shape)], precision)
    rates = measure_rates(precision, count_usable_cores(), device)
    where = "all cores" if device == "cpu" else "the GPU"
    rate = "matrix" if rates.compute_ms(work) >= rates.copy_ms(work.bytes) else "copy"
    limit_ms = rates.limit_ms(work)
    return {
        "gflop": round(work.flops / 1e9, 2),
        "mib": round(work.bytes / 2**20, 1),
        "limit": {"of": f"{precision} {rate} rate of {where}", "ms": round(limit_ms, 3)},
        "of_limit": round(limit_ms / median(taken), 3),
    }


def _padded_shape(size: tuple[int, int]) -> tuple[int, int]:
    multiple = load_generator(base_weights_path()).size_multiple
    padded = pad_planes(torch.zeros(1, LINE_PLANES, *size), multiple)
    return int(padded.shape[2]), int(padded.shape[3])


def _gather(contest: Contest, size: tuple[int, int], shape: tuple[int, int]) -> list[Contestant]:
    device = contest.device
    planes = np.random.default_rng(0).random((contest.batch, LINE_PLANES, *shape), np.float32)
    network = FeaturePass(load_generator(base_weights_path()))
    view, points = draw_view(planes[0, :, : size[0], : size[1]])

    def infer(points: RegionPoints) -> object:
        """Call the engine as the pipeline does, one picture a call; an engine that batches combines several calls."""
        pending = [contest.runner.infer(view, points, votes=False) for _ in range(contest.batch)]
        return [one.result() for one in pending]

    # Without regions, the difference from raw OpenVINO is the engine's overhead.
    none = sample_points(Regions(np.zeros(size, np.int32), 0))
    gathered = [
        Contestant(name, contest.precision, contest.batch, contest.lanes, partial(infer, of))
        for name, of in ((OURS, points), (WITHOUT_REGIONS, none))
    ]
    # Only the precisions that a processor has in hardware; a GPU has all of them.
    precisions = list_precisions()[::-1] if device == "cpu" else TORCH_TYPES
    gathered += [_plain_pytorch(planes, precision, device) for precision in precisions]
    if device == "cpu":
        gathered.append(_raw_openvino(network, planes, contest.precision, contest.lanes))
        gathered += _onnx_runtime(planes, contest.lanes)
    return gathered


def draw_view(planes: Planes) -> tuple[View, RegionPoints]:
    """Make a view of these planes, and the points of a hundred regions in it."""
    height, width = planes.shape[1:]
    rows, columns = (np.arange(n) * 10 // n for n in (height, width))
    labels = (1 + 10 * rows[:, None] + columns[None]).astype(np.int32)
    return View(np.ascontiguousarray(planes), (0, 0, width, height)), sample_points(Regions(labels, 100))


def _plain_pytorch(planes: Planes, precision: Precision, device: str) -> Contestant:
    """Run the module in PyTorch, one call at a time, on all cores or in the GPU's current stream."""
    network = FeaturePass(load_generator(base_weights_path()), TORCH_TYPES[precision]).to(device)
    given = torch.from_numpy(planes).to(device)

    @torch.inference_mode()
    def run() -> None:
        network(given)
        if device != "cpu":
            torch.cuda.synchronize()

    return Contestant(f"PyTorch {precision}", precision, len(planes), 1, run)


def _raw_openvino(network: FeaturePass, planes: Planes, precision: Precision, lanes: int) -> Contestant:
    """Run the model in OpenVINO in a bare loop, with dynamic height and width and a stream for each lane."""
    from framecolor.engines.quiet_openvino import open_core, ov

    example, free = torch.zeros(1, LINE_PLANES, 64, 64), ov.PartialShape([len(planes), LINE_PLANES, -1, -1])
    model = ov.convert_model(network, example_input=(example,), input=[free])
    settings = {
        "NUM_STREAMS": str(lanes),
        "INFERENCE_NUM_THREADS": str(count_usable_cores()),
        "INFERENCE_PRECISION_HINT": precision,
    }
    compiled = open_core().compile_model(model, "CPU", settings)
    requests = [compiled.create_infer_request() for _ in range(lanes)]

    def run() -> object:
        request = requests.pop()
        try:
            return request.infer((planes,), share_inputs=True, share_outputs=True)
        finally:
            requests.append(request)

    return Contestant(RAW, precision, len(planes), lanes, run)


def _onnx_runtime(planes: Planes, lanes: int) -> Sequence[Contestant]:
    """Run the model in ONNX Runtime in float32, if it is installed (extra `bench`)."""
    if any(find_spec(package) is None for package in ("onnx", "onnxruntime")):
        return ()
    import onnxruntime  # pyright: ignore[reportMissingImports]

    from framecolor.networks.export import export_onnx, make_exportable

    graph = export_onnx(make_exportable("features", "float32"))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = max(1, count_usable_cores() // lanes)
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    run = partial(session.run, None, {"planes": planes})
    return (Contestant("ONNX Runtime", "f32", len(planes), lanes, run),)


def _pictures_in_a_round(contestant: Contestant, pool: ThreadPoolExecutor) -> int:
    """Choose the pictures of a round: a multiple of lanes x batch that takes long enough. May compile the network."""
    once = contestant.lanes * contestant.batch
    _time_round(contestant, once, pool)
    round_ms = once * _time_round(contestant, once, pool)
    return once * max(1, min(_MOST_PICTURES // once, round(_ROUND_MS / max(round_ms, 0.1))))


def _time_round(contestant: Contestant, pictures: int, pool: ThreadPoolExecutor) -> float:
    """Time a round with all lanes busy, in ms per picture."""
    calls = range(pictures // contestant.batch)
    if contestant.lanes == 1:
        return time_ms(lambda: [contestant.run() for _ in calls]) / pictures
    return time_ms(lambda: list(pool.map(lambda _: contestant.run(), calls))) / pictures
