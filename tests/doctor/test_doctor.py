"""framecolor doctor: each check finds a real fault and names the fix, and the other checks run."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata, util
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from drawings import make_shot
from filelock import FileLock

import framecolor.doctor as doctor
from framecolor import ShotError, cli
from framecolor.doctor import (
    Finding,
    Target,
    codecs,
    disk,
    engines,
    examine,
    find_target,
    gpu,
    machine,
    packages,
    tensorrt,
    weights,
)
from framecolor.doctor.shot import check_outputs, check_settings, check_shot
from framecolor.media import movie_writer, self_test
from framecolor.networks import checkpoint, shipped

HERE = Target(Path.cwd(), (Path.cwd() / "color",))


def invoke(*arguments: str | Path):
    return CliRunner().invoke(cli.framecolor, ["doctor", *map(str, arguments)], standalone_mode=False)


def by_status(findings: list[Finding]) -> dict[str, list[Finding]]:
    return {status: [f for f in findings if f.status == status] for status in doctor.STATUSES}


def only(findings: Iterator[Finding] | list[Finding], status: str) -> Finding:
    """The one finding of that status."""
    found = [f for f in findings if f.status == status]
    assert len(found) == 1, found
    return found[0]


@pytest.fixture
def healthy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small shot, with its own folders for engine files and caches."""
    monkeypatch.setenv("FRAMECOLOR_ENGINE_DIR", str(tmp_path / "engines"))
    return make_shot(tmp_path / "cut", 3, (0,))


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Forget what earlier tests found out about this machine's GPU."""
    gpu.lacks_gpu.cache_clear()
    yield
    gpu.lacks_gpu.cache_clear()


def test_a_machine_that_runs_the_tests_passes(healthy: Path) -> None:
    """No failure, a finding for every topic, no files left, quick, and the same in JSON."""
    before = sorted(healthy.rglob("*"))
    begin = time.monotonic()
    result = invoke(healthy, "--json")
    assert time.monotonic() - begin < 20  # 3 s on an idle machine
    table = json.loads(result.stdout)
    assert [row for row in table["findings"] if row["status"] == "fail"] == []
    assert result.return_value == 0 and table["counts"]["fail"] == 0
    silent = {"output", "tensorrt"}  # nothing was painted yet, and not each machine has a GPU
    assert {row["topic"] for row in table["findings"]} | silent == {topic for topic, _ in doctor._CHECKS}
    assert all(bool(row["fix"]) == (row["status"] != "ok") for row in table["findings"])
    assert sorted(healthy.rglob("*")) == before
    packages_ = next(row for row in table["findings"] if row["topic"] == "packages")
    assert packages_["data"]["torch"] == metadata.version("torch")


def test_the_table_is_grouped_by_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(target: Target) -> Iterator[Finding]:
        yield Finding("disk", "ok", "room")
        yield Finding("disk", "fail", "no room", "make room")

    monkeypatch.setattr(doctor, "_load", lambda name: check)
    monkeypatch.setattr(doctor, "_CHECKS", (("disk", "any"),))
    result = invoke()
    assert result.return_value == 1
    lines = result.output.splitlines()
    assert lines[:3] == ["disk       ok    room", "           FAIL  no room", "                 -> make room"]
    assert lines[-1].startswith("1 ok, 1 fail, in ")


def test_a_check_that_breaks_is_a_finding_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(target: Target) -> Iterator[Finding]:
        yield Finding("one", "ok", "well")
        raise OSError("the library\nis gone")

    def refuse(target: Target) -> Iterator[Finding]:
        raise ShotError("cut", "there is no such folder", "check the name")

    checks = {"broken": check, "refused": refuse}
    monkeypatch.setattr(doctor, "_CHECKS", (("a", "broken"), ("b", "no.such:module"), ("c", "refused")))
    load = doctor._load
    monkeypatch.setattr(doctor, "_load", lambda name: checks.get(name) or load(name))
    first, second, third, fourth = examine(HERE)
    assert first.status == "ok"
    assert (second.topic, second.status, second.what) == ("a", "fail", "OSError: the library is gone")
    assert (third.topic, third.status) == ("b", "fail") and "No module named" in third.what
    assert (fourth.what, fourth.fix) == ("cut: there is no such folder", "check the name")
    assert second.fix and third.fix


def test_findings_check_themselves() -> None:
    for wrong in (
        ("a", "ok", "x", "fix"),
        ("a", "fail", "x", ""),
        ("", "ok", "x"),
        ("a", "b", "x"),
    ):
        with pytest.raises(ValueError, match="a finding "):
            Finding(*wrong)  # type: ignore[arg-type]
    assert Finding("a", "fail", "a\nb", "\x1b[2J").what == "a\\nb", "whatever a file is called, it is one line"


