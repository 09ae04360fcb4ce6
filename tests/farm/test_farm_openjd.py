"""A job as openjd runs it: checked, with its paths mapped, cut anywhere, and the same to the byte as one run."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from cut_folders import add, invoke, make_cut, write_sheet
from drawings import make_shot
from farming import call, make_environment, make_farm_shot
from openjd.model import ParameterValue, ParameterValueType, create_job, decode_job_template
from openjd.sessions import ActionState, PathFormat, PathMappingRule, Session
from painting import read_all

from framecolor import InputError, Settings, Shot
from framecolor.farm import build_parameters, build_template, plan_job, run_job, write_job


def test_openjd_paints_what_one_run_paints(single_run: dict[str, bytes], tmp_path: Path) -> None:
    """In folders with names of all kinds, which are others on the farm, by the settings of the day of the export."""
    studio, farm = tmp_path / "the studio's", tmp_path / 'the "farm" {{Param.Shot}} $HOME %d ü'
    root = make_farm_shot(studio / "cut")
    result = invoke("farm", "export", root, "-o", studio / "job", "--chunk", "1")
    assert result.exit_code == 0, result.output
    studio.rename(farm)
    (farm / "cut/framecolor.toml").write_text("fit = 1\nmode = 'painted'\n")
    environment = make_environment(tmp_path / "tmp")
    assert "passes validation checks" in call(environment, "openjd", "check", farm / "job/template.json")
    rule = {"source_path_format": "POSIX", "source_path": str(studio), "destination_path": str(farm)}
    rules = json.dumps({"version": "pathmapping-1.0", "path_mapping_rules": [rule]})
    template, parameters = farm / "job/template.json", f"file://{farm}/job/parameters.json"
    log = call(environment, "openjd", "run", template, "-p", parameters, "--path-mapping-rules", rules, cwd=tmp_path)
    assert "Chunks run: 4" in log, "Prepare, two of Color, Finish"
    assert not studio.exists()
    painted, report = read_all(farm / "cut/color"), "report.html"
    page = re.sub("<[^>]*>", "", painted.pop(report).decode())
    assert "--mode flat" in page, "a correction repaints by the settings of the run, not by those of today"
    assert painted == {name: data for name, data in single_run.items() if name != report}


def test_openjd_paints_a_retake_from_its_cut(tmp_path: Path) -> None:
    """Keys, the sheet and the first take lie beside the retake's own drawings: a farm gets all of them with the cut."""
    studio, farm = tmp_path / "studio", tmp_path / "farm"
    cut = make_cut(studio / "Cut-005")
    write_sheet(cut)
    add(cut / "Line/A.R1", "a", 3, 5, step=4)
    shutil.copytree(studio, tmp_path / "single")
    environment = make_environment(tmp_path / "tmp")
    call(environment, "framecolor", "colorize", tmp_path / "single/Cut-005", "--cel", "A.R1", "--report")
    result = invoke("farm", "export", cut, "--cel", "A.R1", "-o", studio / "job")
    assert result.exit_code == 0, result.output
    studio.rename(farm)
    rule = {"source_path_format": "POSIX", "source_path": str(studio), "destination_path": str(farm)}
    rules = json.dumps({"version": "pathmapping-1.0", "path_mapping_rules": [rule]})
    parameters = f"file://{farm}/job/parameters.json"
    call(environment, "openjd", "run", farm / "job/template.json", "-p", parameters, "--path-mapping-rules", rules)
    painted = read_all(farm / "Cut-005_Cell")
    assert "A.R1/report.html" in painted
    assert painted == read_all(tmp_path / "single/Cut-005_Cell")


