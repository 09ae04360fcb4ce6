"""Line extraction, hint simulation, episodes, losses, the loop and its checkpoints."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from framecolor import EngineError, InputError, ReadError
from framecolor.cli.train import train as train_command
from framecolor.networks.checkpoint import load_generator, save_generator
from framecolor.networks.generator import Generator
from framecolor.training.character import draw_character
from framecolor.training.dataset import Dataset, IdSequence, Provenance, write_dataset
from framecolor.training.episodes import Episodes, EpisodeSettings
from framecolor.training.extract_lines import LineStyle, draw_lines, draw_style, find_borders, find_outside
from framecolor.training.loop import LoopSettings, start, take_step, train
from framecolor.training.losses import accuracy, color_loss, join_by_class, prototype_loss, vote
from framecolor.training.recipes import generator as generator_recipe
from framecolor.training.recipes.generator import GeneratorRecipe
from framecolor.training.simulate_hints import KINDS, simulate_hint

TINY = EpisodeSettings(size_px=64, images=5, hinted=1, most_keys=2, samples=256)


def draw_sequence(name: str) -> IdSequence:
    """A body, a head with an eye, and a shadow on the body, moving right over four frames."""
    frames = np.zeros((4, 96, 96), np.uint16)
    for i, frame in enumerate(frames):
        frame[40:90, 20 + 4 * i : 60 + 4 * i] = 1
        frame[60:90, 20 + 4 * i : 35 + 4 * i] = 2
        frame[10:40, 25 + 4 * i : 55 + 4 * i] = 3
        frame[20:26, 40 + 4 * i : 48 + 4 * i] = 4
    rgb = np.array([[200, 40, 40], [120, 20, 20], [240, 200, 170], [10, 10, 10]], np.uint8)
    ids = np.arange(1, 5, dtype=np.uint16)
    return IdSequence(name, "move", frames, ids, rgb, np.array([1, 1, 3, 4], np.uint16), ("a", "a", "b", "c"))


@pytest.fixture(scope="module", autouse=True)
def quick_validation() -> Iterator[None]:
    """Validate on two episodes only, to save time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generator_recipe, "_VAL_EPISODES", 2)
        patch.setattr(generator_recipe, "_SAMPLE_EPISODES", 2)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("data")
    sequences = [draw_sequence(f"c{i}") for i in range(3)]
    write_dataset(sequences, folder, Provenance("drawn by the test", "CC0-1.0"), 96, 1)
    return Dataset(folder)


def small_recipe(data: Dataset) -> GeneratorRecipe:
    return GeneratorRecipe(data, 0, TINY, widths=(8, 12, 16), feature_channels=8)


# Lines


def test_borders_are_one_pixel_lines_between_labels() -> None:
    labels = np.zeros((6, 6), np.int32)
    labels[2:4, 2:4] = 5
    borders = find_borders(labels)
    assert borders[1, 2] and borders[3, 3] and borders[2, 1]
    assert not borders[0, 0] and not borders[2, 2] and not borders[5, 5]


def lines_of(fills: np.ndarray, inked: np.ndarray, style: LineStyle) -> tuple[np.ndarray, np.ndarray]:
    blank = np.zeros(fills.shape, bool)
    rgb = np.full((*fills.shape, 3), 255, np.uint8)
    return draw_lines(fills, inked, blank, rgb, style, np.random.default_rng(0))


def test_wider_styles_draw_more_ink_and_gaps_less() -> None:
    ids = draw_sequence("x").frames[0].astype(np.int32)
    share = {
        name: lines_of(ids, ids, style)[0].mean()
        for name, style in {
            "thin": LineStyle(width_px=1, wobble_px=0),
            "wide": LineStyle(width_px=5, wobble_px=0),
            "broken": LineStyle(width_px=5, wobble_px=0, gap_share=0.2),
        }.items()
    }
    assert share["thin"] < share["broken"] < share["wide"]


def test_borders_without_ink_become_trace_lines() -> None:
    ids = draw_sequence("x").frames[0].astype(np.int32)
    ink, trace = lines_of(ids, np.zeros_like(ids), LineStyle())
    assert not ink.any()
    assert (trace == find_borders(ids)).all()
    ink, trace = lines_of(ids, (ids > 0).astype(np.int32), LineStyle(width_px=2))
    assert ink.any() and trace.any() and not (ink & trace).any()


def test_xdog_finds_the_drawn_shape() -> None:
    rgb = np.full((60, 60, 3), 255, np.uint8)
    rgb[20:40, 20:40] = 60
    blank = np.zeros((60, 60), bool)
    ink, trace = draw_lines(blank, blank, blank, rgb, LineStyle(extractor="xdog"), np.random.default_rng(0))
    assert ink[20, 20:40].all()
    assert not trace.any() and not ink[:10].any()


