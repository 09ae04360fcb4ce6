"""What the painter learns from: episodes are made once, and a batch's problems follow from its number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import one_thread

from framecolor.training import painter_batches as module
from framecolor.training.dataset import Dataset
from framecolor.training.loop import Batch
from framecolor.training.painter_batches import PainterBatches, choose_problem, pack, pair_up
from framecolor.training.painter_episodes import IMAGES, PainterEpisodes

SIZE_PX = 64


@pytest.fixture(scope="module")
def episodes(figures: Path, tmp_path_factory: pytest.TempPathFactory) -> PainterEpisodes:
    return PainterEpisodes(Dataset(figures), "train", 1, tmp_path_factory.mktemp("episodes"), 2, SIZE_PX)


@pytest.fixture
def batches(episodes: PainterEpisodes, monkeypatch: pytest.MonkeyPatch) -> PainterBatches:
    monkeypatch.setattr(module, "_TWINS", 0)
    return PainterBatches([episodes], 1, 2)


@pytest.fixture
def batch(batches: PainterBatches) -> Batch:
    with one_thread():
        return batches[3]


def test_an_episode_is_kept_and_made_again_if_it_is_damaged(episodes: PainterEpisodes) -> None:
    made = episodes.read(0)
    path = episodes.folder / "000000.npz"
    before = path.stat().st_mtime_ns
    again = episodes.read(0)
    assert path.stat().st_mtime_ns == before and made.keys() == again.keys()
    path.write_bytes(path.read_bytes()[:100])
    for name, array in episodes.read(0).items():
        np.testing.assert_array_equal(array, made[name], err_msg=name)
    assert path.stat().st_size > 100


def test_an_episode_has_all_of_its_regions_and_the_flow_between_neighbors(episodes: PainterEpisodes) -> None:
    episode = episodes.read(0)
    counts = [len(episode[f"classes{i}"]) for i in range(IMAGES)]
    for i in range(IMAGES):
        assert {len(episode[f"{name}{i}"]) for name in ("look", "shape", "crops", "area")} == {counts[i]}
        assert episode[f"contact{i}"].shape == (counts[i], counts[i])
    for later in (2, 4, 5):
        assert episode[f"there{later}"].shape == episode[f"back{later}"].T.shape == (counts[later], counts[later - 1])
    assert {name for name in episode if name.startswith("there")} == {"there2", "there4", "there5"}


def test_a_drawing_is_never_painted_from_itself() -> None:
    rng = np.random.default_rng(0)
    problems = [choose_problem(IMAGES, rng) for _ in range(300)]
    for problem in problems:
        assert problem.target not in problem.sources and len(set(problem.sources)) == len(problem.sources) > 0
        assert not problem.few or (abs(problem.sources[0] - problem.target) == 1 and len(problem.sources) > 1)
    assert {len(problem.sources) for problem in problems} == {1, 2, 3, 4, 5}
    assert {problem.few for problem in problems} == {False, True}


def test_a_batch_is_the_same_each_time(batches: PainterBatches, batch: Batch) -> None:
    for name, values in batches[3].items():
        torch.testing.assert_close(values, batch[name], rtol=0, atol=0)
    assert any(not torch.equal(batches[4][name], batch[name]) for name in ("target", "sources"))


def test_a_batch_is_padded_and_says_so(batch: Batch) -> None:
    drawings, count = batch["classes"].shape
    problems, sources = batch["sources"].shape
    assert drawings == 2 * IMAGES and batch["look"].shape[:2] == batch["contact"].shape[:2] == (drawings, count)
    assert len(batch["crops"]) == int(batch["count"].sum()) and batch["crops"].dtype == torch.uint8
    assert torch.equal((batch["classes"] >= 0).sum(1), batch["count"])
    assert batch["source_known"].shape == (problems, sources, count)
    for q in range(problems):
        for s in range(sources):
            source = int(batch["sources"][q, s])
            assert not batch["source_known"][q, s, int(batch["count"][source]) if source >= 0 else 0 :].any()


def test_of_a_corrected_drawing_few_regions_are_told(
    episodes: PainterEpisodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for share, value in {"_TWINS": 0, "_FEW": 1, "_PARTIAL": 0}.items():
        monkeypatch.setattr(module, share, value)
    batch = pack([episodes.read(0)], np.random.default_rng(0), problems=9)
    told = batch["source_known"].sum(2)
    assert ((told[:, 0] >= 1) & (told[:, 0] <= 6)).all()
    assert torch.equal(told[:, 1], batch["count"][batch["sources"][:, 1]].float()), "keys are told as a whole"


def test_neighbors_are_linked_mostly_by_flow(episodes: PainterEpisodes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TWINS", 0)
    batches = [pack([episodes.read(0)], np.random.default_rng(seed)) for seed in range(12)]
    for batch in batches:
        later, earlier = batch["link"][0].tolist()
        assert later - earlier == 1
        assert not batch["there"][0, int(batch["count"][later]) :].any()
    flows = [bool(batch["there"].any()) for batch in batches]
    assert 0 < sum(flows) < len(flows)
    monkeypatch.setattr(module, "_TWINS", 1)
    assert not len(pack([episodes.read(0)], np.random.default_rng(0))["link"]), "twins have no neighbors"


def test_twins_stand_side_by_side_in_other_paints(episodes: PainterEpisodes) -> None:
    paired = pair_up(episodes.read(0), np.random.default_rng(0))
    for n in range(IMAGES // 2):
        contact, shape = paired[f"contact{n}"], paired[f"shape{n}"]
        left = next(i for i in range(1, len(contact)) if not contact[:i, i:].any() and not contact[i:, :i].any())
        assert 0 < left < len(contact), "the two figures do not touch"
        assert shape[:left, 0].mean() < shape[left:, 0].mean()
        classes = paired[f"classes{n}"]
        assert classes[:left].max() < classes.max(), "the right one has paints of its own"


def test_twins_are_packed_like_others(episodes: PainterEpisodes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TWINS", 1)
    batch = pack([episodes.read(0), episodes.read(1)], np.random.default_rng(0))
    assert len(batch["classes"]) == IMAGES and len(batch["crops"]) == int(batch["count"].sum())
    assert (batch["target"] < IMAGES).all() and not (batch["sources"] == batch["target"][:, None]).any()