def _manifest(line_dir: str) -> str:
    return json.dumps({"format": 1, "shot": "cut", "line_dir": line_dir, "size": [4, 4], "palette": [], "frames": []})


def test_targets(healthy: Path, painted_shot: Path, tmp_path: Path) -> None:
    assert find_target(healthy) == Target(healthy, (healthy / "color",), (healthy,))
    assert find_target(painted_shot / "color") == Target(painted_shot, (painted_shot / "color",), (painted_shot,))
    assert find_target(healthy / "cut.####.png").root == healthy
    (healthy / "framecolor.json").write_text(_manifest("line"))  # painted with -o SHOT
    assert find_target(healthy) == Target(healthy, (healthy,), (healthy,))
    assert find_target().shots == ()
    for name in ("none", "none/cut", "none/cut.####.png"):
        with pytest.raises(ShotError, match="there is no such "):
            find_target(tmp_path / name)


def test_a_cut_is_all_of_its_cels(healthy: Path, tmp_path: Path) -> None:
    cut = tmp_path / "Cut-005"
    for name in ("A", "B"):
        shutil.copytree(healthy / "line", cut / "Line" / name)
        shutil.copytree(healthy / "keys", cut / "Keys" / name)
    target = find_target(cut)
    assert target.outs == (tmp_path / "Cut-005_Cell/A", tmp_path / "Cut-005_Cell/B")
    assert [f.status for f in check_shot(target)] == ["ok", "ok"]
    cel = find_target(cut / "Line/B")
    assert (cel.root, cel.outs) == (cut, (tmp_path / "Cut-005_Cell/B",))
    # Painted frames know where they came from.
    cel.outs[0].mkdir(parents=True)
    (cel.outs[0] / "framecolor.json").write_text(_manifest("../../Cut-005/Line/B"))
    assert find_target(cel.outs[0]) == Target(cut.resolve(), cel.outs, ((cut / "Line/B").resolve(),))


# What is broken, one thing at a time.


@pytest.fixture
def copied_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "weights"
    shutil.copytree(shipped.WEIGHTS, folder)
    for home in (shipped, checkpoint):
        monkeypatch.setattr(home, "WEIGHTS", folder)
    return folder


def test_weights_that_are_damaged_or_gone(copied_weights: Path) -> None:
    assert only(weights.check_weights(HERE), "ok").what.startswith(
        "chooser, deepcolor, diffusion, generator, histogram, matcher, painter, paintstorch, perception, stencil:"
    )
    file = copied_weights / "matcher.safetensors"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1  # a single bit
    file.write_bytes(data)
    (copied_weights / "perception.safetensors").unlink()
    found = by_status(list(weights.check_weights(HERE)))
    assert "matcher.safetensors" in found["fail"][0].what and "model card" in found["fail"][0].what
    assert "perception.safetensors is missing" in found["fail"][1].what
    assert all("pip install --force-reinstall" in f.fix for f in found["fail"])
    assert found["ok"][0].what.startswith(
        "chooser, deepcolor, diffusion, generator, histogram, painter, paintstorch, stencil:"
    )


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs a folder that nobody may write to")
def test_folders_that_cannot_be_written_to() -> None:
    target = Target(Path("/sys/kernel"), (Path("/sys/kernel/color"),))
    found = only(disk.check_folders(target), "fail")
    assert "/sys/kernel/color" in found.what and "-o" in found.fix
    assert "/sys/kernel" in only(disk.check_locks(target), "warn").what


@pytest.mark.parametrize(("free_gib", "status"), [(0.05, "fail"), (1.0, "warn"), (10.0, "ok")])
def test_little_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_gib: float, status: str) -> None:
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda path: SimpleNamespace(free=free_gib * 2**30))
    found = list(disk.check_folders(Target(tmp_path, (tmp_path / "color",), (tmp_path,))))
    ways = ["", "", ""] if status == "ok" else ["-o", "FRAMECOLOR_ENGINE_DIR", "TMPDIR"]
    assert [(f.status, f.fix.rpartition(" with ")[2]) for f in found] == [(status, way) for way in ways]


def test_a_file_in_the_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "color").write_text("")
    found = only(disk.check_folders(Target(tmp_path, (tmp_path / "color",))), "fail")
    assert found.what.startswith(f"frames: {tmp_path}/color ")


def test_locks_that_have_no_effect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = Target(tmp_path, (tmp_path / "color",))
    assert only(disk.check_locks(target), "ok").data == {"folder": str(tmp_path)}
    monkeypatch.setattr(FileLock, "_acquire", lambda self: setattr(self._context, "lock_file_fd", 1))
    monkeypatch.setattr(FileLock, "_release", lambda self: setattr(self._context, "lock_file_fd", None))
    found = only(disk.check_locks(target), "warn")
    assert str(tmp_path) in found.what and "locks" in found.fix


