"""What the painter learns from: episodes are made once, and a batch's problems follow from its number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import one_thread

from framecolor.matching.question import ABSENT
from framecolor.training import painter_episodes as module
from framecolor.training.dataset import Dataset
from framecolor.training.kept_episodes import IMAGES
from framecolor.training.loop import Batch
from framecolor.training.painter_episodes import PainterBatches, PainterEpisodes, choose_problem, pack, pair_up

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


def test_an_episode_scores_all_pairs_of_drawings_both_ways(episodes: PainterEpisodes) -> None:
    episode = episodes.read(0)
    counts = [len(episode[f"classes{i}"]) for i in range(IMAGES)]
    for a in range(IMAGES):
        assert len(episode[f"crops{a}"]) == len(episode[f"tokens{a}"]) == len(episode[f"area{a}"]) == counts[a]
        for b in set(range(IMAGES)) - {a}:
            assert episode[f"score{a}{b}"].shape == (counts[a], counts[b])
            assert episode[f"unmatched{a}{b}"].shape == (counts[a],)
    assert {name for name in episode if name.startswith("scoreflow")} == {
        f"scoreflow{a}{b}" for later in (2, 4, 5) for a, b in ((later, later - 1), (later - 1, later))
    }


def test_a_drawing_is_never_painted_from_itself() -> None:
    rng = np.random.default_rng(0)
    problems = [choose_problem(IMAGES, rng) for _ in range(300)]
    for problem in problems:
        assert problem.target not in problem.sources and len(set(problem.sources)) == len(problem.sources) > 0
        assert not problem.neighbor or abs(problem.sources[0] - problem.target) == 1
        assert problem.neighbor or not problem.flow
    assert {len(problem.sources) for problem in problems} == {1, 2, 3, 4, 5}
    assert {problem.flow for problem in problems} == {problem.neighbor for problem in problems} == {False, True}


def test_a_batch_is_the_same_each_time(batches: PainterBatches, batch: Batch) -> None:
    for name, values in batches[3].items():
        torch.testing.assert_close(values, batch[name], rtol=0, atol=0)
    assert any(not torch.equal(batches[4][name], batch[name]) for name in ("target", "sources"))


def test_a_batch_is_padded_and_says_so(batch: Batch) -> None:
    drawings, count = batch["classes"].shape
    problems, sources = batch["sources"].shape
    assert drawings == 2 * IMAGES and batch["tokens"].shape[:2] == batch["contact"].shape[:2] == (drawings, count)
    assert len(batch["crops"]) == int(batch["present"].sum()) and batch["crops"].dtype == torch.uint8
    assert torch.equal(batch["present"] > 0, batch["classes"] >= 0)
    assert batch["score"].shape == (problems, count, sources * count) and batch["unmatched"].shape == (problems, count)
    there = batch["score"].unflatten(2, (sources, count)) > ABSENT / 2
    for q in range(problems):
        own = batch["present"][batch["target"][q]] > 0
        for s in range(sources):
            source = int(batch["sources"][q, s])
            theirs = torch.zeros(count, dtype=torch.bool) if source < 0 else batch["present"][source] > 0
            assert torch.equal(there[q, :, s], own[:, None] & theirs), (
                "scores of regions that are there, and only those"
            )
            assert not batch["source_known"][q, s][~theirs].any()


def test_keys_have_their_own_colors_and_neighbors_some_of_others(
    episodes: PainterEpisodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TWINS", 0)
    rng, kept = np.random.default_rng(0), [episodes.read(0)]
    wrong = 0
    for _ in range(10):
        batch = pack(kept, rng, problems=6)
        for q, sources in enumerate(batch["sources"].tolist()):
            for place, source in enumerate(sources):
                if source < 0:
                    continue
                differs = int((batch["source_classes"][q, place] != batch["classes"][source]).sum())
                assert differs == 0 or (place == 0 and abs(source - int(batch["target"][q])) == 1)
                wrong += differs
    assert wrong > 0


def test_twins_stand_side_by_side_in_other_paints(episodes: PainterEpisodes) -> None:
    paired = pair_up(episodes.read(0), np.random.default_rng(0))
    for n in range(IMAGES // 2):
        contact, shape = paired[f"contact{n}"], paired[f"shape{n}"]
        left = next(i for i in range(1, len(contact)) if not contact[:i, i:].any() and not contact[i:, :i].any())
        assert 0 < left < len(contact), "the two figures do not touch"
        assert shape[:left, 0].mean() < shape[left:, 0].mean()
        classes = paired[f"classes{n}"]
        assert classes[:left].max() < classes.max(), "the right one has paints of its own"
        for other in set(range(IMAGES // 2)) - {n}:
            assert paired[f"score{n}{other}"].shape == (len(classes), len(paired[f"classes{other}"]))


def test_twins_are_packed_like_others(episodes: PainterEpisodes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TWINS", 1)
    batch = pack([episodes.read(0), episodes.read(1)], np.random.default_rng(0))
    assert len(batch["classes"]) == IMAGES and len(batch["crops"]) == int(batch["present"].sum())
    assert (batch["target"] < IMAGES).all() and not (batch["sources"] == batch["target"][:, None]).any()
