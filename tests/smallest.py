"""Networks of the smallest sizes, for whatever holds for all systems; a new system is one more row."""

from __future__ import annotations

from typing import Any

import torch

from framecolor.networks.systems import SYSTEMS, load_class

SMALLEST: dict[str, dict[str, Any]] = {
    "chooser": {"tokens": 256, "width": 8, "layers": 1, "heads": 2, "rounds": 1},
    "cyclegan": {"width": 4, "blocks": 1, "size_px": 64},
    "deepcolor": {"width": 4, "vae_width": 2, "latent": 2, "size_px": 128},
    "diffusion": {"widths": [4, 4, 4, 4], "width": 8, "layers": 1, "heads": 2, "size_px": 64, "palettes": 4},
    "histogram": {"width": 4, "told": 4, "size_px": 128},
    "paintstorch": {"widths": [4, 8, 8], "blocks": [1, 1], "size_px": 64},
    "perception": {"widths": [4, 4, 8], "embed_channels": 4},
    "stencil": {"widths": [4, 8, 8], "blocks": [1, 1], "size_px": 64},
}


def make_network(name: str) -> Any:
    """A system's network that learned nothing, always with the same weights."""
    torch.manual_seed(0)
    return load_class(SYSTEMS[name].network or "")(**SMALLEST[name])