def test_a_missing_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = packages._version
    monkeypatch.setattr(packages, "_version", lambda name: None if name == "psd-tools" else plain(name))
    found = next(f for f in packages.check_extras(HERE) if f.data["extra"] == "psd")
    assert (found.status, found.fix) == ("note", "pip install 'framecolor[psd]'")
    assert found.what == "psd: no psd-tools (frames as layered Photoshop files)"


def test_packages_that_are_missing_old_or_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"torch": "2.9.1", "click": None}
    plain, load = packages._version, packages.import_module

    def broken(name: str) -> object:
        if name == "cv2":
            raise ImportError("libGL.so.1: cannot open shared object file")
        return load(name)

    monkeypatch.setattr(packages, "_version", lambda name: versions[name] if name in versions else plain(name))
    monkeypatch.setattr(packages, "import_module", broken)
    found = {f.data.get("package"): (f.status, f.fix) for f in packages.check_packages(HERE)}
    del found[None]  # the rest, which is well
    assert found == {
        "torch": ("warn", "pip install 'torch<2.14,>=2.11'"),
        "click": ("fail", "pip install 'click>=8.1'"),
        "opencv-python-headless": ("fail", "pip install --force-reinstall 'opencv-python-headless>=4.10'"),
    }


def test_codecs_that_are_missing_or_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    h264 = replace(movie_writer._CODECS["h264"], encoder="no_such_codec")
    monkeypatch.setitem(movie_writer._CODECS, "h264", h264)
    found = by_status(list(codecs.check_movies(HERE)))
    assert found["fail"][0].what.startswith("h264: ") and "no_such_codec" in found["fail"][0].what
    assert found["ok"][0].what == "movies written and read: ffv1, prores"
    # As a library that mixes up the channels.
    read = self_test.read_image
    monkeypatch.setattr(self_test, "read_image", lambda path: read(path)[..., [2, 1, 0, 3]])
    wrong = by_status(list(codecs.check_images(HERE)))
    assert [finding.what for finding in wrong["ok"]] == ["images written and read: tlv"], "which no library reads"
    assert len(wrong["fail"]) == 12
    assert all(": colors came back up to 25" in f.what for f in wrong["fail"])


def test_an_engine_that_computes_wrongly(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "OpenVINO" in only(engines.check_networks(HERE), "ok").what
    plain = engines._run_openvino
    monkeypatch.setattr(engines, "_run_openvino", lambda layer, picture: 1.5 * plain(layer, picture))
    found = only(engines.check_networks(HERE), "fail")
    assert found.what.startswith("OpenVINO computes wrongly: off by ") and found.fix


def test_a_gpu_that_only_the_driver_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "framecolor.engines.nvidia.find_gpu_problem", lambda: ("this PyTorch is a CPU build", "use cpu")
    )
    monkeypatch.setattr(gpu, "_ask_driver", lambda: (["NVIDIA L4, 580.65, 8.9, 23034 MiB"], True))
    found = only(gpu.check_gpu(HERE), "warn")
    assert found.what == "NVIDIA L4, 580.65, 8.9, 23034 MiB is not used: this PyTorch is a CPU build" and found.fix


def test_a_driver_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "nvidia-smi"
    script.write_text("#!/bin/sh\nexec sleep 30\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(gpu, "_PATIENCE_SECONDS", 0.2)
    assert gpu._ask_driver() == ([], False)
    script.write_text("#!/bin/sh\necho 'NVIDIA L4, 580.65, 8.9, 23034 MiB'\n")
    monkeypatch.setattr(gpu, "_PATIENCE_SECONDS", 10)
    assert gpu._ask_driver() == (["NVIDIA L4, 580.65, 8.9, 23034 MiB"], True)


def test_a_tensorrt_that_ends_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorrt, "_TRIAL", "import os; os.abort()")
    found = tensorrt._try_builder("rtx", "tensorrt_rtx", "rtx")
    assert found.status == "fail" and "it ended with -6" in found.what and "framecolor[rtx]" in found.fix
    monkeypatch.setattr(tensorrt, "_TRIAL", "raise OSError('libcudart.so.13 is missing')")
    assert "OSError: libcudart.so.13 is missing" in tensorrt._try_builder("rtx", "x", "rtx").what


def test_a_torch_tensorrt_of_another_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"torch-tensorrt": "2.12.0", "torch": "2.13.0+cpu", "tensorrt": "10.15.1"}
    wanted = ["torch<2.13,>=2.12.0", "tensorrt<11,>=10.15", "dllist; extra == 'x'"]
    fake = SimpleNamespace(
        version=versions.__getitem__,
        requires=lambda name: wanted,
        PackageNotFoundError=metadata.PackageNotFoundError,
    )
    monkeypatch.setattr(tensorrt, "metadata", fake)
    found = tensorrt._check_pair()
    assert (found.status, found.data["unfit"]) == ("warn", ["torch 2.13.0+cpu is not <2.13,>=2.12.0"])
    assert found.fix.startswith("pip install 'torch-tensorrt==2.13.*'")
    versions["torch"] = "2.12.1"
    assert tensorrt._check_pair().status == "ok"


