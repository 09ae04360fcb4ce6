"""OpenVINO without its telemetry, and without its stack for signals.

On import and on every conversion OpenVINO reports to its makers over the network, and waits for the answer at exit: on
a machine without one, for minutes. It sends nothing if its telemetry package is missing.

Its plugin for processors gives the thread that loads it a stack of its own to receive signals on. Where matrix
registers (AMX) are in use that stack is smaller than what the kernel has to put there, so that the next signal, be it
Ctrl-C or a child that ended, is answered with a segmentation fault (seen with OpenVINO 2026.4 and Linux 6.18).
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache

sys.modules["openvino_telemetry"] = None  # pyright: ignore[reportArgumentType]

import openvino as ov  # noqa: E402

__all__ = ["open_core", "ov"]

_SS_DISABLE = 2


@cache
def open_core() -> ov.Core:
    """Open the process's only core, load the plugin for processors, and restore the usual stack for signals."""
    core = ov.Core()
    core.get_property("CPU", "FULL_DEVICE_NAME")  # loads the plugin
    if sys.platform == "linux":
        stack = _Stack(None, _SS_DISABLE, 0)
        ctypes.CDLL(None).sigaltstack(ctypes.byref(stack), None)
    return core


class _Stack(ctypes.Structure):
    """stack_t of <signal.h>."""

    _fields_ = (("sp", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))