def test_paths_of_windows_are_mapped_on_other_hosts(tmp_path: Path) -> None:
    """A job that was made on Windows, with its paths as they are written there, as a host of its farm runs it."""
    root, written = make_shot(tmp_path / "cut", 3, (0,)), tmp_path / "arguments"
    job = replace(
        plan_job(str(root), Shot.open(root), Settings()),
        shot=PureWindowsPath(r"D:\shots\cut 12"), out=PureWindowsPath(r"D:\shots\cut 12\color"),
        pattern="sh.####.png", places={"keys": PureWindowsPath(r"\\server\painted\keys 12")},
    )  # fmt: skip
    code = "import sys; open(sys.argv[1], 'w', encoding='utf-8').write('\\n'.join(sys.argv[2:]))"
    template = decode_job_template(template=build_template(job, (sys.executable, "-c", code, str(written))))
    paths = {"Shot", "Out", "Keys"}
    values = {
        name: ParameterValue(type=ParameterValueType.PATH if name in paths else ParameterValueType.STRING, value=value)
        for name, value in {**build_parameters(job), "Settings": "settings.toml"}.items()
    }
    color = create_job(job_template=template, job_parameter_values=values).steps[1]
    rules = [
        PathMappingRule(
            source_path_format=PathFormat.WINDOWS,
            source_path=PureWindowsPath(source),
            destination_path=PurePosixPath(target),
        )
        for source, target in ((r"D:\shots", "/mnt/shots"), (r"\\server\painted", "/mnt/painted"))
    ]
    ended = threading.Event()
    with Session(
        session_id="host", job_parameter_values=values, path_mapping_rules=rules, session_root_directory=tmp_path,
        callback=lambda _, status: status.state != ActionState.RUNNING and ended.set(),
    ) as session:  # fmt: skip
        span = ParameterValue(type=ParameterValueType.STRING, value="1001-1003")
        session.run_task(step_script=color.script, task_parameter_values={"Span": span})
        assert ended.wait(60)
    words = written.read_text("utf-8").splitlines()
    assert words[:4] == ["colorize", "/mnt/shots/cut 12/sh.####.png", "--out", "/mnt/shots/cut 12/color"]
    assert words[words.index("--keys") + 1] == "/mnt/painted/keys 12"


def test_slurm_takes_no_paths_of_windows(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0,))
    job = replace(plan_job(str(root), Shot.open(root), Settings()), shot=PureWindowsPath(r"D:\shots\cut"))
    with pytest.raises(InputError, match="--slurm"):
        write_job(job, tmp_path / "job", slurm=True)
    assert not (tmp_path / "job").exists()


