"""A shot as a job: the frames of each task, the job's files, and names that cannot be mistaken for options."""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from drawings import draw, make_shot
from farming import call, make_environment
from levels import save_level

from framecolor import InputError, OutputError, Settings, Shot, cli
from framecolor.cli import farm as farm_commands
from framecolor.core.text import format_command
from framecolor.farm import CHUNK_FRAMES, build_parameters, build_template, cut_spans, plan_job, write_job
from framecolor.farm.job import FarmJob
from framecolor.media import write_image
from framecolor.shot.sequence import parse_frames


def make_lines(root: Path, numbers: list[int], keys: list[int]) -> Path:
    """A shot whose drawings are all the same: for what looks at numbers only."""
    line, painted = draw(0, (8, 8))
    for number in numbers:
        write_image(root / f"line/{number:04d}.png", line)
    for number in keys:
        write_image(root / f"keys/{number:04d}.png", painted)
    return root


def export(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.framecolor, ["farm", "export", *map(str, arguments)])


def job_of(root: Path, settings: Settings | None = None, **given: object) -> FarmJob:
    return plan_job(str(root), Shot.open(root), settings or Settings(), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("numbers", "keys", "frames", "chunk", "want"),
    [
        (range(1, 13), [1, 5, 9, 12], None, 1, ["1-5", "6-9", "10-12"]),
        (range(1, 13), [1, 5, 9, 12], None, 5, ["1-5", "6-12"]),
        (range(1, 13), [1, 5, 9, 12], None, 6, ["1-12"]),
        (range(1, 13), [1, 5, 9, 12], None, 99, ["1-12"]),
        (range(1, 13), [1, 3, 5, 7, 12], None, 4, ["1-5", "6-12"]),
        (range(1, 13), [], None, 2, ["1-12"]),
        (range(1, 13), [6], None, 2, ["1-6", "7-12"]),
        (range(1, 13), [1, 5, 9, 12], "2-12x2", 1, ["2,4", "6,8", "10,12"]),
        (range(1, 13), [1, 5, 9, 12], "1,6-7", 1, ["1", "6-7"]),
        (range(1, 13), [1, 5, 9, 12], "10", 1, ["10"]),
        ([1, 2, 3, 40, 41, 95, 96], [1, 40, 96], None, 1, ["1-40", "41-96"]),
        ([1, 2, 3, 40, 41, 95, 96], [1, 40, 96], "2-96x2", 1, ["2,40", "96"]),
        ([7], [7], None, 1, ["7"]),
        ([7], [], None, 24, ["7"]),
    ],
)  # fmt: skip
def test_chunks_are_whole_spans(
    tmp_path: Path, numbers: list[int], keys: list[int], frames: str | None, chunk: int, want: list[str]
) -> None:
    root = make_lines(tmp_path, list(numbers), keys)
    shot = Shot.open(root, frames=frames)
    chunks = cut_spans(shot, chunk)
    assert [c.frames for c in chunks] == want
    painted = [number for c in chunks for number in parse_frames(c.frames, shot.numbers)]
    assert painted == list(shot.wanted), "each wanted frame once, and no other"
    assert sum(c.count for c in chunks) == len(shot.wanted)


def test_chunks_are_as_many_and_as_long_as_farms_take_them() -> None:
    numbers = tuple(range(1, 65_536))
    keys = {number: Path("key.png") for number in numbers[::3]}
    lines = dict.fromkeys(numbers, Path("line.png"))
    shot = Shot("long", Path(), Path(), lines, None, numbers, numbers, keys, {}, {}, (8, 8))
    assert len(cut_spans(shot, 1)) <= 1000
    scattered = tuple(n for n in numbers[:5000] if n % 7 in (1, 2, 5) or n % 11 == 3)
    odd = Shot("odd", Path(), Path(), lines, None, numbers, scattered, {1: Path("key.png")}, {}, {}, (8, 8))
    chunks = cut_spans(odd, 1)
    assert len(chunks) > 1, "one list of single numbers is too long for a task"
    assert all(len(chunk.frames) <= 1024 for chunk in chunks)
    assert [n for chunk in chunks for n in parse_frames(chunk.frames, numbers)] == list(scattered)


