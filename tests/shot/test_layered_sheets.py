"""Exports of TVPaint and Krita as sheets: JSON and CSV."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from exports import describe_layer, describe_tvpaint, format_export, make_krita_cut, make_tvpaint_cut, write_json

from framecolor import InputError, ReadError
from framecolor.shot.sheets.files import read_sheet


def read_layer(tmp_path: Path, frames: int, starts: list[int], end: int, **changes: Any) -> tuple[int | None, ...]:
    table = describe_tvpaint(frames, describe_layer("A", 1, starts, end, **changes))
    (track,) = read_sheet(write_json(tmp_path / "clip.json", table)).tracks
    return track.exposures


def test_an_instance_lasts_until_the_next_or_the_layers_end(tmp_path: Path) -> None:
    assert read_layer(tmp_path, 6, [0, 2], 4) == (1, 1, 3, 3, 3, None)
    assert read_layer(tmp_path, 6, [1, 4], 5, start=1) == (None, 2, 2, 2, 5, 5)
    assert read_layer(tmp_path, 3, [0, 2], 9) == (1, 1, 3), "a layer may be longer than the clip"
    assert read_layer(tmp_path, 3, [0], 2, start=-4) == (1, 1, 1)


def test_the_frames_outside_follow_the_behavior(tmp_path: Path) -> None:
    def after(behavior: int) -> tuple[int | None, ...]:
        return read_layer(tmp_path, 8, [0, 1, 2], 2, **{"post-behavior": behavior})

    assert after(0) == (1, 2, 3, None, None, None, None, None)
    assert after(1) == (1, 2, 3, 1, 2, 3, 1, 2)
    assert after(2) == (1, 2, 3, 2, 1, 2, 3, 2)
    assert after(3) == (1, 2, 3, 3, 3, 3, 3, 3)
    before = read_layer(tmp_path, 6, [3, 4], 5, start=3, **{"pre-behavior": 1})
    assert before == (4, 5, 5, 4, 5, 5)
    assert read_layer(tmp_path, 6, [3, 4], 5, start=3, **{"pre-behavior": 3}) == (4, 4, 4, 4, 5, 5)


def test_a_repeat_replays_the_frames_before_it(tmp_path: Path) -> None:
    repeat = [{"index": 4, "value": 2, "mode": 1}]
    assert read_layer(tmp_path, 9, [0, 1, 3, 7], 8, repeat=repeat) == (1, 2, 2, 4, 2, 4, 2, 8, 8)


def test_a_picture_that_is_shown_again_is_one_drawing(tmp_path: Path) -> None:
    """As TVPaint exports linked images, and OpenToonz all of them; its picture 0 shows nothing."""
    link = [
        {"instance-index": 0, "instance-name": "1", "file": "A\\A.0001.png", "images": [0, 4]},
        {"instance-index": 2, "instance-name": "7", "file": "A/A.0007.png", "images": [2]},
        {"instance-index": 3, "instance-name": "0", "file": "A/A.0000.png", "images": [3]},
    ]
    assert read_layer(tmp_path, 6, [], 5, link=link) == (1, 1, 7, None, 1, 1)


def test_pictures_are_numbered_by_their_frames_where_names_do_not_tell_them_apart(tmp_path: Path) -> None:
    link = [{"instance-index": n, "instance-name": name, "file": f"A/{name}.png", "images": [n]}
            for n, name in enumerate(("open", "shut", "half"))]  # fmt: skip
    assert read_layer(tmp_path, 3, [], 2, link=link) == (1, 2, 3)
    link = [{"instance-index": n, "instance-name": "1", "file": f"{n}/A.0001.png", "images": [n]} for n in (0, 2)]
    assert read_layer(tmp_path, 4, [], 3, link=link) == (1, 1, 3, 3)


def test_the_uppermost_layer_is_the_last_track(tmp_path: Path) -> None:
    layers = [describe_layer(name, n, [0], 1) for n, name in enumerate(("D", "D", "a/b:c", ""), 1)]
    sheet = read_sheet(write_json(tmp_path / "clip.json", describe_tvpaint(2, *layers)))
    assert sheet.names == ("layer 1", "a_b_c", "D 2", "D"), "each has a name that a folder can have"
    assert sheet.track("d") is not None


def test_what_a_clip_holds_besides_is_named_once(tmp_path: Path) -> None:
    sheet = read_sheet(make_tvpaint_cut(tmp_path / "cut") / "clip.json")
    assert [track.hidden for track in sheet.tracks] == [False, False, True]
    assert sheet.unused == ("camera work", "opacity of B2 (50%)", "blending mode of B2 (Multiply)")
    empty = describe_layer("SE", 2, [], 5)
    more: dict[str, Any] = {"sounds": [{"file": "a.wav"}], "markin": {"status": True, "value": 1}}
    more["markout"] = {"status": True, "value": 5}  # the last frame
    table = describe_tvpaint(6, describe_layer("A", 1, [0], 5), empty, **more)
    sheet = read_sheet(write_json(tmp_path / "b.json", table))
    assert sheet.unused == ("sound", "mark in", "layers without pictures (SE)")


def test_a_csv_has_its_layers_by_column_or_by_the_number_in_its_names(tmp_path: Path) -> None:
    rows = [["[001][00001] A.png", "[002][00001] B.png"], ["[002][00001] B.png"], ["[001][00003] A.png", ""]]
    path = tmp_path / "clip.csv"
    path.write_text(format_export(["A", "B"], rows, Visible=[1, 0], Density=[0.25, 1], Blending=['"Add"', '"Color"']))
    sheet = read_sheet(path)
    assert (sheet.names, sheet.fps, sheet.frames) == (("B", "A"), 24.0, 3)
    assert [track.exposures for track in sheet.tracks] == [(1, 1, None), (1, None, 3)]
    assert [track.hidden for track in sheet.tracks] == [True, False]
    assert sheet.unused == ("opacity of A (25%)", "blending mode of A (Add)")
    sheet = read_sheet(make_krita_cut(tmp_path / "krita") / "walk.csv")
    assert [track.exposures for track in sheet.tracks] == [(0, 0, 2, 2, None, 5)]


BROKEN: dict[str, tuple[str, type[InputError], str]] = {
    "no clip": ('{"project": {"clip": 3}}', ReadError, "JSON of another kind"),
    "cut off": ('{"project": {"clip": {"image-count": 3, "lay', ReadError, "cut off"),
    "no layers": ('{"project": {"clip": {"image-count": 3, "layers": []}}}', InputError, "no layer with pictures"),
    "no frames": ('{"project": {"clip": {"image-count": -1, "layers": [{"link": [1], "start": 0}]}}}',
                  InputError, "no layer"),
    "strange": ('{"project": {"clip": {"image-count": 3, "layers": [{"link": 3}]}}}', InputError, "not a valid export"),
    "huge": ('{"project": {"clip": {"image-count": 999999, "layers": [{"link": [], "start": 0}]}}}',
             InputError, "limit"),
    "early": ('{"project": {"clip": {"image-count": 3, "layers": [{"link": [], "start": -99999999, "end": 2}]}}}',
              InputError, "limit"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_json_is_one_line_that_names_it_and_the_fix(tmp_path: Path, name: str) -> None:
    text, kind, words = BROKEN[name]
    path = tmp_path / "clip.json"
    path.write_text(text)
    with pytest.raises(kind) as caught:
        read_sheet(path)
    assert str(path) in str(caught.value) and words in str(caught.value) and caught.value.fix


def test_rows_of_tvpaint_are_held_to_the_next_and_those_of_krita_have_to_be_all(tmp_path: Path) -> None:
    path = tmp_path / "clip.csv"
    text = format_export(["A"], [["[001][00001] A.png"], ["[001][00003] A.png"]]).replace("#00002", "#00003")
    path.write_text(text.replace("96, 2, 1", "96, 6, 1"))
    assert read_sheet(path).tracks[0].exposures == (1, 1, 3, 3, 3, 3)
    path.write_text(format_export(["A"], [["frame00001-00000.png"], [""]], 0).replace("96, 2, 1", "96, 6, 1"))
    with pytest.raises(ReadError, match="is cut off: it has 2 of 6 frames"):
        read_sheet(path)


def test_a_broken_csv_is_one_line_that_names_it_and_the_fix(tmp_path: Path) -> None:
    whole = format_export(["A"], [["[001][00001] A.png"], ["[001][00002] A.png"]])
    lines = whole.splitlines(keepends=True)
    broken = {
        "is cut off: a cell has no end": whole[:-10],
        "no frames": "".join(lines[:-2]),
        "no row #Layers": "".join(lines[:3]),
        "no description": lines[0],
        "layer 9": whole.replace("[001][00002]", "[009][00002]"),
        "frame 1 follows 1": whole.replace("#00002", "#00001"),
        "frame rate of 'fast'": whole.replace("24.000000", "fast"),
        "limit": whole.replace("#00002", "#99999"),
    }
    for words, text in broken.items():
        path = tmp_path / "clip.csv"
        path.write_text(text)
        with pytest.raises(InputError) as caught:
            read_sheet(path)
        assert str(path) in str(caught.value) and words in str(caught.value) and caught.value.fix, words
