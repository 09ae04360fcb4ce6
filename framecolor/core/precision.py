"""Choose the precision to compute in: the fastest that the hardware supports natively, never an emulated one.

Engines, fits, trainings, benchmarks and the doctor all choose here.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Literal

from framecolor.core.cpu import has_bf16

if TYPE_CHECKING:
    import torch

Precision = Literal["f32", "bf16", "f16"]
PrecisionChoice = Literal["auto", "f32"]
"""auto: the fastest native one. f32: float32 everywhere, so that machines differ by rounding only."""

# Compute capabilities from which NVIDIA GPUs are fast in float16 (Volta) and bfloat16 (Ampere).
_HALF_FROM, _BF16_FROM = (7, 0), (8, 0)


def list_precisions(device: str = "cpu") -> tuple[Precision, ...]:
    """List the precisions for networks on a device ("cpu", "cuda", "cuda:1"), the fastest first; always with f32."""
    if device == "cpu":
        return ("bf16", "f32") if has_bf16() else ("f32",)
    return ("f16", "f32") if _generation(device) >= _HALF_FROM else ("f32",)


def choose_precision(choice: PrecisionChoice = "auto", device: str = "cpu") -> Precision:
    """Choose the precision that networks run in on a device."""
    return "f32" if choice == "f32" else list_precisions(device)[0]


def choose_training_precision(choice: PrecisionChoice = "auto", device: str = "cpu") -> Precision:
    """Choose the precision to train in on a device: gradients need the range of bfloat16 or float32."""
    if choice == "f32":
        return "f32"
    has = has_bf16() if device == "cpu" else device.startswith("cuda") and _generation(device) >= _BF16_FROM
    return "bf16" if has else "f32"


def autocast(device: torch.device, precision: Precision | None = None) -> AbstractContextManager[object]:
    """Run PyTorch's convolutions and matrix products in a precision, by default that of training, within the block."""
    import torch

    if (precision or choose_training_precision(device=str(device))) == "bf16":
        return torch.autocast(device.type, torch.bfloat16)
    return nullcontext()


def _generation(device: str) -> tuple[int, int]:
    import torch

    return torch.cuda.get_device_capability(device) if torch.cuda.is_available() else (0, 0)