def test_a_job_holds_the_settings_of_all_levels_and_where_the_files_are(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "show/cut", 5, (0, 4))
    (tmp_path / "show/framecolor.toml").write_text("min_region_px = 7\nseed = 3\npalette = 'film.gpl'\n")
    (tmp_path / "show/film.gpl").write_text("GIMP Palette\n1 2 3\n")
    (root / "framecolor.toml").write_text("seed = 4\nreference = 'ref.png'\n")
    given = ("--gap", "3", "--engine", "cpu", "--frames", "1002-1004", "--keys", root / "keys", "--overwrite")
    result = export(root, "-o", tmp_path / "job", *given)
    assert result.exit_code == 0, result.output
    assert "3 frames of cut in 1 task, engine cpu" in result.output
    job = tmp_path / "job"
    assert f"next: openjd run {job}/template.json -p file://{job}/parameters.json" in result.stdout.splitlines()
    settings = Settings(**tomllib.loads((tmp_path / "job/settings.toml").read_text()))
    assert settings == Settings(gap_px=3, engine="cpu", min_region_px=7, seed=4, reference="ref.png", overwrite=True), (
        "files below the shot's folder go with it"
    )
    assert json.loads((tmp_path / "job/parameters.json").read_text()) == {
        "Shot": str(root),
        "Out": str(root / "color"),
        "Keys": str(root / "keys"),
        "Palette": str(tmp_path / "show/film.gpl"),
    }
    steps = json.loads((tmp_path / "job/template.json").read_text())["steps"]
    args = {step["name"]: " ".join(step["script"]["actions"]["onRun"]["args"]) for step in steps}
    where = "{{Param.Shot}} --out {{Param.Out}} --keys {{Param.Keys}}"
    how = "--settings {{Param.Settings}} --palette {{Param.Palette}}"
    assert args == {
        "Prepare": f"farm prepare {where} {how} --progress openjd",
        "Color": f"colorize {where} {how} --frames {{{{Task.Param.Span}}}} --part --log - --progress openjd",
        "Finish": f"farm finish {where} --frames 1002-1004 --progress openjd",
    }
    assert not (root / "color").exists()


@pytest.mark.parametrize(("engine", "needs"), [("auto", False), ("cpu", False), ("cuda", True), ("tensorrt", True)])
def test_a_gpu_is_asked_for_only_where_the_engine_needs_one(tmp_path: Path, engine: str, needs: bool) -> None:
    job = job_of(make_shot(tmp_path / "cut", 3, (0,)), Settings(engine=engine))  # type: ignore[arg-type]
    steps = {step["name"]: "hostRequirements" in step for step in build_template(job)["steps"]}
    assert steps == {"Prepare": needs, "Color": needs, "Finish": False}
    write_job(job, tmp_path / "job", slurm=True)
    assert (tmp_path / "job/submit.sh").read_text().count("--gres=gpu:1") == (2 if needs else 0)


def test_an_export_ends_with_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_shot(tmp_path / "cut", 3, (0,))
    monkeypatch.chdir(tmp_path)
    for given, want in (
        (("-o", "a job"), "next: openjd run 'a job/template.json' -p 'file://a job/parameters.json'"),
        (("-o", "a job", "--slurm"), "next: 'a job/submit.sh'"),
        (("-o", ".", "--slurm"), "next: ./submit.sh"),
    ):
        assert export("cut", *given).stdout.splitlines()[-1] == want


def test_what_to_run_is_said_for_the_shell_that_is_to_run_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_shot(tmp_path / "cut", 3, (0,))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(farm_commands, "format_command", lambda words, system="nt": format_command(words, system))
    for given, want in (
        ((), 'next: openjd run "a job/template.json" -p "file://a job/parameters.json"'),
        (("--slurm",), "next: 'a job/submit.sh'"),
    ):
        assert export("cut", "-o", "a job", *given).stdout.splitlines()[-1] == want


def test_hosts_share_the_folder_of_plans_where_one_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, engines = make_shot(tmp_path / "cut", 3, (0,)), tmp_path / "plans of all"
    for engine, shared in (("cpu", False), ("tensorrt", True)):
        monkeypatch.setenv("FRAMECOLOR_ENGINE_DIR", str(engines))
        assert export(root, "-o", tmp_path / "job", "--engine", engine).exit_code == 0
        monkeypatch.delenv("FRAMECOLOR_ENGINE_DIR")
        template = tmp_path / "job/template.json"
        assert ("jobEnvironments" in json.loads(template.read_text())) == shared
    # What a host of the farm is given, with a few lines of shell in the place of framecolor.
    program = ("sh", "-c", f'echo "$FRAMECOLOR_ENGINE_DIR" > {tmp_path}/folder')
    write_job(job_of(root, Settings(engine="cuda"), engine_dir=engines), tmp_path / "job 2", program=program)
    environment = make_environment(tmp_path / "tmp")
    template, parameters = tmp_path / "job 2/template.json", f"file://{tmp_path}/job 2/parameters.json"
    call(environment, "openjd", "run", template, "-p", parameters, "--step", "Prepare")
    assert (tmp_path / "folder").read_text() == f"{engines}\n"


def test_settings_survive_the_way_through_a_job(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0,))
    settings = Settings(mode="painted", lanes=3, gap_px=0.5, fit="off", line="layer", palette='a "b" \\ {{c}} ü.gpl')
    write_job(job_of(root, settings), tmp_path / "job")
    assert tomllib.loads((tmp_path / "job/settings.toml").read_text("utf-8")) == {
        name: value for name, value in asdict(settings).items() if value is not None
    }


