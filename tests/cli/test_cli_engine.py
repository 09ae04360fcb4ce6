"""framecolor engine, end to end with the compiler that needs no GPU."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from framecolor.cli import main
from framecolor.engines.tensorrt import backends
from framecolor.engines.tensorrt.backends import find_backends, find_gpu, import_backend

PROFILE = """network = "features"
precision = "half"
refit = true
[sizes]
batch = 1
height = [64, 64, 128]
width = [64, 96, 128]
"""


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A small profile's file; engine files go to a folder of the test's own."""
    if "rtx" not in {backend.name for backend in find_backends()}:
        pytest.skip("TensorRT for RTX is not installed (extra rtx)")
    monkeypatch.setenv("FRAMECOLOR_ENGINE_DIR", str(tmp_path / "engines"))
    path = tmp_path / "small.toml"
    path.write_text(PROFILE)
    return str(path)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    with pytest.raises(SystemExit) as end:
        main(["engine", *arguments])
    out, err = capsys.readouterr()
    assert isinstance(end.value.code, int)
    return end.value.code, out, err


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    code, out, _ = run(capsys, *arguments, "--json")
    assert code == 0
    return json.loads(out)


def test_build_list_verify_prune(profile: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (first,) = run_json(capsys, "build", profile, "--backend", "rtx")
    assert first["built"] and Path(first["plan"]).stat().st_size == first["size_bytes"]
    assert first["refittable"] is (find_gpu() is not None)
    code, out, err = run(capsys, "build", profile, "--backend", "rtx")
    assert (code, err) == (0, "") and "kept" in out
    (again,) = run_json(capsys, "build", profile, "--backend", "rtx", "--force")
    assert again["built"] and again["plan"] == first["plan"]

    table = run_json(capsys, "list")
    assert [(file["profile"], file["unfit"]) for file in table["plans"]] == [("small", "")]
    assert {"features", "color"} <= {p["name"] for p in table["profiles"]}
    code, out, _ = run(capsys, "list")
    assert code == 0 and f"folder    {tmp_path / 'engines'}" in out and "compiled  small" in out

    (checked,) = run_json(capsys, "verify", profile)
    assert checked["good"] and checked["ran"] is (find_gpu() is not None)
    assert all(p["psnr_db"] > 66 and p["worst"] < 4e-3 for p in checked["parity"].values())
    code, out, _ = run(capsys, "verify")
    assert code == 0 and "no more, as its profile is none that ships" in out
    code, out, _ = run(capsys, "verify", profile)
    assert code == 0 and out.startswith("good ") and "context: " in out
    if find_gpu() is None:
        assert "its graph run by OpenVINO in float32, as there is no NVIDIA GPU" in out

    assert run_json(capsys, "prune") == []
    code, out, _ = run(capsys, "prune", "--all")
    assert code == 0 and "1 removed, 0 left" in out


def test_a_damaged_engine_file_is_reported(profile: str, capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = run_json(capsys, "build", profile, "--backend", "rtx")
    path = Path(row["plan"])
    path.write_bytes(path.read_bytes()[:-9])
    code, out, err = run(capsys, "verify", profile)
    assert (code, out) == (2, "")
    assert "is cut short" in err and "no engine file that could be checked; framecolor engine build --force" in err
    code, out, err = run(capsys, "build", profile, "--backend", "rtx")
    assert code == 0 and "compiled in" in out


def test_an_engine_file_of_another_version_is_not_taken_for_this_one(
    profile: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_json(capsys, "build", profile, "--backend", "rtx")
    module = import_backend("rtx")
    monkeypatch.setattr(module, "__version__", "1.0")
    code, out, _ = run(capsys, "verify", profile)
    assert code == 0 and "not the one that would be compiled now" in out
    (row,) = run_json(capsys, "build", profile, "--backend", "rtx")
    assert row["built"]
    monkeypatch.undo()
    monkeypatch.setenv("FRAMECOLOR_ENGINE_DIR", str(Path(row["plan"]).parent))
    assert [gone["why"] for gone in run_json(capsys, "prune")] == [f"is of rtx 1.0, this is {module.__version__}"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("build", "featurs"), "error: profile featurs: there is none of that name; did you mean features?"),
        (("build", "missing.toml"), "error: missing.toml: cannot be read"),
        (("verify",), "holds no engine files; run: framecolor engine build"),
        (("verify", "color"), "holds no engine file of color; run: framecolor engine build color"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    profile: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], problem: str
) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert problem in err


def test_without_any_backend_the_extra_is_named(
    profile: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "_MODULES", dict.fromkeys(backends.BACKENDS, ()))
    import_backend.cache_clear()
    try:
        code, _, err = run(capsys, "build", profile)
        assert code == 2 and "pip install 'framecolor[tensorrt]'" in err and "'framecolor[rtx]'" in err
        assert "backends  none installed" in run(capsys, "list")[1]
    finally:
        import_backend.cache_clear()
