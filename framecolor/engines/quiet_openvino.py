"""OpenVINO without its telemetry.

On import and on every conversion OpenVINO tells its makers over the network, and waits for the answer at exit: on a
machine without one, for minutes. A missing telemetry package is a no that it respects.
"""

from __future__ import annotations

import sys

sys.modules["openvino_telemetry"] = None  # pyright: ignore[reportArgumentType]

import openvino as ov  # noqa: E402

__all__ = ["ov"]