def test_a_pattern_is_a_folder_and_a_name(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0,))
    pattern = root / "line/cut.####.png"
    job = plan_job(str(pattern), Shot.open(pattern, keys=root / "keys"), Settings(), places={"keys": root / "keys"})
    parameters = {p["name"]: p for p in build_template(job)["parameterDefinitions"]}
    assert (parameters["Shot"]["objectType"], parameters["Pattern"]["type"]) == ("DIRECTORY", "STRING")
    assert build_parameters(job) == {
        "Shot": str(root / "line"),
        "Pattern": "cut.####.png",
        "Out": str(root / "line/color"),
        "Keys": str(root / "keys"),
    }


def test_a_level_takes_the_folder_of_its_palette_along(tmp_path: Path) -> None:
    level, keys = save_level(tmp_path / "A.tlv", {(1, ""): 0, (2, ""): 1}), tmp_path / "painted/B.tlv"
    save_level(keys, {(1, ""): 0}, (1,))
    job = plan_job(str(level), Shot.open(level, keys=keys), Settings(format="tlv"), places={"keys": keys})
    template = build_template(job)
    parameters = {p["name"]: p.get("objectType") for p in template["parameterDefinitions"]}
    assert (parameters["Shot"], parameters["Keys"]) == ("DIRECTORY", "DIRECTORY")
    arguments = template["steps"][0]["script"]["actions"]["onRun"]["args"]
    assert arguments[arguments.index("--keys") + 1] == "{{Param.Keys}}/{{Param.KeysLevel}}"
    assert build_parameters(job) == {
        "Shot": str(tmp_path),
        "Pattern": "A.tlv",
        "Out": str(tmp_path / "color"),
        "Keys": str(tmp_path / "painted"),
        "KeysLevel": "B.tlv",
    }


def test_all_tasks_get_the_references_of_the_command(tmp_path: Path) -> None:
    root, folder = make_shot(tmp_path / "cut", 3, (0,)), tmp_path / "painted"
    write_image(folder / "anna.png", draw(4)[1])
    for given, words in ((folder, "{{Param.References}}"), ("none", "none")):
        assert export(root, "--references", given, "-o", tmp_path / "job").exit_code == 0
        template = json.loads((tmp_path / "job/template.json").read_text("utf-8"))
        for step in template["steps"]:
            arguments = step["script"]["actions"]["onRun"]["args"]
            assert arguments[arguments.index("--references") + 1] == words
        values = json.loads((tmp_path / "job/parameters.json").read_text("utf-8"))
        assert values.get("References") == (str(folder) if given == folder else None)


def test_help_names_the_size_of_chunks() -> None:
    assert f"[default: {CHUNK_FRAMES};" in CliRunner().invoke(cli.framecolor, ["farm", "run", "--help"]).output


def test_a_job_that_could_not_begin_is_not_written(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0,))
    for arguments, problem in (
        ((root, "--out", root / "keys"), "holds the shot's own drawings, keys or references"),
        ((root, "--frames", "1-5"), "is not in the shot"),
        ((root, "--stencils", root), "framecolor colorize --stencils"),
        ((tmp_path / "none",), "there is no such folder"),
        ((root, "--settings", tmp_path / "none.toml"), "cannot be read"),
    ):
        result = export(*arguments, "-o", tmp_path / "job")
        assert result.exit_code != 0
        assert problem in f"{result.output} {result.exception}"
    assert not (tmp_path / "job").exists()


@pytest.mark.parametrize("name", ["two\nlines", "bell\a", "not utf-8 \udcff", "x" * 250 + "/" + "y" * 250])
def test_names_that_no_farm_can_hold_are_refused(tmp_path: Path, name: str) -> None:
    job = job_of(make_shot(tmp_path / "cut", 3, (0,)))
    if "/" in name:
        name = "/".join([name] * 3)
    with pytest.raises(InputError, match="cannot be passed to a farm"):
        FarmJob(**{**vars(job), "shot": tmp_path / name})


def test_an_export_replaces_its_own_files_and_no_others(tmp_path: Path) -> None:
    root, folder = make_shot(tmp_path / "cut", 3, (0,)), tmp_path / "job"
    job = job_of(root)
    write_job(job, folder, slurm=True)
    (folder / "notes.txt").write_text("mine")
    write_job(job, folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        ".framecolor.json", "notes.txt", "parameters.json", "settings.toml", "template.json"
    ]  # fmt: skip
    (folder / "submit.sh").write_text("mine")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(OutputError, match=r"submit\.sh: .*`framecolor farm export`"):
        write_job(job_of(root, Settings(seed=5)), folder, slurm=True)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before, "nothing was written"
    (folder / "submit.sh").unlink()
    with pytest.raises(OutputError, match="backslash"):
        write_job(job, tmp_path / "back\\slash", slurm=True)
    (folder / "settings.toml").write_text("gap_px = 3\n")
    with pytest.raises(OutputError, match=r"settings\.toml: "):
        write_job(job, folder)
