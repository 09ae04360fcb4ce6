"""The benchmark scripts on small inputs: they run, and their results can be read and formatted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from conftest import pytorch_alone
from drawings import draw, make_shot

from framecolor.lineart.lines import read_drawing
from framecolor.lineart.regions import find_regions
from framecolor.media import read_image, write_image


@pytest.fixture(autouse=True)
def keep_thread_counts():
    opencv, pytorch = cv2.getNumThreads(), torch.get_num_threads()
    yield
    cv2.setNumThreads(opencv)
    torch.set_num_threads(pytorch)


def run(main: Any, *arguments: object) -> str:
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two clips of four drawings; one has its truth in flat/, the other in color/."""
    folder = tmp_path_factory.mktemp("clips")
    for name in ("walker", "vpet_dance"):
        shot = make_shot(folder / name, frames=4, keys=(0, 1, 2, 3), name="{:04d}.png")
        (shot / "keys").rename(shot / "color")
    for step in range(4):
        write_image(folder / "walker" / "flat" / f"{1001 + step:04d}.png", draw(step)[1])
    return folder


@pytest.fixture(scope="module")
def accuracy(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """accuracy.json of both clips, measured one after the other; the first one with everything."""
    from accuracy import main

    folder = tmp_path_factory.mktemp("accuracy")
    common = ("--clips", clips, "--keys-every", 3, "--fit", 2, "-o", folder / "accuracy.json")
    with pytest.MonkeyPatch.context() as patch, pytorch_alone():
        patch.setattr("framecolor.keys.finetuning.cache.AUTO_STEPS", 2)
        run(main, *common, "--clip", "walker", "--ablation", "--one-key", "--fit-auto", "--sheets", folder / "sheets")
        run(main, *common, "--clip", "vpet_dance")
    return folder


def test_accuracy_scores_both_protocols_of_each_clip(accuracy: Path) -> None:
    table = json.loads((accuracy / "accuracy.json").read_text("utf-8"))
    assert list(table["clips"]) == ["vpet_dance", "walker"]
    clip = table["clips"]["walker"]
    assert (clip["frames"], clip["keys"], clip["size"]) == (4, [1001, 1004], [128, 96])
    assert clip["off_palette_px"] == 0
    assert clip["line_change"] == 0
    for protocol in ("chained", "teacher_forced"):
        for tolerance in ("tolerance_0", "tolerance_8"):
            assert 0 <= clip[protocol][tolerance]["acc_thres"] <= 1
    assert clip["teacher_forced"]["tolerance_0"]["acc"] == 1  # a small step from the truth
    assert {"cpu", "cores", "torch"} <= set(clip["machine"])
    assert clip["fit"]["steps"] == 2


def test_accuracy_means_are_those_of_the_clips(accuracy: Path) -> None:
    table = json.loads((accuracy / "accuracy.json").read_text("utf-8"))
    values = [c["chained"]["tolerance_8"]["acc_thres"] for c in table["clips"].values()]
    assert table["mean"]["all"]["chained"]["tolerance_8"]["acc_thres"] == pytest.approx(np.mean(values), abs=1e-4)
    assert table["mean"]["hand_drawn"]["clips"] == ["vpet_dance"]


def test_ablation_disables_parts(accuracy: Path) -> None:
    from variants import VARIANTS

    ablation = json.loads((accuracy / "accuracy.json").read_text("utf-8"))["clips"]["walker"]["ablation"]["variants"]
    assert list(ablation) == list(VARIANTS)
    assert ablation["flow"]["acc_thres"] == 1  # small motion, which flow follows
    assert ablation["flow + matcher + painter"]["acc_thres"] == 1


def test_further_protocols_are_measured_when_asked_for(accuracy: Path) -> None:
    table = json.loads((accuracy / "accuracy.json").read_text("utf-8"))
    walker, dance = table["clips"]["walker"], table["clips"]["vpet_dance"]
    assert walker["one_key"]["keys"] == [1001]
    assert walker["fit_auto"]["keys"] == [1001, 1004]
    assert walker["fit_auto"]["fit"]["steps"] == 2
    assert "one_key" not in dance
    mean = table["mean"]["all"]["one_key"]
    assert mean["clips"] == ["walker"]
    assert mean["tolerance_8"]["acc_thres"] == walker["one_key"]["tolerance_8"]["acc_thres"]


def test_results_that_are_not_measured_are_kept_with_their_commit(accuracy: Path, tmp_path: Path) -> None:
    from accuracy import CONFIDENCE_FILE, keep_results
    from confidence import Judged

    for name in ("accuracy.json", CONFIDENCE_FILE):
        (tmp_path / name).write_bytes((accuracy / name).read_bytes())
    before = json.loads((tmp_path / "accuracy.json").read_text("utf-8"))["clips"]["walker"]
    plain = {name: value for name, value in before.items() if name not in ("one_key", "fit_auto", "ablation")}
    none = np.zeros(0)
    row = {**plain, "commit": "later", "fit_auto": {**before["fit_auto"], "commit": "later"}}
    keep_results(tmp_path / "accuracy.json", "walker", row, Judged(none, none > 0))
    after = json.loads((tmp_path / "accuracy.json").read_text("utf-8"))["clips"]["walker"]
    assert after["one_key"] == before["one_key"]
    assert after["ablation"] == before["ablation"]
    assert after["fit_auto"]["commit"] == after["commit"] == "later" != after["one_key"]["commit"]


def test_sheets_show_drawing_paint_truth_and_mistakes(accuracy: Path) -> None:
    sheet = read_image(accuracy / "sheets" / "walker.teacher_forced.png")
    assert sheet.shape[:2] == (4 * (96 + 6), 2 * (128 + 6))


def test_an_unknown_clip_is_named(clips: Path) -> None:
    from clips import find_clips

    with pytest.raises(SystemExit, match="no clip named nowhere"):
        find_clips(clips, ["nowhere"])


def test_drawn_shot_is_the_same_every_time_and_has_regions_and_trace_lines() -> None:
    from framecolor.bench import drawn_shot

    line, painted = drawn_shot.draw(3, (270, 480))
    again = drawn_shot.draw(3, (270, 480))
    assert (line == again[0]).all()
    assert (painted == again[1]).all()
    assert not (line == drawn_shot.draw(4, (270, 480))[0]).all()
    full = read_drawing(3, drawn_shot.draw(3)[0])
    assert full.trace.any()
    assert find_regions(full).count > 90


def test_throughput_measures_fit_frames_and_stages_of_both_clips(tmp_path: Path, quick_engine: None) -> None:
    from throughput import main

    output = tmp_path / "throughput.json"
    run(main, "--frames", 8, "--size", "160x120", "--fit", 2, "--repeats", 2, "-o", output)
    table = json.loads(output.read_text("utf-8"))
    for clip in (table, table["twos"]):
        assert list(clip["stages_ms"]) == ["decode", "regions", "flow", "match", "generator", "paint", "encode"]
        assert all(stage["median"] >= 0 for stage in clip["stages_ms"].values())
        assert clip["shot"]["keys"] == 3
        assert clip["frames_per_second"]["repeats"] == 2
        assert clip["end_to_end"]["of_slowest_stage"] > 0
    assert (table["end_to_end"]["clip"], table["twos"]["end_to_end"]["clip"]) == ("moving", "twos")
    assert table["fit"]["steps"] == 2
    text = "<!-- throughput -->\n<!-- /throughput -->"
    page = fill(text, tmp_path)
    assert "| the same on twos | " in page
    assert f"| the slowest stage alone on one core ({table['end_to_end']['slowest_stage']}), as a share" in page


def fill(text: str, results: Path) -> str:
    from tables import fill_page

    return fill_page(text, results)


def test_repaint_is_timed_with_one_core_and_all(tmp_path: Path, quick_engine: None) -> None:
    from repaint import main

    run(main, "--frames", 2, "--size", "160x120", "--repeats", 2, "-o", tmp_path / "repaint.json")
    table = json.loads((tmp_path / "repaint.json").read_text("utf-8"))
    assert table["ms_per_frame"]["cores_1"]["median"] > 0 and table["ms_per_frame"]["cores_1"]["repeats"] == 2
    assert table["shot"] == {"size": [160, 120], "frames": 2, "format": "png", "line": "over"}


def test_line_colors_are_measured_by_every_rule(clips: Path, tmp_path: Path) -> None:
    from line_colors import main

    clip = sorted(clips.iterdir())[0]
    run(main, clip, "--rule", "priority", "--sheet", tmp_path / "sheet.png", "-o", tmp_path / "line_colors.json")
    row = json.loads((tmp_path / "line_colors.json").read_text("utf-8"))["rules"]["priority"]
    assert row["line"] >= 0.9 and row["keys_to_the_bit"] and (tmp_path / "sheet_priority.png").is_file()
    page = fill("<!-- line_colors -->\n<!-- /line_colors -->", tmp_path)
    assert "| the first fill of the palette beside them | " in page


def test_memory_compares_a_short_and_a_long_shot(tmp_path: Path, quick_engine: None) -> None:
    import memory

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "_paint_apart", memory.paint_and_measure)
        rows = memory.measure(tmp_path, (3, 5), (120, 160), 1)
    assert [row["frames"] for row in rows] == [3, 5]
    assert all(row["peak_mib"]["median"] > 50 for row in rows)
    for count in (3, 5):
        assert len(list((tmp_path / str(count)).rglob("color/*.png"))) == count


