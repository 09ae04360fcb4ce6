"""What a painter did survives a kill at any moment of it: no edit is lost, and each can be undone."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest
from drawings import draw, make_shot
from farming import make_environment
from reviewing import Client, make_opener, paint_nothing

from framecolor import InputError
from framecolor.core.hashing import digest
from framecolor.media import encode_image, read_image
from framecolor.review.desk import Desk
from framecolor.review.edits import correct, draw_stroke, put_key
from framecolor.shot.corrections import read_corrections

TESTS = Path(__file__).parent.parent
EDITS = "import test_kills; test_kills.fork_on_request()"
# A forked process that says nothing for so long hangs: libraries with threads are not made to be forked.
STALLED_SECONDS = 15.0


def hash_files(root: Path) -> str:
    """Hash of all that edits change."""
    files = sorted(path for name in ("keys", "hints") for path in (root / name).glob("*.*") if path.name[0] != ".")
    files += [path for path in [root / "corrections.json"] if path.is_file()]
    return digest(*(part for path in files for part in (str(path.relative_to(root)), path.read_bytes())))


def tell(*words: object) -> None:
    """Write a line in one piece: two processes write to one pipe."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def edit_at_random(root: Path, seed: int) -> None:
    """Make edits without end. Prints a hash of the shot's files after each that was answered."""
    dice = random.Random(seed)
    desk = Desk(make_opener(root), paint=paint_nothing)
    desk.start()
    tell("open", hash_files(root))
    while True:
        number, x, y = dice.choice((1001, 1002, 1003)), dice.randrange(128), dice.randrange(96)
        kind = dice.choice(("correct", "correct", "stroke", "key", "undo", "redo"))
        with suppress(InputError):  # nothing to undo
            if kind == "correct":
                entry = {"frame": number, "x": x, "y": y, "color": f"#{dice.randrange(1 << 24):06x}"}
                desk.edit(lambda shot, places, entry=entry: correct(shot, places, [entry], []))
            elif kind == "stroke":
                points = [[x, y], [y, x]]
                desk.edit(lambda shot, places, n=number, p=points: draw_stroke(shot, places, n, "#c83c28", 3, p))
            elif kind == "key":
                picture = draw(number - 1001)[1]
                picture[0, 0] = (x, y, 0, 255)
                name, data = dice.choice(((".png", ".png"), (".tga", ".tga"))), picture
                data = encode_image(picture, name[0])
                desk.edit(lambda shot, places, n=number, s=name[1], d=data: put_key(shot, places, n, f"x{s}", d))
            elif kind == "undo":
                desk.undo()
            else:
                desk.redo()
        tell("done", hash_files(root))


def fork_on_request() -> None:
    """For each line "ROOT SEED": start `edit_at_random` in a process of its own, and print its number.

    To import all that it needs takes far longer than its life.
    """
    for line in sys.stdin:
        root, seed = line.split()
        process = os.fork()
        if process == 0:
            edit_at_random(Path(root), int(seed))
        tell("process", process)
        os.waitpid(process, 0)
        tell("killed", process)


class Starter:
    """A process that starts others, each of which edits a shot at random until it is killed."""

    def __init__(self, folder: Path) -> None:
        self._environment = make_environment(folder)
        paths = [self._environment["PYTHONPATH"], str(TESTS), str(TESTS / "review"), *sys.path]
        self._environment["PYTHONPATH"] = os.pathsep.join(paths)
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", EDITS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self._environment,
            start_new_session=True,
        )
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._reader = threading.Thread(target=self._read, args=(self._process, self._lines), daemon=True)
        self._reader.start()

    @staticmethod
    def _read(process: subprocess.Popen[str], lines: SimpleQueue[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)

    def edit(self, root: Path, seed: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{root} {seed}\n")
        self._process.stdin.flush()

    def read(self) -> tuple[str, str]:
        """The next line; if none comes, as a fork can hang, all processes are killed, which is a kill as any other."""
        try:
            word, value = self._lines.get(timeout=STALLED_SECONDS).split()
        except Empty:
            self.close()
            self._start()
            return "killed", ""
        return word, value

    def close(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(20)
        self._reader.join(20)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


@pytest.fixture
def starter(tmp_path: Path) -> Iterator[Starter]:
    started = Starter(tmp_path / "tmp")
    yield started
    started.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
def test_kills_at_random_moments_lose_nothing(
    starter: Starter, tmp_path: Path, campaign: Callable[[int, int], int]
) -> None:
    root = make_shot(tmp_path / "cut", 3, (0, 2))
    original, dice, between = hash_files(root), random.Random(3), 0
    for attempt in range(campaign(50, 500)):
        starter.edit(root, attempt)
        word, last, process, wait_until = "", "", 0, None
        while word != "killed":
            word, value = starter.read()
            if word == "process":
                process = int(value)
            if word in ("open", "done"):
                last = value
                wait_until = wait_until or time.monotonic() + dice.uniform(0, 0.25)
            if process and wait_until and time.monotonic() >= wait_until:
                time.sleep(dice.uniform(0, 0.01))
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        between += check_after_kill(root, last or original, original)
    assert between > 0, "no kill came between an edit and its answer"


def check_after_kill(root: Path, answered: str, original: str) -> bool:
    """Check a shot after its desk was killed. Returns whether an edit was made that was not answered."""
    if (root / "corrections.json").exists():
        read_corrections(root / "corrections.json")
    desk = Desk(make_opener(root), paint=paint_nothing)
    try:
        for path in (*desk.shot.keys.values(), *desk.shot.hints.values()):
            read_image(path)
        now = hash_files(root)
        if now != answered:
            reached = []
            for there, back in ((desk.undo, desk.redo), (desk.redo, desk.undo)):
                with suppress(InputError):
                    there()
                    reached.append(hash_files(root))
                    back()
            assert answered in reached, "an edit that was answered is lost"
        while desk.state()["undo"]:
            desk.undo()
        assert hash_files(root) == original, "the way back is lost"
        return now != answered
    finally:
        desk.close()


def test_kills_of_the_command_lose_nothing(tmp_path: Path, campaign: Callable[[int, int], int]) -> None:
    """Of the whole program, also while it paints."""
    root = make_shot(tmp_path / "cut", 3, (0, 2))
    dice, made = random.Random(5), 0
    environment = make_environment(tmp_path / "tmp")
    environment["PYTHONPATH"] = os.pathsep.join([environment["PYTHONPATH"], *sys.path])
    for _ in range(campaign(2, 30)):
        command = [sys.executable, "-m", "framecolor", "review", str(root), "--no-browser"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            _, _, host, token, _ = process.stdout.readline().strip().split("/")
            client, end = Client(int(host.partition(":")[2]), token), time.monotonic() + dice.uniform(0.2, 3)
            while time.monotonic() < end:
                entry = {"frame": 1002, "x": made % 128, "y": made // 128, "color": "#c83c28"}
                client.post("corrections", {"put": [entry], "drop": []})
                made += 1
                time.sleep(dice.uniform(0, 0.1))
            process.kill()
        assert len(read_corrections(root / "corrections.json")) == made
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    _, _, host, token, _ = process.stdout.readline().strip().split("/")
    client = Client(int(host.partition(":")[2]), token)
    client.post("undo")
    while (state := client.get("state"))["painted"] != state["revision"]:
        assert state["error"] is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "") and process.returncode == 0
    assert len(read_corrections(root / "corrections.json")) == made - 1