def test_outside_stops_at_lines() -> None:
    background = np.ones((20, 20), bool)
    lines = np.zeros((20, 20), bool)
    lines[5, 5:15] = lines[14, 5:15] = lines[5:15, 5] = lines[5:15, 14] = True
    outside = find_outside(background, lines)
    assert outside[0, 0] and outside[19, 19]
    assert not outside[10, 10] and not outside[5, 5]


def test_styles_are_repeatable() -> None:
    assert draw_style(np.random.default_rng(3)) == draw_style(np.random.default_rng(3))


# Hints


@pytest.mark.parametrize("kind", KINDS)
def test_hints_are_colors_times_confidence(kind: str) -> None:
    rng = np.random.default_rng(1)
    regions = np.repeat(np.arange(8, dtype=np.int32), 8)[:, None] * np.ones((1, 64), np.int32)
    rgb = rng.random((8, 3)).astype(np.float32)[regions]
    hint = simulate_hint(rgb, regions, rng, kind)
    assert hint.shape == (4, 64, 64) and hint.dtype == np.float32
    assert hint.min() >= 0 and hint.max() <= 1
    assert (hint[:3] <= hint[3:] + 1e-5).all()
    if kind == "exact":
        assert np.allclose(hint[:3] / hint[3:], rgb.transpose(2, 0, 1), atol=1e-5)
    if kind == "empty":
        assert not hint.any()


def test_propagated_hints_go_wrong_in_parts() -> None:
    rng = np.random.default_rng(2)
    regions = np.repeat(np.arange(16, dtype=np.int32), 4)[:, None] * np.ones((1, 64), np.int32)
    rgb = rng.random((16, 3)).astype(np.float32)[regions]
    off = []
    for _ in range(20):
        hint = simulate_hint(rgb, regions, rng, "propagated")
        known = hint[3] > 0.2
        color = hint[:3] / np.maximum(hint[3:], 1e-6)
        off.append((np.abs(color - rgb.transpose(2, 0, 1)).max(axis=0)[known] > 0.05).mean())
    assert 0.02 < np.mean(off) < 0.7


# Episodes


def test_an_episode_depends_on_seed_and_number_only(data: Dataset) -> None:
    one, two = Episodes(data, "train", 5, TINY), Episodes(data, "train", 5, TINY)
    two[0]
    for name, tensor in one[3].items():
        assert torch.equal(tensor, two[3][name]), name
    assert not torch.equal(one[3]["planes"], one[4]["planes"])


def test_episodes_are_consistent(data: Dataset) -> None:
    for index in range(8):
        episode = Episodes(data, "train", 1, TINY, whole=True)[index]
        planes, plain = episode["planes"], int(episode["plain"])
        assert planes.shape == (5, 11, 64, 64) and torch.isfinite(planes).all()
        assert planes.min() >= 0 and planes.max() <= 1
        assert not planes[:plain, 7:].any()
        # A region that leaks through a gap has the class of most of it.
        assert (episode["region_class"][episode["region"]] == episode["classes"]).float().mean() > 0.8
        assert (episode["region_image"][episode["region"]] == torch.arange(5)[:, None]).all()
        assert (episode["class_map"].flatten(1).gather(1, episode["pixel"]) == episode["classes"]).all()
        sizes = torch.bincount(episode["region_image"])
        assert episode["shape"].shape == (len(episode["region_class"]), 6) and torch.isfinite(episode["shape"]).all()
        assert episode["flow_there"].shape == (sizes[plain - 1], sizes[plain - 2])
        assert episode["flow_back"].shape == (sizes[plain - 2], sizes[plain - 1])
        region, neighbor = episode["contact"][:2].long()
        assert (episode["region_image"][region] == episode["region_image"][neighbor]).all()


def test_flow_joins_neighbors_of_one_class(data: Dataset) -> None:
    right = []
    for index in range(12):
        episode = Episodes(data, "train", 3, TINY)[index]
        plain, image = int(episode["plain"]), episode["region_image"]
        after, before = (episode["region_class"][image == plain - k] for k in (1, 2))
        found = episode["flow_there"].sum(1) > 0.5
        right += (after[found] == before[episode["flow_there"][found].argmax(1)]).tolist()
    assert len(right) > 20 and np.mean(right) > 0.6


def test_background_is_a_class_of_its_own() -> None:
    sequence = draw_sequence("x")
    sequence.rgb[0] = 255
    for seed in range(20):
        character = draw_character([sequence], np.random.default_rng(seed))
        assert character.classes[0] == 0
        assert (character.classes[1:] != 0).all()
        for label in np.unique(character.classes):
            assert len(np.unique(character.rgb[character.classes == label], axis=0)) == 1


# Losses


def test_votes_find_the_class_of_equal_features() -> None:
    directions = torch.eye(4)
    classes = torch.tensor([[0, 1, 2, 3], [3, 2, 1, 0], [1, 1, 3, 0]])
    features = directions[classes]
    region = torch.arange(12).view(3, 4)
    votes = vote(features, classes, region, classes.flatten(), torch.arange(3).repeat_interleave(4), keys=2)
    assert accuracy(votes, 2) == {"pixel": 1.0, "region": 1.0}
    pixel, by_region = prototype_loss(votes, [0.5, 0.5, 1.0])
    assert pixel < 1e-4 and by_region < 1e-4


