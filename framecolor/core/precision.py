"""Which precision to compute in: the fastest that the hardware has by itself, never one that it only emulates.

Everything that computes with networks asks here: engines, fits, trainings, benchmarks, the doctor.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Literal

from framecolor.core.cpu import has_bf16

if TYPE_CHECKING:
    import torch

Precision = Literal["f32", "bf16", "f16"]
PrecisionChoice = Literal["auto", "f32"]
"""auto: as above. f32: float32, which all hardware has, so that machines of different kinds differ by rounding only."""

# NVIDIA GPUs compute in half well from this generation on (Volta), and in bfloat16 from this one (Ampere).
_HALF_FROM, _BF16_FROM = (7, 0), (8, 0)


def list_precisions(device: str = "cpu") -> tuple[Precision, ...]:
    """What networks can run in on a device ("cpu", "cuda", "cuda:1"), the fastest first; f32 is always among them."""
    if device == "cpu":
        return ("bf16", "f32") if has_bf16() else ("f32",)
    return ("f16", "f32") if _generation(device) >= _HALF_FROM else ("f32",)


def choose_precision(choice: PrecisionChoice = "auto", device: str = "cpu") -> Precision:
    """What networks run in on a device."""
    return "f32" if choice == "f32" else list_precisions(device)[0]


def choose_training_precision(choice: PrecisionChoice = "auto", device: str = "cpu") -> Precision:
    """What networks are trained in on a device: gradients need the range of bfloat16 or float32."""
    if choice == "f32":
        return "f32"
    has = has_bf16() if device == "cpu" else device.startswith("cuda") and _generation(device) >= _BF16_FROM
    return "bf16" if has else "f32"


def autocast(device: torch.device, precision: Precision | None = None) -> AbstractContextManager[object]:
    """Within this, PyTorch's convolutions and products compute in a precision, by default that of trainings."""
    import torch

    if (precision or choose_training_precision(device=str(device))) == "bf16":
        return torch.autocast(device.type, torch.bfloat16)
    return nullcontext()


def _generation(device: str) -> tuple[int, int]:
    import torch

    return torch.cuda.get_device_capability(device) if torch.cuda.is_available() else (0, 0)
