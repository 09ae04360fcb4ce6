"""`framecolor bench` on shots that take seconds: real runs, the arithmetic of its ratios, its limits and its charts."""

from __future__ import annotations

import ctypes
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from framecolor import EngineError, Settings, SettingsError, Shot
from framecolor.bench import contest, limits, suite, timing
from framecolor.bench.charts import draw_bars, draw_timeline
from framecolor.bench.drawn_shot import write_shot
from framecolor.bench.end_to_end import compare_stages, cut_timeline
from framecolor.bench.limits import Rates, Work, count_work
from framecolor.bench.sizes import name_size, parse_size
from framecolor.bench.table import format_bench, is_contest
from framecolor.bench.timing import interleave, ratio_of, read_peak, reset_peak
from framecolor.bench.workload import Workload
from framecolor.cli import framecolor
from framecolor.cli.bench import WHAT
from framecolor.core.clock import STAGES, Span
from framecolor.core.hashing import digest
from framecolor.core.precision import list_precisions
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.passes import FeaturePass

SIZE = (96, 160)
FRAMES = 6


@pytest.fixture(scope="module", autouse=True)
def quick_rates() -> Iterator[None]:
    """Rates of small products and copies, and rounds of one picture: what they are is no matter here, and the real ones
    take a second each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "_MATRIX_SIDE", 128)
        patch.setattr(limits, "_COPY_BYTES", 2**20)
        patch.setattr(contest, "_MOST_PICTURES", 1)
        limits.measure_rates.cache_clear()
        yield
    limits.measure_rates.cache_clear()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what one run of the whole command wrote: bench.json, bench.svg, bench.timeline.svg, out.txt."""
    folder = tmp_path_factory.mktemp("bench")
    result = run("--size", "160x96", "--frames", FRAMES, "--repeats", 2, "--engine", "cpu",
                 "-o", folder / "bench.json", "--chart", folder / "bench.svg")  # fmt: skip
    assert result.exit_code == 0, result.output
    (folder / "out.txt").write_text(result.stdout, "utf-8")
    return folder


@pytest.fixture(scope="module")
def results(files: Path) -> dict[str, Any]:
    return json.loads((files / "bench.json").read_text("utf-8"))


