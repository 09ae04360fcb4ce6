"""Edits of a shot by the desk: what they write, what is refused, and what changes on disk."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cut_folders import make_cut
from drawings import COAT, SKIN, draw, make_shot
from painting import copy_shot, read_bytes
from reviewing import Client, make_opener, open_desk, paint_nothing, serve, wait_for

from framecolor import InputError, OutputError, Settings, Shot, colorize
from framecolor.media import encode_image, read_image, write_image
from framecolor.output.lock import claim_output
from framecolor.review.desk import Desk
from framecolor.review.edits import correct, draw_stroke, put_key
from framecolor.review.places import find_places
from framecolor.review.recolor_file import recolor

RED = "#c83c28"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_shot(tmp_path / "cut", 3, (0, 2))


@pytest.fixture
def desk(root: Path) -> Iterator[Desk]:
    with open_desk(root) as desk:
        yield desk


@pytest.fixture
def client(desk: Desk) -> Iterator[Client]:
    with serve(desk) as client:
        yield client


def entry(frame: Any = 1002, x: int = 40, y: int = 60, color: str = RED, **more: Any) -> dict[str, Any]:
    return {"frame": frame, "x": x, "y": y, "color": color, **more}


def test_corrections_are_put_and_dropped_and_the_rest_of_the_file_stays(root: Path, client: Client) -> None:
    kept = entry(1001, 5, 6, "paper", by="anna")
    (root / "corrections.json").write_text(
        json.dumps({"format": 1, "shot": "cut", "corrections": [kept], "next": [1002]})
    )
    state = client.post("corrections", {"put": [entry()], "drop": []})
    assert state["undo"] == "correction of frame 1002"
    assert state["corrections"] == [kept, entry()]
    client.post("corrections", {"put": [entry(color="paper")], "drop": [{"frame": 1001, "x": 5, "y": 6}]})
    table = json.loads((root / "corrections.json").read_text())
    assert table["corrections"] == [entry(color="paper")] and table["next"] == [1002]
    assert client.post("undo")["corrections"] == [kept, entry()]
    assert client.post("redo")["corrections"] == [entry(color="paper")]


@pytest.mark.parametrize(
    "body",
    [
        {"put": [entry(1009)]},
        {"put": [entry(x=128)]},
        {"put": [entry(y=-1)]},
        {"put": [entry(color="red")]},
        {"put": [{}]},
        {"put": 5},
        {"drop": [7]},
        {"put": [entry(), "x"]},
    ],
)
def test_invalid_corrections_are_refused(root: Path, client: Client, body: Any) -> None:
    assert client.refused("corrections", body)[0] == 422
    assert not (root / "corrections.json").exists() and client.get("state")["undo"] is None


def test_strokes_are_drawn_over_a_hint(root: Path, client: Client) -> None:
    older = np.zeros((96, 128, 4), np.uint8)
    older[10:14, 10:14] = SKIN
    write_image(root / "hints/1002.png", older)
    with open_desk(make_shot(root.parent / "other", 3, (0, 2))) as other, serve(other) as fresh:
        fresh.post("strokes/1002", {"color": RED, "width": 3, "points": [[30, 60], [50.5, 62]]})
        state = fresh.post("strokes/1002", {"color": "#3c5aa0", "width": 4, "points": [[80, 20]]})
        hint = read_image(root.parent / "other/hints/cut.1002.png")
        assert {tuple(c) for c in np.unique(hint.reshape(-1, 4), axis=0).tolist()} == {
            (0, 0, 0, 0), (200, 60, 40, 255), (60, 90, 160, 255)
        }  # fmt: skip
        assert tuple(hint[60, 30]) == (200, 60, 40, 255) and tuple(hint[20, 80]) == (60, 90, 160, 255)
        assert state["undo"] == "stroke on frame 1002" and list(other.shot.hints) == [1002]
        fresh.post("undo")
        fresh.post("undo")
        assert not (root.parent / "other/hints/cut.1002.png").exists()


def test_a_hint_that_is_there_keeps_its_name_and_its_strokes(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0, 2))
    older = np.zeros((96, 128, 4), np.uint8)
    older[10:14, 10:14] = SKIN
    write_image(root / "hints/1002.png", older)
    shot = Shot.open(root)
    edit = draw_stroke(shot, find_places(shot), 1002, RED, 5, [[60, 60]])
    assert list(edit.files) == ["hints/1002.png"]
    with open_desk(root) as desk:
        desk.edit(lambda shot, places: edit)
        assert tuple(read_image(root / "hints/1002.png")[12, 12]) == SKIN


@pytest.mark.parametrize(
    "stroke",
    [
        {"color": "red", "width": 3, "points": [[1, 1]]},
        {"color": RED, "width": 0, "points": [[1, 1]]},
        {"color": RED, "width": 1e9, "points": [[1, 1]]},
        {"color": RED, "width": 3, "points": []},
        {"color": RED, "width": 3, "points": [[1]]},
        {"color": RED, "width": 3, "points": [[1, "2"]]},
        {"color": RED, "width": 3, "points": [[1, 2]] * 30_000},
        {"color": RED, "width": True, "points": [[1, 1]]},
    ],
)
def test_invalid_strokes_are_refused(root: Path, client: Client, stroke: Any) -> None:
    assert client.refused("strokes/1002", stroke)[0] == 422
    assert not (root / "hints").exists()


def test_a_key_replaces_the_one_that_is_there_and_comes_back(root: Path, client: Client) -> None:
    old, new = (root / "keys/cut.1001.png").read_bytes(), encode_image(draw(0)[1], ".tga")
    state = client.post("keys/1001?name=painted%20by%20me.TGA", new)
    assert state["undo"] == "key of frame 1001"
    assert (root / "keys/cut.1001.tga").read_bytes() == new and not (root / "keys/cut.1001.png").exists()
    client.post("undo")
    assert (root / "keys/cut.1001.png").read_bytes() == old and not (root / "keys/cut.1001.tga").exists()
    client.post("keys/1002?name=x.png", encode_image(draw(1)[1]))
    assert sorted(Shot.open(root).keys) == [1001, 1002, 1003]


@pytest.mark.parametrize(
    "name, data",
    [
        ("x.png", b""),
        ("x.png", b"no picture"),
        ("x.sh", encode_image(draw(1)[1])),
        ("", encode_image(draw(1)[1])),
        ("x.png", encode_image(draw(1)[1])[:400]),
        ("x.png", encode_image(np.zeros((50, 60, 4), np.uint8))),
    ],
)
def test_keys_that_cannot_be_used_are_refused(root: Path, client: Client, name: str, data: bytes) -> None:
    before = read_bytes(root / "keys")
    assert client.refused(f"keys/1002?name={name}", data)[0] == 422
    assert read_bytes(root / "keys") == before and client.get("state")["undo"] is None


def test_a_key_that_the_shot_would_not_use_is_taken_back(root: Path) -> None:
    """Another program has just saved a key of that drawing, of the same rank, which the desk has not seen yet."""
    desk = Desk(make_opener(root), paint=paint_nothing)  # not started: it watches nothing
    try:
        write_image(root / "keys/painted_1002.tga", draw(1)[1])
        with pytest.raises(InputError):
            desk.edit(lambda shot, places: put_key(shot, places, 1002, "x.png", encode_image(draw(1)[1])))
        assert not (root / "keys/cut.1002.png").exists() and desk.state()["undo"] is None
    finally:
        desk.close()


def test_recolors_follow_chains_and_keep_comments(root: Path, client: Client) -> None:
    file = root / "recolor.toml"
    file.write_text('# night\n[colors]\n"#000001" = "#000002" # shade\n')
    client.post("recolor", {"from": "#3C5AA0", "to": "#101010"})
    assert file.read_text() == '# night\n[colors]\n"#000001" = "#000002" # shade\n"#3c5aa0" = "#101010"\n'
    client.post("recolor", {"from": "#101010", "to": "#202020"})
    assert '"#3c5aa0" = "#202020"' in file.read_text()
    client.post("recolor", {"from": "#202020", "to": "#3c5aa0"})
    assert file.read_text() == '# night\n[colors]\n"#000001" = "#000002" # shade\n'
    for _ in range(3):
        client.post("undo")
    assert client.get("state")["undo"] is None


@pytest.mark.parametrize("text", ["[colors", "colors = 5\n", 'colors = {"#000001" = "#000002"}\n'])
def test_a_recolor_file_that_cannot_be_changed_is_left(root: Path, desk: Desk, text: str) -> None:
    (root / "recolor.toml").write_text(text)
    with pytest.raises(InputError):
        recolor(desk.places, "#000001", "#000003")
    assert (root / "recolor.toml").read_text() == text


def test_a_cel_has_files_of_its_own(tmp_path: Path) -> None:
    cut = make_cut(tmp_path / "Cut-005")
    places = {cel: find_places(Shot.open(cut / "Line" / cel)) for cel in ("A", "B")}
    assert len({path for one in places.values() for path in vars(one).values()}) == 8
    with open_desk(cut / "Line/A") as desk:
        number = desk.shot.numbers[0]
        desk.edit(lambda shot, places: correct(shot, places, [entry(number)], []))
        desk.edit(lambda shot, places: draw_stroke(shot, places, number, RED, 3, [[50, 50]]))
    opened = Shot.open(cut / "Line/A")
    assert [c.number for c in opened.corrections] == [number] and list(opened.hints) == [number]
    assert not Shot.open(cut / "Line/B").corrections


@pytest.mark.usefixtures("quick_engine")
def test_frames_are_those_of_colorize(tmp_path: Path) -> None:
    """A shot that was never painted, with an edit of each kind; afterwards nothing is left to paint."""
    root = make_shot(tmp_path / "cut", 4, (0, 3))
    from framecolor.pipeline.colorize import paint_shot

    with open_desk(root, paint_shot) as desk, serve(desk) as client:
        assert b"<html" in client.ask("")[1]
        first = wait_for(desk)
        assert len(first["frames"]) == 4 and first["error"] is None and first["page"]
        client.post("corrections", {"put": [entry()], "drop": []})
        second = wait_for(desk, 1)
        assert second["frames"]["1002"] != first["frames"]["1002"]
        hash_now = second["frames"]["1002"]
        for path, kind in (("thumbnail.webp", "image/webp"), ("large.webp", "image/webp")):
            status, data, headers = client.ask(f"pictures/1002/{path}?v={hash_now}")
            assert (status, headers["content-type"]) == (200, kind) and "immutable" in headers["cache-control"]
            assert data[8:12] == b"WEBP"
        assert client.ask(f"pictures/1002/thumbnail.webp?v={first['frames']['1002']}")[2]["cache-control"] == "no-store"
        assert client.get("maps/1002.json?v=")["regions"]
        client.post("strokes/1002", {"color": "#3c5aa0", "width": 3, "points": [[42, 62]]})
        client.post("keys/1003?name=a.png", encode_image(draw(2)[1]))
        client.post("recolor", {"from": "#3c5aa0", "to": "#123456"})
        last = wait_for(desk, 4)
        assert last["error"] is None and last["frames"]["1003"] != first["frames"]["1003"]
        page = client.ask("")[1].decode()
        assert "#123456" in page and 'src="pictures/1002/thumbnail.webp?v=' in page and "data:image/webp" not in page
    painted = read_bytes(root / "color")
    assert colorize(Shot.open(root)).written == ()
    fresh = tmp_path / "fresh"
    colorize(Shot.open(root), fresh)
    assert read_bytes(fresh) == painted


def test_a_failing_run_is_said_and_the_next_edit_goes_on(root: Path) -> None:
    with open_desk(root, _paint_or_fail) as desk:
        wait_for(desk)
        (root / "framecolor.toml").write_text("nonsense = 1\n")
        state = _wait_until(desk, lambda state: state["error"])
        assert "fails" in state["error"] and state["painted"] < state["revision"]
        (root / "framecolor.toml").unlink()
        state = _wait_until(desk, lambda state: state["error"] is None and state["painted"] == state["revision"])
        assert state["revision"] >= 2


def test_a_folder_that_another_run_holds_is_tried_again(root: Path) -> None:
    with claim_output(root / "color"), open_desk(root, _paint_locked) as desk:
        assert "another run" in _wait_until(desk, lambda state: state["error"])["error"]
        desk.edit(lambda shot, places: correct(shot, places, [entry()], []))
    with open_desk(root, _paint_locked) as desk:
        assert wait_for(desk)["error"] is None


@pytest.mark.parametrize("name", ["line/cut.1002.png", "keys/cut.1001.png", "hints/1002.png", "corrections.json"])
def test_changes_on_disk_are_painted(root: Path, name: str) -> None:
    runs: list[int] = []
    with open_desk(root, lambda *given, **more: runs.append(1) or paint_nothing(*given, **more)) as desk:
        wait_for(desk)
        hint = np.zeros((96, 128, 4), np.uint8)
        hint[50:60, 40:50] = COAT
        picture = {"line": draw(2)[0], "keys": draw(0)[1], "hints": hint}.get(name.partition("/")[0])
        if picture is None:
            (root / name).write_text(json.dumps({"format": 1, "shot": "cut", "corrections": [entry()]}))
        else:
            picture = picture.copy()
            picture[0, 0] = (1, 2, 3, 255)
            write_image(root / name, picture)
        state = wait_for(desk, 1)
        assert state["error"] is None and len(state["corrections"]) == (name == "corrections.json")
        time.sleep(1.2)
        assert desk.state()["revision"] == 1 and len(runs) == 2


def test_own_edits_and_other_files_make_no_noise(root: Path) -> None:
    with open_desk(root) as desk:
        wait_for(desk)
        desk.edit(lambda shot, places: correct(shot, places, [entry()], []))
        desk.edit(lambda shot, places: draw_stroke(shot, places, 1002, RED, 3, [[50, 50]]))
        (root / "notes.txt").write_text("not for painting")
        (root / "keys/.cut.1001.png.tmp").write_bytes(b"draft")
        time.sleep(1.5)
        assert desk.state()["revision"] == 2


def test_a_file_that_is_being_written_is_waited_for(root: Path) -> None:
    whole = encode_image(draw(1)[1])
    with open_desk(root) as desk:
        wait_for(desk)
        for end in range(1, 9):
            (root / "keys/cut.1002.png").write_bytes(whole[: len(whole) * end // 8])
            assert desk.state()["revision"] == 0
            time.sleep(0.25)
        assert wait_for(desk, 1)["error"] is None
        time.sleep(1.2)
        assert desk.state()["revision"] == 1 and 1002 in desk.shot.keys


@pytest.mark.usefixtures("quick_engine")
def test_frames_that_are_deleted_come_back(painted_shot: Path, tmp_path: Path) -> None:
    root = copy_shot(painted_shot, tmp_path / "cut")
    from framecolor.pipeline.colorize import paint_shot

    with open_desk(root, paint_shot) as desk:
        wait_for(desk)
        (root / "color/cut.1003.png").unlink()
        wait_for(desk, 1)
        assert (root / "color/cut.1003.png").is_file()


def test_one_desk_at_a_time(root: Path, desk: Desk) -> None:
    with pytest.raises(OutputError, match="open in another review"):
        Desk(make_opener(root))


def _paint_or_fail(shot: Shot, out: Path, settings: Settings, listen: Any, session: Any = None) -> Any:
    if (shot.root / "framecolor.toml").exists():
        raise InputError(shot.root / "framecolor.toml", "fails", "mend it")
    return paint_nothing(shot, out, settings, listen)


def _paint_locked(shot: Shot, out: Path, settings: Settings, listen: Any, session: Any = None) -> Any:
    with claim_output(out):
        return paint_nothing(shot, out, settings, listen)


def _wait_until(desk: Desk, holds: Any) -> dict[str, Any]:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if holds(state := desk.state()):
            return state
        time.sleep(0.02)
    raise AssertionError(desk.state())
