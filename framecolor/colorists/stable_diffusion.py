"""Stable Diffusion as a colorist: diffusers' image-to-image pipeline, with weights of the user's own.

It adds noise to the painting, or to the drawing if there is none, up to the strength, and denoises it by the prompt.
High guidance departs from the drawing; the drawing's lines and regions still hold, as for every colorist.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from framecolor.colorists.base import Conditioning, SamplingOptions, fit_size
from framecolor.core.text import format_install
from framecolor.core.types import Frame, Regions
from framecolor.errors import EngineError, ReadError

if TYPE_CHECKING:
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_img2img import StableDiffusionImg2ImgPipeline

INSTALL = format_install("framecolor[diffusion]")
PROMPT = "flat colors, cel shaded anime character, clean line art, white background"
GUIDANCE = 7.5
_STEPS = 50
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_INDEX = "model_index.json"


class StableDiffusionColorist:
    """Uses `Conditioning.image` and `mask`, and all options; without an image it starts from the drawing itself."""

    name = "stable-diffusion"

    def __init__(self, pipeline: StableDiffusionImg2ImgPipeline, prompt: str = PROMPT) -> None:
        self.pipeline, self.prompt = pipeline, prompt
        self.pipeline.set_progress_bar_config(disable=True)

    def paint(
        self, frame: Frame, regions: Regions, conditioning: Conditioning, options: SamplingOptions
    ) -> NDArray[np.float32]:
        """Paint at the drawing's own size (`Colorist.paint`), in about steps x strength steps."""
        ink = frame.ink[..., 3:].astype(np.float32) / np.float32(255)
        image = np.ones((*frame.size, 3), np.float32)
        if conditioning.image is not None:
            image = conditioning.image.astype(np.float32) / np.float32(255)
        if options.strength == 0:
            return image
        drawn = image * (1 - ink) + frame.ink[..., :3].astype(np.float32) / np.float32(255) * ink
        rows, columns = self._choose_size(frame.size)
        small = cv2.resize(drawn, (columns, rows), interpolation=cv2.INTER_AREA)
        steps = options.steps or _STEPS
        painted: Any = self.pipeline(
            prompt=self.prompt,
            image=torch.from_numpy(small).permute(2, 0, 1)[None],
            strength=max(options.strength, 1 / steps),  # diffusers refuses less than one step
            num_inference_steps=steps,
            guidance_scale=options.guidance,
            generator=torch.Generator("cpu").manual_seed(options.seed),
            output_type="np",
        )
        large = cv2.resize(painted.images[0], frame.size[::-1], interpolation=cv2.INTER_LINEAR)
        result = np.asarray(large, dtype=np.float32).clip(0, 1)
        if conditioning.mask is not None:
            result[~conditioning.mask] = image[~conditioning.mask]
        return result

    def _choose_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Choose a size of the model's resolution and about the drawing's shape that its U-Net can halve."""
        unet: Any = self.pipeline.unet
        factor = int(self.pipeline.vae_scale_factor)
        return fit_size(size, unet.config.sample_size * factor, factor * 2 ** (len(unet.config.block_out_channels) - 1))


def is_stable_diffusion(model: str) -> bool:
    """Return whether a --model names a pipeline: its folder, or a hub id if there is no such path."""
    path = Path(model)
    if path.exists() or path.suffix == ".safetensors":
        return (path / _INDEX).is_file()
    return _HUB_ID.fullmatch(model) is not None


def open_stable_diffusion(model: str, prompt: str = PROMPT) -> StableDiffusionColorist:
    """Open the pipeline of a folder or hub id: in half precision on a GPU if there is one, else in float32.

    Only safetensors weights are loaded. Raises EngineError if diffusers is not installed, ReadError if the pipeline
    cannot be loaded.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_img2img import (
                StableDiffusionImg2ImgPipeline,
            )
            from diffusers.utils import logging as diffusers_logging
            from transformers.utils import logging as transformers_logging
    except ImportError as error:
        raise EngineError(model, f"needs diffusers ({error})", INSTALL) from None
    for log in (diffusers_logging, transformers_logging):
        log.set_verbosity_error()
        log.disable_progress_bar()
    on_gpu = torch.cuda.is_available()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pipeline = StableDiffusionImg2ImgPipeline.from_pretrained(
                model,
                torch_dtype=torch.float16 if on_gpu else torch.float32,
                use_safetensors=True,
                safety_checker=None,
                feature_extractor=None,
                requires_safety_checker=False,
                local_files_only=Path(model).exists(),
            )
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, AttributeError) as error:
        problem = next(iter(str(error).splitlines()), type(error).__name__)
        fix = "give the folder of a Stable Diffusion pipeline with safetensors weights, or its hub id"
        raise ReadError(model, f"cannot be loaded ({problem})", fix) from error
    return StableDiffusionColorist(pipeline.to("cuda" if on_gpu else "cpu"), prompt)