def test_without_a_gpu_there_is_one_note(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, plain_spec = packages._version, util.find_spec
    absent = ("tensorrt", "torch-tensorrt", "diffusers")
    monkeypatch.setattr(packages, "_version", lambda name: None if name in absent else plain(name))
    monkeypatch.setattr(util, "find_spec", lambda name: None if "tensorrt" in name else plain_spec(name))
    monkeypatch.setattr(
        "framecolor.engines.nvidia.find_gpu_problem", lambda: ("this PyTorch is a CPU build", "use cpu")
    )
    monkeypatch.setattr(gpu, "_ask_driver", lambda: ([], True))
    checks = (gpu.check_gpu, tensorrt.check_tensorrt, engines.check_choice, packages.check_extras)
    found = [finding for check in checks for finding in check(HERE)]
    assert only([f for f in found if f.topic != "extras"], "note").topic == "gpu"
    assert not any("tensorrt" in f.what or "diffusion" in f.what for f in found)


def test_little_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text(str(2**30))
    monkeypatch.setattr(machine, "_GROUP_LIMITS", (limit,))
    found = only(machine.check_memory(HERE), "warn")
    assert found.what == "1.0 of 1.0 GiB free" and "2 GiB" in found.fix
    limit.write_text("max")
    assert machine._group_limit_gib() is None


@pytest.mark.parametrize(
    ("line", "problem", "fix"),
    [
        ('palette = "film.gpl"', "film.gpl", "change palette in the settings"),
        ('palette = "framecolor.toml"', "names a palette that cannot be used", "highlight, shadow and shadow2"),
        ('format = "psd"', "psd_tools is not installed", "pip install 'framecolor[psd]'"),
        ('engine = "tensorrt"', "there is no GPU", "add one"),
        ("gap_pix = 3", "there is no setting 'gap_pix'", "did you mean gap_px?"),
    ],
)
def test_settings_that_are_broken(
    healthy: Path, monkeypatch: pytest.MonkeyPatch, line: str, problem: str, fix: str
) -> None:
    target = find_target(healthy)
    assert only(check_settings(target), "ok").what.startswith("0 from ")  # the tests' own studio file
    (healthy / "framecolor.toml").write_text(f"{line}\n")
    monkeypatch.setattr("framecolor.media.writers.base.find_spec", lambda name: None)
    monkeypatch.setattr("framecolor.engines.tensorrt.engine.find_gpu_problem", lambda: ("there is no GPU", "add one"))
    monkeypatch.setattr(doctor, "_CHECKS", (("settings", "shot:check_settings"),))
    found = only(examine(target), "fail")
    assert found.what.startswith(f"{healthy}/framecolor.toml") and problem in found.what and found.fix.endswith(fix)


def test_shots_that_are_broken(healthy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = find_target(healthy)
    whole = only(check_shot(target), "ok")
    assert whole.data["keys"] == 1
    assert whole.what == "cut: drawings 1001-1003, 128x96, painted keys 1001"
    with monkeypatch.context() as patch:  # as for anybody but root
        patch.setattr(os, "access", lambda path, mode: path.name != "cut.1003.png")
        closed = only(check_shot(target), "fail")
    assert "1 of 4 drawings and keys" in closed.what and f"{healthy}/line/cut.1003.png" in closed.what
    for key in (healthy / "keys").iterdir():
        key.unlink()
    assert only(check_shot(target), "note").data["keys"] == 0
    for line in (healthy / "line").iterdir():
        line.write_bytes(b"")
    with pytest.raises(ShotError):
        list(check_shot(target))
    shutil.rmtree(healthy / "line")
    assert "line/" in only(check_shot(target), "note").what


def test_what_earlier_runs_left(painted_shot: Path, tmp_path: Path) -> None:
    root = tmp_path / "cut"
    shutil.copytree(painted_shot, root)
    target = find_target(root / "color")
    assert only(check_outputs(target), "ok").what == f"7 frames in {root}/color"
    next((root / "color").glob("*.png")).unlink()
    (root / "color/.cut.1001.png.0123456789ab.tmp").write_bytes(b"\x89PNG")
    found = by_status(list(check_outputs(target)))
    assert found["warn"][0].what == f"{root}/color: 0 of 7 frames failed, 1 are gone"
    assert "1 unfinished files of killed runs" in found["note"][0].what
    (root / "color/framecolor.json").write_text("[" * 100_000)
    assert "is damaged" in only(check_outputs(target), "warn").what