def test_farm_run_paints_what_one_run_paints(
    single_run: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in make_environment(tmp_path / "tmp").items():
        monkeypatch.setenv(name, value)
    root = make_farm_shot(tmp_path / "cut")
    result = invoke("farm", "run", root, "--progress", "plain")
    assert result.exit_code == 0, result.output
    for line in ("cut: paint 7/7", "cut      3        0          7       0         0"):
        assert line in result.output
    assert "openjd" not in result.output
    assert read_all(root / "color") == single_run


STUB = """\
import os, pathlib, signal, sys, time
here = pathlib.Path({folder!r})
step = "color" if "--part" in sys.argv else sys.argv[2]
with (here / "calls").open("a") as calls:
    calls.write(step + "\\n")
print("openjd_status: cut: " + dict(prepare="fit 2/2", color="paint 1/3", finish="")[step], flush=True)
exec((here / "do.py").read_text(), dict(step=step, argv=sys.argv))
"""


@pytest.fixture
def run_stub(tmp_path: Path):
    """Run a job with a stub of framecolor. Returns exit code, progress, lines for the user, and the steps."""
    root = make_shot(tmp_path / "cut", 7, (0, 3, 6))
    job = plan_job(str(root), Shot.open(root), Settings(), chunk_frames=1)

    def run(do: str):
        (tmp_path / "do.py").write_text(do)
        (tmp_path / "stub.py").write_text(STUB.format(folder=str(tmp_path)))
        (tmp_path / "calls").unlink(missing_ok=True)
        write_job(job, tmp_path / "job", program=(sys.executable, str(tmp_path / "stub.py")))
        seen: list[tuple[str, int, int]] = []
        lines: list[str] = []
        code = run_job(job, tmp_path / "job", lambda *call: seen.append(call), lines.append)
        return code, seen, lines, (tmp_path / "calls").read_text().split()

    return run


def test_a_local_job_reports_progress_and_problems(run_stub) -> None:
    code, seen, lines, calls = run_stub("print('warning: cut: dim'); print('a table')")
    assert code == 0
    assert calls == ["prepare", "color", "color", "finish"]
    assert seen == [("fit", 2, 2), ("paint", 1, 7), ("paint", 4, 7), ("paint", 5, 7), ("paint", 7, 7)]
    assert lines == ["warning: cut: dim", "warning: cut: dim", "a table"], "once for all tasks, and the lines of Finish"


@pytest.mark.parametrize(
    ("do", "want", "calls", "line"),
    [
        ("if step == 'prepare': print('openjd_fail: none'); raise SystemExit(2)", 2, 1, "failed: Prepare: none"),
        ("if '1001-1004' in argv: raise SystemExit(3)", 0, 4, "failed: Color 1001-1004: ended with code 3"),
        ("if '1001-1004' in argv: 1 / 0", 0, 4, "ZeroDivisionError: division by zero"),
        ("import os\nif '1001-1004' in argv: os.kill(os.getpid(), 9)", 0, 4,
         "failed: Color 1001-1004: ended with code -9"),
        ("if step == 'finish': raise SystemExit(1)", 1, 4, ""),
    ],
)  # fmt: skip
def test_a_task_that_fails_stops_no_other_but_the_first(run_stub, do: str, want: int, calls: int, line: str) -> None:
    """The exit code is that of Finish."""
    code, _, lines, called = run_stub(do)
    assert (code, len(called)) == (want, calls)
    assert line in lines or line == ""


def test_an_interrupted_job_asks_its_task_to_end(run_stub, tmp_path: Path) -> None:
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    do = f"""
import pathlib, time
try:
    import signal
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    pathlib.Path({str(begun)!r}).touch()
    time.sleep(60)
except KeyboardInterrupt:
    pathlib.Path({str(ended)!r}).touch()
"""

    def interrupt() -> None:
        while not begun.exists():
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run_stub(do)
    thread.join()
    assert ended.exists()


def test_without_openjd_the_extra_is_named(run_stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openjd.model", None)
    with pytest.raises(InputError, match=r"needs openjd; pip install 'framecolor\[farm\]'"):
        run_stub("")


@pytest.mark.usefixtures("quick_engine")
def test_finish_lists_failed_frames(tmp_path: Path) -> None:
    """A broken drawing fails in each try of its task; the job runs to its end, and Finish fails."""
    root = make_shot(tmp_path / "cut", 7, (0, 3, 6))
    (root / "line/cut.1002.png").write_bytes(b"")
    assert invoke("farm", "finish", root).exit_code == 2, "nothing is painted yet"
    openjd = ("--progress", "openjd")
    assert invoke("farm", "prepare", root, "--fit", "2", *openjd).exit_code == 0
    result = invoke("colorize", root, "--fit", "2", "--part", "--frames", "1001-1004", *openjd)
    assert result.exit_code == 0, result.output
    assert "failed: cut frame 1002" in result.stderr
    result = invoke("farm", "finish", root, *openjd)
    assert result.exit_code == 1
    assert "openjd_fail: cut: 4 frames failed (1002, 1005, 1006, 1007): " in result.stdout
    assert "failed: cut frame 1006: no task has painted it" in result.stderr
    assert invoke("farm", "finish", root, "--frames", "1003-1004").exit_code == 0
    assert (root / "color/report.html").exists()


def test_a_task_that_cannot_begin_shows_the_reason(tmp_path: Path) -> None:
    for command in (("farm", "prepare"), ("farm", "finish"), ("colorize", "--part")):
        result = invoke(*command, tmp_path / "none", "--progress", "openjd")
        assert result.exit_code == 2
        assert f"openjd_fail: {tmp_path}/none: there is no such folder" in result.stdout


def test_paths_of_a_job_are_written_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without "..": a farm's rule for the shot's folder would not apply to a path that only leads there."""
    root = make_shot(tmp_path / "studio/cut", 3, (0,))
    (tmp_path / "elsewhere/deeper").mkdir(parents=True)
    (root / "keys").rename(tmp_path / "painted")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere/deeper")
    monkeypatch.chdir(tmp_path / "elsewhere")
    exported = (
        "farm",
        "export",
        "../studio/./cut",
        "--keys",
        "deeper/../../painted",
        "--out",
        "../out",
        "-o",
        "../job",
    )
    result = invoke(*exported, "--fit", "off")
    assert result.exit_code == 0, result.output
    values = json.loads((tmp_path / "job/parameters.json").read_text())
    assert values == {"Shot": str(root), "Keys": str(tmp_path / "painted"), "Out": str(tmp_path / "out")}
    result = invoke("farm", "export", "../link/../../studio/cut", "--keys", "../painted", "-o", "../other")
    assert result.exit_code == 0, result.output
    values = json.loads((tmp_path / "other/parameters.json").read_text())
    assert Path(values["Shot"]).samefile(root), "behind a link, .. is not the folder above its name"
    assert ".." not in values["Shot"] + values["Out"]
