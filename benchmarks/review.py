"""Measure how fast a correction in `framecolor review` shows its effect, and the memory of it.

    python benchmarks/review.py                 # 20 corrections in a shot of 48 drawings of 1920x1080

The shot is drawn in code, so that its truth is known. A client follows the page's events, as a browser does, and
corrects doubtful regions to their true color, one after the other. The times run from the request to the event with the
last of the new colors, which the page can show then, and to the event that says that all files are written. The peak
memory is compared with that of `colorize` on the same shot with the same corrections.
"""

from __future__ import annotations

import base64
import http.client
import json
import random
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import numpy as np
from record import RESULTS, write_results

from framecolor.bench.drawn_shot import draw, write_shot
from framecolor.bench.machine import describe_run
from framecolor.bench.sizes import parse_size
from framecolor.bench.timing import read_peak, summarize
from framecolor.cli import main as framecolor
from framecolor.output.manifest import Manifest

_SEED = 0
_PATIENCE_SECONDS = 600


@click.command()
@click.option("--frames", type=click.IntRange(3), default=48, show_default=True)
@click.option("--size", default="1080p", show_default=True, metavar="540p|720p|1080p|4K|WxH")
@click.option("--corrections", type=click.IntRange(1), default=20, show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=RESULTS / "review.json", show_default=True)
@click.option("--run", "words", hidden=True, help="Run this command, then print the peak memory.")
def main(frames: int, size: str, corrections: int, output: Path, words: str | None) -> None:
    """Correct regions of a shot under review, and write times and memory."""
    if words is not None:
        click.echo(f"peak {run_and_measure(json.loads(words))}")
        return
    height, width = parse_size(size)
    run = describe_run()
    with tempfile.TemporaryDirectory() as work:
        root = write_shot(Path(work) / "walk", frames, 2, (height, width))
        measure_peak(["colorize", str(root)])  # warm-up: makes the networks' graphs, and painted frames
        times, reviewed = measure_corrections(root, corrections, (height, width))
        painted = measure_peak(["colorize", str(root), "--overwrite"])
    shot = {"frames": frames, "size": [width, height]}
    seconds = {name: summarize(values, 3) for name, values in times.items()}
    peaks = {"colorize": painted, "review": reviewed, "ratio": round(reviewed / painted, 3)}
    write_results(output, {"format": 1, **run, "shot": shot, "seconds": seconds, "peak_mib": peaks})
    for name, row in seconds.items():
        click.echo(f"{name}: median {row['median']} s ({row['least']} to {row['most']})")
    click.echo(f"peak memory: review {reviewed} MiB, colorize {painted} MiB")


def run_and_measure(words: list[str]) -> float:
    """Run a command in this process, and return its peak memory in MiB."""
    try:
        with redirect_stdout(sys.stderr):
            framecolor(words)
    except SystemExit as end:
        if end.code not in (0, None):
            raise
    return read_peak()["peak_mib"]


def measure_peak(words: list[str]) -> float:
    """Measure the peak memory of a command in a process of its own, MiB."""
    command = [sys.executable, __file__, "--run", json.dumps(words)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    return float(done.stdout.split()[-1])


def measure_corrections(root: Path, count: int, size: tuple[int, int]) -> tuple[dict[str, list[float]], float]:
    """Correct `count` doubtful regions under review. Returns the seconds of each, and the peak memory in MiB."""
    command = [sys.executable, __file__, "--run", json.dumps(["review", str(root), "--no-browser"])]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
    assert process.stderr is not None and process.stdout is not None
    page = Page(next(line.strip() for line in process.stderr if line.startswith("http")))
    times: dict[str, list[float]] = {"colors of all frames": [], "files of all frames": []}
    with page.follow() as states:
        wait(states, 0, {})
        for number, x, y in choose_places(page, root, count):
            color = draw(number - 1, size)[1][y, x]
            entry = {"frame": number, "x": x, "y": y, "color": "#{:02x}{:02x}{:02x}".format(*color[:3])}
            begin = time.perf_counter()
            state = page.post("corrections", {"put": [entry]})
            shown, last = wait(states, state["revision"], state["colors"])
            times["colors of all frames"].append(shown - begin)
            times["files of all frames"].append(last - begin)
    process.terminate()
    return times, float(process.stdout.read().split()[-1])


def wait(states: Iterator[dict[str, Any]], revision: int, colors: dict[str, str]) -> tuple[float, float]:
    """Wait until all frames are those of a revision. Returns when the last colors came, and when all were painted."""
    shown = None
    for state in states:
        if state["colors"] != colors:
            shown, colors = time.perf_counter(), state["colors"]
        if not state["running"] and state["painted"] >= revision:
            assert state["error"] is None, state["error"]
            last = time.perf_counter()
            return (last if shown is None else shown), last
    raise RuntimeError("the server ended")


def choose_places(page: Page, root: Path, count: int) -> Iterator[tuple[int, int, int]]:
    """Choose doubtful regions, spread over the shot: number of the drawing, and the innermost pixel (x, y)."""
    chance = random.Random(_SEED)
    taken: set[tuple[int, int, int]] = set()
    while len(taken) < count:
        frames = [frame for frame in Manifest.read(root / "color").frames if frame.status == "painted" and frame.unsure]
        frame = chance.choice(frames)
        regions = page.read_map(frame.number)
        for region in regions["unsure"]:
            place = frame.number, *regions["places"][region - 1]
            if region and place not in taken:
                taken.add(place)
                yield place
                break


class Page:
    """A client of the live page."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._host, self._path = parts.netloc, parts.path

    @contextmanager
    def follow(self) -> Iterator[Iterator[dict[str, Any]]]:
        """Follow the states that the server sends."""
        connection = http.client.HTTPConnection(self._host, timeout=_PATIENCE_SECONDS)
        connection.request("GET", f"{self._path}events")
        lines = connection.getresponse()
        try:
            yield (json.loads(line[6:]) for line in lines if line.startswith(b"data: "))
        finally:
            connection.close()

    def post(self, name: str, table: dict[str, Any]) -> dict[str, Any]:
        """Send an edit, and return the state."""
        headers = {"Origin": f"http://{self._host}", "X-Framecolor": "1", "Content-Type": "application/json"}
        return self._ask("POST", name, json.dumps(table), headers)

    def read_map(self, number: int) -> dict[str, Any]:
        """Read the regions of a frame: `unsure`, and the innermost pixels, `places`, of all."""
        found = self._ask("GET", f"maps/{number}.json")
        data = zlib.decompress(base64.b64decode(found["regions"]))
        count = int(np.frombuffer(data, "<u4", 5)[4])
        found["places"] = np.frombuffer(data, "<u4", 2 * count, 20).reshape(2, count).T.tolist()
        return found

    def _ask(self, method: str, name: str, body: str | None = None, headers: dict[str, str] | None = None) -> Any:
        connection = http.client.HTTPConnection(self._host, timeout=_PATIENCE_SECONDS)
        try:
            connection.request(method, self._path + name, body, headers or {})
            answer = connection.getresponse()
            table = json.loads(answer.read())
            assert answer.status == http.HTTPStatus.OK, table
            return table
        finally:
            connection.close()


if __name__ == "__main__":
    main()