def run(*arguments: object) -> Any:
    result = CliRunner().invoke(framecolor, ["bench", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit | EngineError | SettingsError):
        raise result.exception
    return result


def test_a_bench_describes_its_machine(results: dict[str, Any]) -> None:
    assert {"cpu", "cores", "torch", "openvino"} <= set(results["machine"])
    assert {"date", "commit", "changed", "load_before"} <= set(results)
    assert results["options"]["engine"] == "cpu"
    assert (results["options"]["warmup"], results["options"]["repeats"]) == (1, 2)
    assert results["rates"]["f32"]["one_core"]["matrix_gflops"] > 0


def test_every_stage_has_a_row_and_a_limit(results: dict[str, Any]) -> None:
    rows = [row for row in results["rows"] if not is_contest(row)]
    assert [row["stage"] for row in rows] == list(STAGES)
    for row in rows:
        assert row["ms"]["least"] <= row["ms"]["median"] <= row["ms"]["most"]
        assert row["size"] == [160, 96]
        assert row["of_limit"] == pytest.approx(row["limit"]["ms"] / row["ms"]["median"], rel=0.02, abs=0.002)


def test_each_stage_works_on_each_drawing_once_a_run(results: dict[str, Any]) -> None:
    repeats = {row["stage"]: row["ms"]["repeats"] for row in results["rows"] if not is_contest(row)}
    for stage in ("decode", "regions", "paint", "encode"):
        assert repeats[stage] == 2 * FRAMES, stage
    assert repeats["generator"] == 2 * (FRAMES - 3), "the keys were looked at before"


def test_the_generator_is_compared_with_other_runtimes(results: dict[str, Any]) -> None:
    rows = [row for row in results["rows"] if is_contest(row) and row["size"] == [160, 96]]
    assert [row["by"] for row in rows[: 3 + len(list_precisions())]] == [
        "framecolor", "framecolor, no regions", *(f"PyTorch {name}" for name in list_precisions()[::-1]), "OpenVINO"
    ]  # fmt: skip
    assert rows[0]["of_engine"] == 1
    assert rows[1]["of_raw"] > 0
    work = count_work(FeaturePass(load_generator(base_weights_path())), [(1, 7, 96, 160)], "f32")
    plain = rows[2]
    assert plain["gflop"] == round(work.flops / 1e9, 2)
    assert plain["mib"] == round(work.bytes / 2**20, 1)
    assert plain["of_limit"] == pytest.approx(plain["limit"]["ms"] / plain["ms"]["median"], rel=0.02, abs=0.002)
    # Beside the sizes that were asked for stands the one that the pipeline gives it.
    width, height = next(row["size"] for row in results["rows"] if is_contest(row))
    assert 70_000 < width * height <= 82_000


def test_a_frame_is_compared_with_its_stages(results: dict[str, Any]) -> None:
    (table,) = results["end_to_end"]
    assert (table["clip"], table["frames"], table["keys"], table["size"]) == ("moving", FRAMES, 3, [160, 96])
    slowest = max(table["stages_ms"].values())
    frame = table["frame_ms"]["median"]
    assert table["stages_ms"][table["slowest_stage"]] == slowest
    assert table["of_slowest_stage"] == pytest.approx(slowest / frame, rel=0.01)
    total = sum(table["stages_ms"].values())
    assert table["of_all_cores"] == pytest.approx(total / table["cores"] / frame, rel=0.01)
    assert table["peak_mib"] > 50


def test_ratios_by_hand() -> None:
    table = compare_stages({"decode": 2.0, "generator": 12.0, "encode": 6.0}, [9.0, 10.0, 16.0], 2)
    assert table["frame_ms"] == {"median": 10.0, "least": 9.0, "most": 16.0, "repeats": 3}
    assert (table["slowest_stage"], table["of_slowest_stage"], table["of_all_cores"]) == ("generator", 1.2, 1.0)
    assert table["frames_per_second"] == 100


def test_flops_and_bytes_by_hand() -> None:
    convolution = torch.nn.Conv2d(3, 5, 3, padding=1)
    work = count_work(convolution, [(2, 3, 8, 10)], "f32")
    assert work.flops == 2 * 2 * 80 * 5 * 3 * 9
    assert work.bytes == 4 * (2 * 3 * 80 + 5 * 3 * 9 + 5 + 2 * 5 * 80)
    assert count_work(convolution, [(2, 3, 8, 10)], "bf16") == Work(work.flops, work.bytes // 2)
    assert convolution.weight.device.type == "cpu"  # the module itself is left alone


def test_the_generators_flops_by_hand() -> None:
    generator = load_generator(base_weights_path())
    height, width = 32, 48
    pairs = 0
    for level, channels in enumerate(generator.widths):
        pixels = (height >> level) * (width >> level)
        first = 7 if level == 0 else generator.widths[level - 1]
        pairs += pixels * 9 * (first * channels + channels * channels)
        if level < len(generator.widths) - 1:
            joined = channels + generator.widths[level + 1]
            pairs += pixels * 9 * (joined * channels + channels * channels)
    pairs += height * width * generator.widths[0] * generator.feature_channels
    assert count_work(FeaturePass(generator), [(1, 7, height, width)], "f32").flops == 2 * pairs


def test_a_limit_is_the_slower_of_computing_and_moving() -> None:
    rates = Rates(matrix_gflops=100, copy_gb_per_second=10)
    assert rates.limit_ms(Work(flops=10**9, bytes=10**7)) == 10
    assert rates.limit_ms(Work(flops=10**8, bytes=10**8)) == 10


def test_measured_rates_are_positive() -> None:
    rates = limits.measure_rates(list_precisions()[0], 1)
    assert rates.matrix_gflops > 0.1
    assert rates.copy_gb_per_second > 0.1


def test_recording_does_not_change_the_frames(tmp_path: Path, quick_engine: None) -> None:
    shot = Shot.open(write_shot(tmp_path / "shot", 4, 2, SIZE))
    workload = Workload(shot, tmp_path / "color", Settings(engine="cpu"))
    workload.paint()
    painted = [digest(path.read_bytes()) for path in sorted((tmp_path / "color").glob("*.png"))]
    spans: list[Span] = []
    workload.paint(spans, overlap=False)
    assert [digest(path.read_bytes()) for path in sorted((tmp_path / "color").glob("*.png"))] == painted
    assert len(painted) == 4
    assert {span.thread for span in spans} == {"MainThread"}
    assert {span.stage for span in spans} == set(STAGES)
    assert {span.frame for span in spans} == {1, 2, 3, 4, None}
    assert {span.stage for span in spans if span.frame is None} == {"match"}  # beliefs of a stretch at once
    assert len(workload.engine.runner.calls.sizes) == 2, "two of the four are keys"
    spans.clear()
    workload.paint(spans)
    assert {span.stage for span in spans} == set(STAGES), "also of the pool's threads"
    assert len({span.thread for span in spans}) > 2


def test_a_network_that_is_fitted_runs_on_the_engine_that_is_given(tmp_path: Path, quick_engine: None) -> None:
    shot = Shot.open(write_shot(tmp_path / "shot", 3, 2, SIZE))
    outcome = Workload(shot, tmp_path / "color", Settings(engine="cpu", fit=2)).paint()
    assert outcome.written == (1, 2, 3)
    record = json.loads((tmp_path / "color/framecolor.json").read_text("utf-8"))
    assert (record["engine"], record["fit"]["steps"]) == ("cpu", 2)


def test_a_shot_on_twos_shows_each_drawing_twice(tmp_path: Path) -> None:
    folder = write_shot(tmp_path / "shot", 5, 3, SIZE, hold=2)
    drawings = [digest(path.read_bytes()) for path in sorted((folder / "line").iterdir())]
    assert drawings[0] == drawings[1] != drawings[2] == drawings[3] != drawings[4]
    assert [path.name for path in sorted((folder / "keys").iterdir())] == [f"walk.{n:04d}.png" for n in (1, 3, 5)]


def test_nothing_is_written_into_a_given_shot(tmp_path: Path, quick_engine: None) -> None:
    folder = write_shot(tmp_path / "own", 5, 2, SIZE)
    results = suite.run_bench(suite.Plan(stages=("decode", "end-to-end"), shot=folder, frames=4, repeats=1))
    assert [row["stage"] for row in results["rows"]] == ["decode"]
    assert (results["end_to_end"][0]["clip"], results["end_to_end"][0]["frames"]) == ("own", 4)
    assert sorted(path.name for path in folder.iterdir()) == ["keys", "line"]


def test_a_timeline_is_a_stretch_from_the_middle() -> None:
    spans = [Span("decode", "MainThread", n, 0.1 * n, 0.1 * n + 0.05) for n in range(20)]
    spans += [Span("paint", "framecolor_0", 1, 0.9, 0.95), Span("paint", "framecolor_0", 1, 0.95, 1.0)]
    timeline = cut_timeline(sorted(spans, key=lambda span: span.begin_seconds), 100)
    assert timeline["length_ms"] == 600
    assert timeline["threads"] == ["MainThread", "framecolor_0"]
    assert all(0 <= begin < end <= 600 for *_, begin, end in timeline["spans"])
    (paint,) = (span for span in timeline["spans"] if span[0] == "paint")  # both halves in one
    assert paint[:3] == ["paint", 1, 1]
    assert paint[4] - paint[3] == pytest.approx(100)


def test_a_round_calls_each_in_turn() -> None:
    calls: list[str] = []

    def count(name: str, ms: float) -> float:
        calls.append(name)
        return ms

    taken = interleave({"a": lambda: count("a", 2), "b": lambda: count("b", 4)}, 1, 2)
    assert calls == ["a", "b"] * 3
    assert ratio_of(taken["b"], taken["a"]) == 2


def test_peak_memory_is_that_since_the_reset() -> None:
    reset_peak()
    before = read_peak()["peak_mib"]
    block = torch.ones(64 * 2**20, dtype=torch.uint8)
    assert read_peak()["peak_mib"] > before + 50
    del block


def test_peak_memory_where_the_system_is_windows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With a double of its library, which fills the structure."""

    class Kernel:
        def __init__(self, name: str) -> None:
            assert name == "kernel32"
            self.GetCurrentProcess = self

        def __call__(self) -> int:
            return 2**64 - 1

        def K32GetProcessMemoryInfo(self, process: Any, counters: Any, size: int) -> int:  # noqa: N802
            assert (process.value, size) == (2**64 - 1, 8 + 8 * ctypes.sizeof(ctypes.c_size_t))
            ctypes.cast(counters, ctypes.POINTER(ctypes.c_size_t))[1] = 123 * 2**20
            return 1

    monkeypatch.setattr(timing, "_STATUS", tmp_path / "missing")
    monkeypatch.setattr(timing.sys, "platform", "win32")
    monkeypatch.setattr(timing.ctypes, "WinDLL", Kernel, raising=False)
    assert read_peak()["peak_mib"] == 123


def test_the_table_and_the_charts_name_every_row(files: Path, results: dict[str, Any]) -> None:
    printed = (files / "out.txt").read_text("utf-8")
    assert printed.strip() == format_bench(results).strip()
    bars = ElementTree.fromstring((files / "bench.svg").read_text("utf-8"))
    timeline = ElementTree.fromstring((files / "bench.timeline.svg").read_text("utf-8"))
    texts = [element.text or "" for element in bars.iter("{http://www.w3.org/2000/svg}text")]
    for row in results["rows"]:
        name = row["by"] if is_contest(row) else row["stage"]
        assert any(text.startswith(name) for text in texts), name
        assert name in printed
    assert len(list(timeline.iter("{http://www.w3.org/2000/svg}rect"))) == 1 + len(STAGES) + len(
        results["timelines"][0]["spans"]
    )


def test_the_charts_texts_do_not_overlap(results: dict[str, Any]) -> None:
    """By a generous width of a letter; what is anchored elsewhere than at its start is one line's only one."""
    for chart in (draw_bars(results), draw_timeline(results["timelines"][0])):
        lines: dict[float, list[tuple[float, float]]] = {}
        for element in ElementTree.fromstring(chart).iter("{http://www.w3.org/2000/svg}text"):
            if "end" in (style := element.get("class", "")) or style == "in":
                continue
            width = 7.5 * len(element.text or "")
            x = float(element.get("x", "0")) - (width / 2 if "middle" in style else 0)
            lines.setdefault(float(element.get("y", "0")), []).append((x, x + width))
        for ends in lines.values():
            for (_, end), (begin, _) in zip(sorted(ends), sorted(ends)[1:], strict=False):
                assert end <= begin + 1


@pytest.mark.parametrize(
    ("text", "size"), [("540p", (540, 960)), ("4k", (2160, 3840)), ("4K", (2160, 3840)), ("160x96", SIZE)]
)
def test_sizes_by_name(text: str, size: tuple[int, int]) -> None:
    assert parse_size(text) == size


def test_sizes_are_shown_as_they_are_given() -> None:
    assert [name_size(*parse_size(text)) for text in ("1080p", "4K", "160x96")] == ["1080p", "4K", "160x96"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--size", "5K"), "size: there is no size '5K'; give one of 540p, 720p, 1080p, 4K or WxH as 1920x1080"),
        (("--size", "9x9"), "size: 9x9"),
        (("--twos", "--shot", "x"), "twos: "),
        (("--engine", "cpu", "--batch", 2), "engine cpu: "),
        (("generator", "--engine", "cpu", "--precision", "f16"), "engine cpu: this processor does not compute in f16"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_one_clear_line(arguments: tuple[object, ...], message: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, EngineError | SettingsError)
    assert str(result.exception).startswith(message)
    assert "\n" not in str(result.exception)


def test_the_command_knows_every_stage() -> None:
    assert (*STAGES, suite.END_TO_END) == WHAT
    result = run("painting")
    assert result.exit_code == 2
    assert "'painting' is not one of" in result.output
