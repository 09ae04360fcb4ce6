"""Rigged characters as a source of training data: read, posed, drawn as id maps, and built into a data set."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from rigs import write_rig

from framecolor import ReadError
from framecolor.cli.dataset import dataset
from framecolor.training.character import draw_character
from framecolor.training.dataset import Dataset
from framecolor.training.rigged.camera import Camera
from framecolor.training.rigged.draw import DrawStyle, Posed, draw_ids
from framecolor.training.rigged.gltf import Gltf
from framecolor.training.rigged.parts import name_part
from framecolor.training.rigged.raster import draw_triangles
from framecolor.training.rigged.retarget import Retarget, name_bone
from framecolor.training.rigged.rig import Rig
from framecolor.training.rigged.surface import read_surface
from framecolor.training.sources.rigged import animate_rigged, read_sources
from framecolor.training.stage import draw_frames

AUTHORS = {"box.glb": "Ann", "second.glb": "Ann", "other.glb": "Bob"}


@pytest.fixture
def rigged(tmp_path: Path) -> Path:
    """A pack of three characters, one by another author and moved by shared clips."""
    folder = tmp_path / "rigged"
    write_rig(folder / "pack" / "box.glb", clips=("nod", "Wave Left"))
    write_rig(folder / "pack" / "second.glb", skin=(0.01, 0.01, 0.01))
    write_rig(folder / "pack" / "other.glb", clips=())
    write_rig(folder / "pack" / "_clips_a.glb", meshes=False, clips=("bow",))
    rows: list[dict[str, object]] = [
        {
            "path": f"pack/{name}",
            "family": "test_pack",
            "pack": "Test Pack",
            "licence": "CC0-1.0" if author == "Ann" else "CC-BY",
            "author": author,
            "source_repo": "someone/models",
            "source_commit": "abc123",
            "sha256": hashlib.sha256((folder / "pack" / name).read_bytes()).hexdigest(),
            "kind": "human" if name == "box.glb" else "animal",
        }
        for name, author in AUTHORS.items()
    ]
    rows[2] |= {"clip_sources": ["pack/_clips_*"], "licence_note": "the pack is CC BY 4.0"}
    (folder / "manifest.json").write_text(json.dumps({"characters": rows}))
    return folder


def build(rigged: Path, output: Path, *options: str) -> str:
    command = ["build", "--rigged", str(rigged), "-o", str(output), "--long-side", "96", *options]
    result = CliRunner().invoke(dataset, command)
    assert result.exit_code == 0, result.output
    return result.output


def read_rig(path: Path, **options: object) -> Rig:
    return Rig(Gltf(write_rig(path, **options)))  # type: ignore[arg-type]


def test_a_built_set_names_each_author_and_license(rigged: Path, tmp_path: Path) -> None:
    output = build(rigged, tmp_path / "data")
    sources = {s["name"]: s for s in Dataset(tmp_path / "data").table["sources"]}
    assert sorted(sources) == ["rigged-test-pack", "rigged-test-pack-other"]
    assert sources["rigged-test-pack-other"]["license"] == "CC-BY-4.0"
    assert "Bob" in sources["rigged-test-pack-other"]["attribution"]
    for text in ("someone/models", "abc123", "box, second"):
        assert text in sources["rigged-test-pack"]["source"]
    assert "rigged-test-pack: 2 characters, 5 sequences" in output


def test_sequences_of_a_character_share_ids_and_fit_the_training(rigged: Path, tmp_path: Path) -> None:
    build(rigged, tmp_path / "data", "--val", "0")
    data = Dataset(tmp_path / "data")
    for files in data.characters("train"):
        sequences = [data.read(file) for file in files]
        table: dict[int, tuple[object, ...]] = {}
        for s in sequences:
            assert 8 <= len(s.frames) <= 10 and max(s.frames.shape[1:]) == 96
            assert set(s.base) <= set(s.ids)
            for row in zip(s.ids.tolist(), s.rgb.tolist(), s.base.tolist(), s.parts, strict=True):
                assert table.setdefault(row[0], row) == row
        rng = np.random.default_rng(0)
        drawings = draw_frames(64, draw_character(sequences, rng), list(sequences[0].frames[:2]), [], rng)
        assert all(drawing.regions.count > 0 for drawing in drawings)


def test_building_twice_gives_the_same_bytes(rigged: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        build(rigged, tmp_path / name)
    assert Dataset(tmp_path / "one").hash == Dataset(tmp_path / "two").hash


def test_a_file_that_is_not_the_manifests_is_named(rigged: Path) -> None:
    write_rig(rigged / "pack" / "box.glb", skin=(0, 1, 0))
    with pytest.raises(ReadError, match=r"box\.glb"):
        list(animate_rigged(read_sources(rigged)[0], None, 96, 0))


@pytest.mark.parametrize("content", [b"", b"glTF", b"glTF" + bytes(40), b"{}"])
def test_a_damaged_file_is_an_error_that_names_it(rigged: Path, content: bytes) -> None:
    (rigged / "pack" / "_clips_a.glb").write_bytes(content)
    other = next(s for s in read_sources(rigged) if s.provenance.name.endswith("other"))
    with pytest.raises(ReadError, match=r"_clips_a\.glb"):
        list(animate_rigged(other, None, 96, 0))


def test_a_manifest_cannot_lead_out_of_its_folder(rigged: Path) -> None:
    table = json.loads((rigged / "manifest.json").read_text())
    table["characters"][0]["path"] = "../box.glb"
    (rigged / "manifest.json").write_text(json.dumps(table))
    with pytest.raises(ReadError, match=r"manifest\.json"):
        read_sources(rigged)


def test_a_clip_turns_the_points_of_its_joint_alone(tmp_path: Path) -> None:
    rig = read_rig(tmp_path / "a.glb")
    lower, upper = rig.meshes
    world = rig.place(rig.sample(rig.clips["nod"], 1.0))
    np.testing.assert_allclose(rig.skin(lower, world), lower.points, atol=1e-6)
    turned = (upper.points - (0, 2, 0)) @ np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1]]) + (0, 2, 0)
    np.testing.assert_allclose(rig.skin(upper, world), turned, atol=1e-5)


@pytest.mark.parametrize("joints", [("Hips", "Head"), ("DEF-hips", "mixamorig:Head")])
def test_a_clip_moves_a_rig_with_other_axes_and_names_alike(tmp_path: Path, joints: tuple[str, str]) -> None:
    source = read_rig(tmp_path / "source.glb", joints=joints, meshes=False)
    own = read_rig(tmp_path / "own.glb")
    other = read_rig(tmp_path / "other.glb", turned=True)
    expected = own.skin(own.meshes[1], own.place(own.sample(own.clips["nod"], 0.7)))
    for rig in (own, other):
        world = Retarget(rig, source).place(source.clips["nod"], 0.7)
        np.testing.assert_allclose(rig.skin(rig.meshes[1], world), expected, atol=1e-5)


def test_a_rig_without_common_bones_is_refused(tmp_path: Path) -> None:
    source = read_rig(tmp_path / "source.glb", joints=("a", "b"), meshes=False)
    with pytest.raises(ValueError, match="in common"):
        Retarget(read_rig(tmp_path / "own.glb"), source)


@pytest.mark.parametrize(
    ("name", "bone"),
    [
        ("DEF-upper_arm.L", "upper arm:l"),
        ("lowerarm_r", "lower arm:r"),
        ("mixamorig:Hips", "hips"),
        ("thigh.l_Armature", "upper leg:l"),
        ("f_index.01.L", "index1:l"),
        ("HairBall_L", None),
    ],
)
def test_bones_are_known_by_the_names_of_many_tools(name: str, bone: str | None) -> None:
    assert name_bone(name) == bone


def test_materials_name_parts_before_meshes_and_joints() -> None:
    assert name_part("Hair_Brown", "Body", "Head") == "hair"
    assert name_part("Eyebrows", "Body", "Head") == "brow"
    assert name_part("Main", "Mage_Cape", "Chest") == "cape"
    assert name_part("Main", "Cube", "UpperArm.L") == "arm"
    assert name_part("", "", "x") == "body"


def test_boxes_of_two_materials_are_two_shapes_and_black_skin_gets_a_tone(tmp_path: Path) -> None:
    surface = read_surface(read_rig(tmp_path / "a.glb", skin=(0.01, 0.01, 0.01)))
    assert surface.parts == ("skin", "hat")
    assert surface.rgb[0].max() > 80 and surface.rgb[1].argmax() == 2
    assert len(np.unique(surface.facet)) == 12


def test_triangles_tile_without_gaps_and_the_nearest_is_seen() -> None:
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.uniform(0, 40, (30, 2)), [[0, 0], [40, 0], [40, 40], [0, 40], [17.3, 21.9]]])
    fan = np.array([[30, 31, 34], [31, 32, 34], [32, 33, 34], [33, 30, 34]])
    near = np.concatenate([np.full(30, 2.0), np.full(5, 1.0)])
    both = np.zeros(4, bool)
    assert (draw_triangles(points, near, fan, both, (40, 40)).triangle >= 0).all()
    front = np.arange(30).reshape(10, 3)
    buffer = draw_triangles(points, near, np.concatenate([fan, front]), np.zeros(14, bool), (40, 40))
    alone = draw_triangles(points, near, front, np.zeros(10, bool), (40, 40))
    np.testing.assert_array_equal(buffer.triangle >= 4, alone.triangle >= 0)


def test_a_one_sided_triangle_is_seen_from_its_front_only() -> None:
    points = np.array([[0.0, 0.0], [0.0, 20.0], [20.0, 0.0]])
    sides = [
        (draw_triangles(points, np.ones(3), np.array([corners]), np.array([True]), (20, 20)).triangle >= 0).any()
        for corners in ([0, 1, 2], [0, 2, 1])
    ]
    assert sides == [True, False]


def test_shade_keeps_the_lit_shape_apart_and_ink_lies_where_one_color_jumps_in_depth(tmp_path: Path) -> None:
    surface = read_surface(read_rig(tmp_path / "a.glb"))
    points = np.concatenate([mesh.points for mesh in surface.meshes]) / 4
    shaded, plain = np.ones(2, bool), np.zeros(2, bool)
    camera = Camera(np.array([0, 0.5, 0]), 3.0, 0.6, 0.0, focal_px=250.0, origin_px=(64.0, 64.0))
    style = DrawStyle(np.array([1.0, 0, 0]), 0.3, 2.0, 99, 2, creases=False)
    ids = draw_ids([Posed(surface, points, 1, shaded, plain)], camera, (128, 128), style)
    assert set(np.unique(ids)) == {0, 1, 2, 3, 4}
    lit, dark = (np.nonzero(ids == i)[1].mean() for i in (2, 4))
    assert lit > dark
    creased = draw_ids([Posed(surface, points, 1, plain, plain)], camera, (128, 128), replace(style, creases=True))
    assert 99 in creased


@pytest.mark.parametrize(("skin", "inked"), [((0.8, 0.5, 0.4), False), ((0.05, 0.1, 0.7), True)])
def test_ink_lies_where_one_color_is_before_itself(
    tmp_path: Path, skin: tuple[float, float, float], inked: bool
) -> None:
    surface = read_surface(read_rig(tmp_path / "a.glb", skin=skin))
    lower, upper = (mesh.points / 4 for mesh in surface.meshes)
    points = np.concatenate([lower, upper * 0.4 + (0, 0, 0.5)])
    camera = Camera(np.array([0, 0.2, 0]), 3.0, 0.0, 0.0, focal_px=400.0, origin_px=(64.0, 64.0))
    style = DrawStyle(np.array([1.0, 0, 0]), 0.3, 2.0, 99, 2, creases=False)
    ids = draw_ids([Posed(surface, points, 1, np.zeros(2, bool), np.zeros(2, bool))], camera, (128, 128), style)
    assert {1, 2} <= set(np.unique(ids))
    assert (99 in ids) == inked
