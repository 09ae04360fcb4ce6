"""The cores that a process may use, and the precisions that its processor supports natively."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from framecolor import Settings
from framecolor.core import cpu
from framecolor.core.precision import choose_precision, choose_training_precision, list_precisions
from framecolor.pipeline.stream import count_workers

HD, UHD = (1080, 1920), (2160, 3840)


@pytest.fixture(autouse=True)
def _eight_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host of eight cores without control groups and Slurm."""
    for name in ("SLURM_JOB_ID", "SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(cpu, "_GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(cpu, "_OWN_GROUPS", tmp_path / "own")


def write_group(tmp_path: Path, own: str, files: dict[str, str]) -> None:
    (tmp_path / "own").write_text(own)
    for name, text in files.items():
        path = tmp_path / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_affinity_limits_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cpu.count_usable_cores() == 8
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5})
    assert cpu.count_usable_cores() == 2


@pytest.mark.parametrize(
    ("own", "files", "cores"),
    [
        ("0::/a/b\n", {"a/b/cpu.max": "150000 100000\n"}, 2),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "300000 100000\n"}, 3),
        ("0::/of/the/host\n", {"cpu.max": "50000 100000\n"}, 1),
        ("0::/a\n", {"a/cpu.max": "max 100000\n"}, 8),
        ("0::/a\n", {"a/cpu.max": "damaged"}, 8),
        (
            "4:cpu,cpuacct:/x\n3:memory:/y\n",
            {"cpu,cpuacct/x/cpu.cfs_quota_us": "400000\n", "cpu,cpuacct/x/cpu.cfs_period_us": "100000\n"},
            4,
        ),
        ("4:cpu:/x\n", {"cpu/x/cpu.cfs_quota_us": "-1\n", "cpu/x/cpu.cfs_period_us": "100000\n"}, 8),
    ],
)
def test_a_quota_of_a_control_group_is_rounded_up(tmp_path: Path, own: str, files: dict[str, str], cores: int) -> None:
    write_group(tmp_path, own, files)
    assert cpu.count_usable_cores() == cores


@pytest.mark.parametrize(
    ("variables", "cores"),
    [
        ({"SLURM_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "3", "SLURM_CPUS_ON_NODE": "6"}, 3),
        ({"SLURM_JOB_ID": "7", "SLURM_CPUS_ON_NODE": "6"}, 6),
        ({"SLURM_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "many"}, 8),
        ({"SLURM_CPUS_PER_TASK": "3"}, 8),  # left over from another shell: no job
        ({"SLURM_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "0"}, 1),
    ],
)
def test_slurm_limits_the_cores(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], cores: int) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cpu.count_usable_cores() == cores


def test_the_setting_replaces_the_count() -> None:
    assert Settings().count_cores() == 8
    assert Settings(threads=3).count_cores() == 3


def test_workers_follow_cores_until_memory_limits_them() -> None:
    assert [count_workers(cores, HD) for cores in (1, 2, 16)] == [2, 3, 17]
    assert count_workers(64, HD) == count_workers(128, HD) < 64
    assert count_workers(64, UHD) == count_workers(64, HD) // 4
    assert count_workers(64, (20_000, 20_000)) == 2


@pytest.mark.parametrize("flags", ["avx2 avx512f", "avx512f avx512_bf16", "avx2 amx_bf16"])
def test_bf16_follows_the_flags_of_the_processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor : 0\nflags\t: fpu {flags}\n")
    monkeypatch.setattr(cpu, "_CPU_INFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(cpu.platform, "machine", lambda: "x86_64")
    cpu._multiplies_bf16.cache_clear()
    try:
        has = "bf16" in flags
        assert cpu.has_bf16() is has
        assert list_precisions() == (("bf16", "f32") if has else ("f32",))
        assert choose_precision() == choose_training_precision() == ("bf16" if has else "f32")
        assert choose_precision("f32") == choose_training_precision("f32") == "f32"
        for name, value in (("ONEDNN_MAX_CPU_ISA", "AVX2"), ("ATEN_CPU_CAPABILITY", "avx2")):
            monkeypatch.setenv(name, value)
            assert not cpu.has_bf16()
            monkeypatch.delenv(name)
    finally:
        cpu._multiplies_bf16.cache_clear()


_PAINT = """
import json, os, sys, threading
from pathlib import Path
from framecolor import Settings, Shot, colorize

most = [0, 0]  # threads in all, and those that paint
def see(event):
    own = [t.name for t in threading.enumerate()]
    most[0] = max(most[0], len(os.listdir("/proc/self/task")))
    most[1] = max(most[1], sum(name.startswith("framecolor") for name in own))

colorize(Shot.open(sys.argv[1]), Path(sys.argv[2]), settings=Settings(overwrite=True), listener=see)
print(json.dumps(most))
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="affinity cannot be set here")
def test_a_process_with_one_core_starts_few_threads(painted_shot: Path, tmp_path: Path) -> None:
    """Two workers, one of which waits for files; libraries have at most seven threads a core, never the host's
    number."""
    one = sorted(os.sched_getaffinity(os.getpid()))[:1]

    def paint() -> list[int]:
        done = subprocess.run(
            [sys.executable, "-c", _PAINT, str(painted_shot), str(tmp_path)],
            capture_output=True,
            text=True,
            check=True,
            preexec_fn=lambda: os.sched_setaffinity(0, one),
        )
        return json.loads(done.stdout)

    threads, workers = paint()
    assert workers == 2
    assert threads <= 14, threads
