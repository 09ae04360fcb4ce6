"""Modules as graphs that run without the interpreter: threads would hand it to each other at every operation."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn


def trace_module(module: nn.Module, example: tuple[Tensor, ...]) -> torch.jit.ScriptModule:
    """The module's graph, for inputs of any size: sizes must not decide what it does. example: inputs to trace with."""
    with warnings.catch_warnings():
        # PyTorch would rather compile, which needs a C++ compiler on every machine that paints. OpenVINO traces too.
        warnings.simplefilter("ignore", DeprecationWarning)
        # Public there all the same: torch.jit leaves it out of __all__.
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # pyright: ignore[reportPrivateImportUsage]
        # Checking the trace would run all of it again.
        traced = torch.jit.trace(module.eval(), example, check_trace=False)
    assert isinstance(traced, torch.jit.ScriptModule)
    return traced