def test_classes_without_a_key_get_no_votes() -> None:
    features = torch.eye(4)[torch.tensor([[0, 1], [2, 3]])]
    classes = torch.tensor([[0, 1], [2, 2]])
    votes = vote(features, classes, torch.arange(4).view(2, 2), classes.flatten(), torch.tensor([0, 0, 1, 1]), keys=1)
    assert votes[0] is not None and votes[1] is None


def test_joining_by_class_is_a_logsumexp() -> None:
    similarity = torch.tensor([[1.0, 2.0, 3.0]])
    joined = join_by_class(similarity, torch.tensor([0, 2, 2]), 3)
    assert joined[0, 0] == pytest.approx(1.0)
    assert joined[0, 2] == pytest.approx(float(torch.logsumexp(similarity[0, 1:], 0)))
    assert joined[0, 1] < -1000


def test_a_trusted_hint_passes_unchanged() -> None:
    generator = Generator((8, 12), 6).eval()
    torch.nn.init.zeros_(generator.color_head.weight)
    bias_of_head = generator.color_head.bias
    assert bias_of_head is not None
    planes = torch.rand(1, 11, 16, 16)
    planes[:, 10] = 0.5
    planes[:, 7:10] *= 0.5
    for bias, expected in ((20.0, planes[:, 7:10] / 0.5), (-20.0, torch.full((1, 3, 16, 16), 0.5))):
        with torch.no_grad():
            bias_of_head.copy_(torch.tensor([0.0, 0.0, 0.0, bias]))
            rgb, trust = generator.color(generator(planes), planes)
        assert torch.allclose(rgb, expected, atol=1e-5)
        assert torch.allclose(trust, torch.tensor(float(bias > 0)), atol=1e-5)
    with torch.no_grad():
        bias_of_head.zero_()
        planes[:, 10] = torch.linspace(0.1, 0.9, 16)
        assert torch.allclose(generator.color(generator(planes), planes)[1][:, 0], planes[:, 10], atol=1e-5)


def test_trust_is_trained_only_where_there_is_a_hint() -> None:
    truth = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    hint = torch.tensor([[0.5, 0.0, 0.0, 0.5], [0.5, 0.0, 0.0, 0.5], [0.0, 0.0, 0.0, 0.0]])
    color, good = color_loss(truth, torch.tensor([1.0, 0.0, 1.0]), hint, truth)
    _, bad = color_loss(truth, torch.tensor([0.0, 1.0, 1.0]), hint, truth)
    assert color == 0 and good < 0.01 and bad > 5


# Loop


def test_the_loss_of_an_episode_falls(data: Dataset) -> None:
    torch.manual_seed(0)
    settings = LoopSettings(100, rate=5e-3, warmup_steps=1)
    recipe = small_recipe(data)
    state, batch = start(recipe, settings), recipe.batches[0]
    losses = [take_step(recipe, state, batch, settings)["loss"] for _ in range(6)]
    assert losses[-1] < 0.8 * losses[0]


def test_an_existing_run_is_not_overwritten(data: Dataset, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.safetensors").touch()
    with pytest.raises(InputError, match="--resume"):
        train(small_recipe(data), tmp_path, LoopSettings(4))
    with pytest.raises(ReadError, match="checkpoint"):
        train(small_recipe(data), tmp_path, LoopSettings(4), resume=True)


@pytest.mark.parametrize(("device", "problem"), [("cuda:99", "GPU|CPU build|ordinal"), ("abacus", "abacus")])
def test_a_device_that_is_not_here_is_an_error_before_the_first_step(
    data: Dataset, tmp_path: Path, device: str, problem: str
) -> None:
    arguments = ["painter", "--data", str(data.folder), "-o", str(tmp_path / "run"), "--device", device]
    failed = CliRunner().invoke(train_command, arguments).exception
    assert isinstance(failed, EngineError) and failed.subject == f"--device {device}"
    assert re.search(problem, failed.problem) and "--device cpu" in failed.fix
    assert not (tmp_path / "run").exists()


# Checkpoints


def test_weights_keep_hyper_parameters_and_values(tmp_path: Path) -> None:
    generator = Generator((8, 12), 6).eval()
    save_generator(generator, tmp_path / "weights.safetensors", {"license": "CC0-1.0"})
    again = load_generator(tmp_path / "weights.safetensors")
    planes = torch.rand(1, 11, 16, 16)
    assert torch.equal(generator(planes), again(planes))


def test_unusable_weights_are_an_error_that_names_file_and_fix(tmp_path: Path) -> None:
    for name, content in {"absent": None, "empty": b"", "noise": b"\x80\x04" * 40}.items():
        path = tmp_path / f"{name}.safetensors"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ReadError, match=rf"{name}\.safetensors.*framecolor train"):
            load_generator(path)