def test_tables_are_written_between_their_markers_once(accuracy: Path, tmp_path: Path) -> None:
    from tables import fill_page, main

    text = (
        "before\n<!-- accuracy -->\nold\n<!-- /accuracy -->\n<!-- throughput -->\nkept\n<!-- /throughput -->\nafter\n"
    )
    filled = fill_page(text, accuracy)
    assert filled.startswith("before\n<!-- accuracy -->\n| clip |")
    assert "old" not in filled
    assert filled.endswith("<!-- throughput -->\nkept\n<!-- /throughput -->\nafter\n")  # no results: left as it is
    assert filled.index("vpet_dance") < filled.index("walker")
    assert fill_page(filled, accuracy) == filled

    page = tmp_path / "page.md"
    page.write_text(text, "utf-8")
    places = ("--results", accuracy, "--page", page, "--pictures", tmp_path)
    assert CliRunner().invoke(main, [*map(str, places), "--check"]).exit_code == 1
    assert page.read_text("utf-8") == text
    run(main, *places)
    assert page.read_text("utf-8") == filled
    run(main, *places, "--check")


def test_charts_are_drawn_from_a_bench_and_checked(tmp_path: Path) -> None:
    from tables import main

    row = {"stage": "paint", "by": "framecolor", "size": [160, 96], "precision": None,
           "ms": {"median": 2.0, "least": 1.5, "most": 3.0},
           "limit": {"of": "copying", "ms": 1.0}, "of_limit": 0.5}  # fmt: skip
    timeline = {"clip": "moving", "size": [160, 96], "frame_ms": 3.0, "length_ms": 3.0, "threads": ["MainThread"],
                "spans": [["paint", 0, 1, 0.0, 2.0]]}  # fmt: skip
    machine = {"cpu": "a processor", "cores": 2, "memory_gib": 8.0}
    bench = {"machine": machine, "options": {"engine": "cpu", "precision": "f32"}, "rows": [row], "end_to_end": [],
             "timelines": [timeline]}  # fmt: skip
    (tmp_path / "bench.json").write_text(json.dumps(bench), "utf-8")
    (tmp_path / "page.md").write_text("nothing\n", "utf-8")
    places = ("--results", tmp_path, "--page", tmp_path / "page.md", "--pictures", tmp_path)
    check = CliRunner().invoke(main, [*map(str, places), "--check"])
    assert check.exit_code == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bench.json", "page.md"]
    run(main, *places)
    assert "2.0 ms, 50% of its limit" in (tmp_path / "bench.svg").read_text("utf-8")
    assert "160x96, moving" in (tmp_path / "timeline.svg").read_text("utf-8")
    run(main, *places, "--check")
    row["ms"]["median"] = 4.0
    (tmp_path / "bench.json").write_text(json.dumps(bench), "utf-8")
    assert CliRunner().invoke(main, [*map(str, places), "--check"]).exit_code == 1


def test_every_table_has_a_place() -> None:
    from tables import PAGES, TABLES

    texts = [page.read_text("utf-8") for page in PAGES]
    for name in TABLES:
        assert any(f"<!-- {name} -->" in text and f"<!-- /{name} -->" in text for text in texts), name
