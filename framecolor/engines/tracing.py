"""Trace modules as graphs that run without Python's interpreter lock, so that threads do not contend for it."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn


def trace_module(module: nn.Module, example: tuple[Tensor, ...]) -> torch.jit.ScriptModule:
    """Trace a module with the inputs `example`, for inputs of any size. It must not branch on their sizes."""
    with warnings.catch_warnings():
        # PyTorch recommends torch.compile instead, which needs a C++ compiler on every machine that paints.
        warnings.simplefilter("ignore", DeprecationWarning)
        # Documented as public, but torch.jit leaves it out of __all__.
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # pyright: ignore[reportPrivateImportUsage]
        # Checking the trace would run it again.
        traced = torch.jit.trace(module.eval(), example, check_trace=False)
    assert isinstance(traced, torch.jit.ScriptModule)
    return traced
