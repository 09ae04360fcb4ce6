"""How fast two peers run on this machine, from their own code, which is not part of this repository.

    python benchmarks/peers.py --paintstorch PATH    # a checkout of yliess86/PaintsTorch
    python benchmarks/peers.py --basicpbc PATH       # a checkout of ykdai/BasicPBC, with its weights; needs a GPU

PaintsTorch: its generator alone, random weights, one 512x512 picture (its sketch features are given, not computed).
BasicPBC: its own script over a drawn shot, from files to files, its start included. Neither paints from the same input
as framecolor does, and neither is judged here by what it paints.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import torch
from record import RESULTS, write_results

from framecolor.bench.drawn_shot import draw
from framecolor.bench.machine import describe_machine, describe_run
from framecolor.bench.timing import interleave, summarize, time_ms
from framecolor.errors import InputError
from framecolor.media import write_image

_SIDE = 512
_BASICPBC_FILES = ("inference_line_frames.py", "basicsr/archs/basicpbc_arch.py", "ckpt/basicpbc.pth")
_PAINTSTORCH_FILE = "paintstorch/model/modules.py"
_FOLDER = click.Path(path_type=Path)


@click.command()
@click.option("--basicpbc", type=_FOLDER, help="Checkout of ykdai/BasicPBC.")
@click.option("--paintstorch", type=_FOLDER, help="Checkout of yliess86/PaintsTorch.")
@click.option("--frames", type=click.IntRange(2), default=24, show_default=True, help="Of the shot for BasicPBC.")
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True)
@click.option("--warmup", type=click.IntRange(0), default=1, show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=RESULTS / "peers.json", show_default=True)
def main(
    basicpbc: Path | None, paintstorch: Path | None, frames: int, repeats: int, warmup: int, output: Path
) -> None:  # fmt: skip
    """Time the peers whose code is given."""
    if basicpbc is None and paintstorch is None:
        raise click.UsageError("name the code of a peer with --basicpbc or --paintstorch")
    results: dict[str, Any] = {"format": 1, **describe_run(), "machine": describe_machine(), "warmup": warmup}
    try:
        if paintstorch is not None:
            results["paintstorch"] = time_paintstorch(paintstorch, warmup, repeats)
        if basicpbc is not None:
            results["basicpbc"] = time_basicpbc(basicpbc, frames)
    except InputError as error:
        raise SystemExit(f"error: {error}") from None
    write_results(output, results)
    for name in ("paintstorch", "basicpbc"):
        if name in results:
            click.echo(f"{name}: {results[name]['ms']['median']} ms a frame on {results[name]['device']}")


def time_paintstorch(code: Path, warmup: int, repeats: int) -> dict[str, Any]:
    """Milliseconds of one picture through PaintsTorch's generator; InputError when the folder has no such code."""
    module = _import_file(_find(code, _PAINTSTORCH_FILE))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    generator = module.Generator(64, in_channels=1, out_channels=3).eval().to(device)
    shapes = ((1, 1, _SIDE, _SIDE), (1, 4, _SIDE // 4, _SIDE // 4), (1, 512, _SIDE // 16, _SIDE // 16))
    inputs = [torch.rand(shape, device=device) for shape in shapes]

    @torch.inference_mode()
    def paint() -> None:
        generator(*inputs)
        if device == "cuda":
            torch.cuda.synchronize()

    taken = interleave({"paintstorch": lambda: time_ms(paint)}, warmup, repeats)["paintstorch"]
    return {"size": [_SIDE, _SIDE], "device": device, "precision": "f32", "ms": summarize(taken)}


def time_basicpbc(code: Path, frames: int) -> dict[str, Any]:
    """Milliseconds a frame of BasicPBC's own script; InputError when the folder lacks something, or without a GPU."""
    script, *_ = (_find(code, name) for name in _BASICPBC_FILES)
    if not torch.cuda.is_available():
        raise InputError(code, "BasicPBC's script runs on a GPU only", "use a machine where PyTorch finds one")
    with tempfile.TemporaryDirectory() as work:
        clip = Path(work) / "clip"
        for step in range(frames):
            line, painted = draw(step)
            line[line[..., 3] == 0] = 255  # it reads drawings on white
            write_image(clip / "line" / f"{step:04d}.png", line)
            if step == 0:
                write_image(clip / "gt" / "0000.png", painted)
        begin = time.perf_counter()
        done = subprocess.run(
            [sys.executable, str(script), "--path", str(clip)],
            cwd=code, env={**os.environ, "PYTHONPATH": str(code)}, capture_output=True, encoding="utf-8", check=False,
        )  # fmt: skip
        seconds = time.perf_counter() - begin
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise InputError(script, f"fails ({last})", "install what it requires and run it by itself first")
    ms = 1000 * seconds / frames
    return {"size": [1920, 1080], "frames": frames, "device": "cuda", "start_included": True, "ms": summarize([ms])}


def _find(code: Path, name: str) -> Path:
    if not (code / name).is_file():
        raise InputError(code / name, "there is no such file", f"give a checkout that has {name}, weights included")
    return (code / name).resolve()


def _import_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("peer", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        raise InputError(path, f"needs {error.name}, which is not installed", f"pip install {error.name}") from None
    return module


if __name__ == "__main__":
    main()
