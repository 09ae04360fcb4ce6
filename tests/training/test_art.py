"""Folders of vector art as a source of training data, and the data set built from them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from figures import FIGURE, write_svg

from framecolor import ReadError
from framecolor.cli.dataset import dataset
from framecolor.training.dataset import Dataset
from framecolor.training.sources.art import choose_drawings, read_sources

pytest.importorskip("svgelements")


@pytest.fixture
def art(tmp_path: Path) -> Path:
    """Two sources: four figures in other colors and proportions, and one with a drawing that cannot be read."""
    for name, license_name in (("figures", "CC0-1.0"), ("more", "CC-BY-4.0")):
        folder = tmp_path / "art" / name
        folder.mkdir(parents=True)
        files = {}
        for i in range(3):
            write_svg(
                folder / f"{i}.svg", FIGURE.replace('rx="50"', f'rx="{40 + 6 * i}"').replace("#805020", f"#80{i}020")
            )
            files[f"{i}.svg"] = {"seed": str(i), "category": "bust"}
        write_svg(folder / "broken.svg", "<svg")
        write_svg(folder / "flag-x.svg", FIGURE)
        files |= {n: {"seed": n, "category": "figure"} for n in ("broken.svg", "flag-x.svg")}
        manifest = {
            "name": name,
            "package": name,
            "version": "1",
            "license": license_name,
            "attribution": f"{name} by test",
        }
        (folder / "manifest.json").write_text(json.dumps(manifest | {"files": files}))
    return tmp_path / "art"


def build(art: Path, output: Path, *options: str) -> str:
    result = CliRunner().invoke(
        dataset, ["build", "--art", str(art), "-o", str(output), "--long-side", "128", *options]
    )
    assert result.exit_code == 0, result.output
    return result.output


def test_a_built_set_names_its_sources_and_holds_out_some_of_each(art: Path, tmp_path: Path) -> None:
    output = build(art, tmp_path / "data")
    data = Dataset(tmp_path / "data")
    assert [s["name"] for s in data.table["sources"]] == ["figures", "more"]
    assert data.table["sources"][1]["attribution"] == "more by test"
    assert data.table["license"] == "CC-BY-4.0 AND CC0-1.0"
    for split, count in (("train", 2), ("val", 1)):
        by_source = data.characters_by_source(split)
        assert {name: len(characters) for name, characters in by_source.items()} == {"figures": count, "more": count}
        assert sorted(c for group in by_source.values() for c in group) == sorted(data.characters(split))
    assert "figures: 3 characters" in output
    assert all(item["source"] in ("figures", "more") for item in data.items)


def test_a_build_is_repeatable_by_its_seed(art: Path, tmp_path: Path) -> None:
    for name, options in (("one", ()), ("two", ()), ("other", ("--seed", "1"))):
        build(art, tmp_path / name, "--limit", "2", *options)
    hashes = [Dataset(tmp_path / name).hash for name in ("one", "two", "other")]
    assert hashes[0] == hashes[1] != hashes[2]


def test_flags_and_other_symbols_are_left_out(art: Path) -> None:
    names = [a.name for a in choose_drawings(read_sources(art)[0], None)]
    assert "figures-flag-x" not in names
    assert sorted(names) == ["figures-0", "figures-1", "figures-2", "figures-broken"]


def test_a_folder_without_art_and_a_damaged_manifest_are_errors(art: Path, tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="fetch_art"):
        read_sources(tmp_path / "absent")
    (art / "more" / "manifest.json").write_text("{}")
    with pytest.raises(ReadError, match="manifest"):
        read_sources(art)


def test_a_contact_sheet_is_a_picture_of_all_rows(art: Path, tmp_path: Path) -> None:
    build(art, tmp_path / "data", "--limit", "2")
    options = ["--rows", "2", "--columns", "2", "--size", "64"]
    result = CliRunner().invoke(dataset, ["sheet", str(tmp_path / "data"), "-o", str(tmp_path / "s.png"), *options])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")
    result = CliRunner().invoke(
        dataset, ["sheet", str(tmp_path / "data"), "-o", str(tmp_path / "s.png"), "--source", "no"]
    )
    assert isinstance(result.exception, ReadError)
