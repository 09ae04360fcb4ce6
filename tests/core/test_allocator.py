"""The number of the C library's heaps: the limit, or what the environment sets."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

# Eight threads hold memory at once, each from a heap of its own if there are enough.
PROGRAM = """
import ctypes, sys, threading
from framecolor.core.allocator import limit_arenas
limit_arenas(2)
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
together = threading.Barrier(8)

def hold():
    together.wait()
    for _ in range(100):
        libc.malloc(1000)
    together.wait()

threads = [threading.Thread(target=hold) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
@pytest.mark.parametrize(("choice", "count"), [({}, 2), ({"MALLOC_ARENA_MAX": "4"}, 4)])
def test_the_number_of_heaps_is_limited(choice: dict[str, str], count: int, tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in ("MALLOC_ARENA_MAX", "GLIBC_TUNABLES")}
    report = tmp_path / "heaps.xml"
    subprocess.run([sys.executable, "-c", PROGRAM, report], env=kept | choice, check=True)
    assert report.read_text().count("<heap nr=") == count
