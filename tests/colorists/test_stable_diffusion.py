"""Stable Diffusion as a colorist, on a tiny pipeline that is made here: no weights are fetched."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from drawings import draw
from numpy.typing import NDArray

from framecolor import EngineError, ReadError, cli
from framecolor.colorists import stable_diffusion
from framecolor.colorists.base import Conditioning, SamplingOptions
from framecolor.colorists.stable_diffusion import StableDiffusionColorist, is_stable_diffusion, open_stable_diffusion
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.regions import find_regions
from framecolor.media import write_image

pytest.importorskip("diffusers")
LINE, PAINTED = draw(1)
FRAME = read_drawing(1, LINE)
REGIONS = find_regions(FRAME)
IMAGE = np.where(PAINTED[..., 3:] > 0, PAINTED[..., :3], 255).astype(np.uint8)
LETTERS = "abcdefghijklmnopqrstuvwxyz,"
WORDS = ("<|startoftext|>", "<|endoftext|>", *LETTERS, *(f"{letter}</w>" for letter in LETTERS))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A pipeline with random weights, a few hundred kilobytes."""
    folder = tmp_path_factory.mktemp("pipeline")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        _write_pipeline(folder)
        yield folder


def _write_pipeline(folder: Path) -> None:
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_img2img import StableDiffusionImg2ImgPipeline
    from diffusers.schedulers.scheduling_ddim import DDIMScheduler
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    torch.manual_seed(0)
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(WORDS)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    unet = UNet2DConditionModel(
        sample_size=16,
        block_out_channels=(8, 16),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=16,
        attention_head_dim=8,
        norm_num_groups=4,
    )
    vae = AutoencoderKL(
        block_out_channels=(8, 8),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        norm_num_groups=4,
    )
    text = CLIPTextConfig(
        vocab_size=len(WORDS), hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=16, bos_token_id=0, eos_token_id=1, pad_token_id=1,
    )  # fmt: skip
    StableDiffusionImg2ImgPipeline(
        vae=vae,
        text_encoder=CLIPTextModel(text),
        tokenizer=CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=16),
        unet=unet,
        scheduler=DDIMScheduler(steps_offset=1, clip_sample=False),
        safety_checker=None,  # pyright: ignore[reportArgumentType]
        feature_extractor=None,  # pyright: ignore[reportArgumentType]
        requires_safety_checker=False,
    ).save_pretrained(folder)


@pytest.fixture(scope="module")
def colorist(folder: Path) -> StableDiffusionColorist:
    return open_stable_diffusion(str(folder), "a red scarf")


def paint(
    colorist: StableDiffusionColorist, conditioning: Conditioning | None = None, **options: float
) -> NDArray[np.float32]:
    given = {"steps": 4, "strength": 0.5, "guidance": 1.0, **options}
    return colorist.paint(FRAME, REGIONS, conditioning or Conditioning(image=IMAGE), SamplingOptions(**given))  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_picture(colorist: StableDiffusionColorist) -> None:
    first = paint(colorist)
    assert first.shape == (*FRAME.size, 3) and first.dtype == np.float32
    assert np.array_equal(first, paint(colorist))
    assert not np.array_equal(first, paint(colorist, seed=1))


def test_guidance_strength_and_image_matter(colorist: StableDiffusionColorist) -> None:
    first = paint(colorist)
    assert not np.array_equal(first, paint(colorist, guidance=8))
    assert not np.array_equal(first, paint(colorist, strength=1))
    assert not np.array_equal(first, paint(colorist, Conditioning()))


def test_strength_0_returns_the_input(colorist: StableDiffusionColorist) -> None:
    assert np.array_equal(paint(colorist, strength=0), IMAGE.astype(np.float32) / np.float32(255))


def test_less_strength_than_a_step_is_one_step(colorist: StableDiffusionColorist) -> None:
    assert np.isfinite(paint(colorist, strength=0.05)).all()


def test_outside_of_a_mask_the_image_stays(colorist: StableDiffusionColorist) -> None:
    mask = np.zeros(FRAME.size, bool)
    mask[:, 40:] = True
    picture = paint(colorist, Conditioning(image=IMAGE, mask=mask))
    assert np.array_equal(picture[~mask], (IMAGE.astype(np.float32) / np.float32(255))[~mask])


def test_explore_paints_with_it(folder: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "line.png", LINE)
    arguments = [tmp_path / "line.png", "--model", folder, "--variations", 2, "--steps", 2, "--prompt", "a fox", "-o"]
    result = CliRunner().invoke(cli.framecolor, ["explore", *map(str, arguments), str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    record = json.loads((tmp_path / "out" / "explore.json").read_text())
    assert record["model"].endswith(": a fox") and record["knobs"]["guidance"] == stable_diffusion.GUIDANCE
    assert len(record["variations"]) == 2


def test_what_a_model_is(folder: Path, tmp_path: Path) -> None:
    assert is_stable_diffusion(str(folder)) and is_stable_diffusion("somebody/some-model")
    assert not is_stable_diffusion(str(tmp_path)) and not is_stable_diffusion("runs/weights.safetensors")


def test_only_safetensors_are_loaded(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text((folder / "model_index.json").read_text())
    (tmp_path / "unet").mkdir()
    (tmp_path / "unet" / "config.json").write_text((folder / "unet" / "config.json").read_text())
    (tmp_path / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"never unpickled")
    with pytest.raises(ReadError, match="safetensors"):
        open_stable_diffusion(str(tmp_path))


def test_a_missing_extra_names_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "diffusers.utils", None)
    with pytest.raises(EngineError, match=r"pip install 'framecolor\[diffusion\]'"):
        open_stable_diffusion("somebody/some-model")
