"""Check TensorRT, torch-tensorrt and TensorRT for RTX: are they installed, do they fit each other, can they compile."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import Requirement

from framecolor.core.text import format_command, format_install
from framecolor.doctor.finding import Finding, Target
from framecolor.doctor.gpu import lacks_gpu

# Form -> modules, extra; in order of preference.
_FORMS = {
    "tensorrt": (("tensorrt",), "tensorrt"),
    "torch-tensorrt": (("torch_tensorrt",), "tensorrt"),
    "rtx": (("tensorrt_rtx", "tensorrt_rtx_bindings"), "rtx"),
}
# Run in another process, as a library that does not match the driver can crash it.
_TRIAL = """
import importlib, sys
trt = importlib.import_module(sys.argv[1])
assert trt.Builder(trt.Logger(trt.Logger.INTERNAL_ERROR)), "it makes no builder"
print(trt.__version__)
"""
_PATIENCE_SECONDS = 20.0


def check_tensorrt(target: Target) -> Iterator[Finding]:
    """Yield a finding for each installed form; a note if none is installed and there is a GPU."""
    from framecolor.engines.nvidia import find_gpu_problem

    gpu = find_gpu_problem() is None
    found = False
    for name, (modules, extra) in _FORMS.items():
        module = next((m for m in modules if importlib.util.find_spec(m) is not None), None)
        if module is None:
            continue
        found = True
        if name == "torch-tensorrt":
            yield _check_pair()
        elif name == "rtx" or gpu:
            yield _try_builder(name, module, extra)
        elif not lacks_gpu():
            version = metadata.version(name)
            fix = f"run this on a machine with one, or {format_install('framecolor[rtx]')} to compile anywhere"
            yield Finding("tensorrt", "note", f"{name} {version}, which needs a GPU to compile", fix)
    if not found and not lacks_gpu():
        yield Finding("tensorrt", "note", "not installed", format_install("framecolor[tensorrt]"))


def _try_builder(name: str, module: str, extra: str) -> Finding:
    line = format_command(("pip", "install", "--force-reinstall", f"framecolor[{extra}]"))
    fix = f"{line}, and a driver that its release notes name"
    try:
        command = [sys.executable, "-c", _TRIAL, module]
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=_PATIENCE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        what = f"{name} makes no builder within {_PATIENCE_SECONDS:.0f} seconds"
        return Finding("tensorrt", "fail", what, fix)
    if done.returncode == 0:
        version = done.stdout.split()[-1]
        return Finding("tensorrt", "ok", f"{name} {version} can compile", data={"backend": name, "version": version})
    last = " ".join(done.stderr.split("\n")[-2:]).strip() or f"it ended with {done.returncode}"
    return Finding("tensorrt", "fail", f"{name} cannot compile: {last[:300]}", fix, {"backend": name})


def _check_pair() -> Finding:
    """Each torch-tensorrt fits one torch and one TensorRT, and says so in what it requires."""
    version, torch = metadata.version("torch-tensorrt"), metadata.version("torch")
    unfit = []
    for line in metadata.requires("torch-tensorrt") or ():
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            has = metadata.version(wanted.name)
            if not wanted.specifier.contains(has, prereleases=True):
                unfit.append(f"{wanted.name} {has} is not {wanted.specifier}")
        except metadata.PackageNotFoundError:
            unfit.append(f"{wanted.name} is not installed")
    data = {"backend": "torch-tensorrt", "version": version, "unfit": unfit}
    if not unfit:
        return Finding("tensorrt", "ok", f"torch-tensorrt {version} fits torch {torch}", data=data)
    release = ".".join(torch.split(".")[:2])
    fix = f"{format_install(f'torch-tensorrt=={release}.*')}, which fits torch {torch.split('+')[0]}"
    return Finding("tensorrt", "warn", f"torch-tensorrt {version}: {'; '.join(unfit)}", fix, data)
