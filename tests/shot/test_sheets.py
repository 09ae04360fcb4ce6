"""Exposure sheets: XDTS and CSV as other programs write them, and every way in which a file can be hostile."""

from __future__ import annotations

import json
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from timesheets import describe_xdts, write_xdts

from framecolor import InputError, ReadError
from framecolor.core.drawing_number import LetteredNumber
from framecolor.shot.sheets.exposure_sheet import LONGEST_FRAMES, Sheet, Track, read_drawing
from framecolor.shot.sheets.files import read_sheet
from framecolor.shot.sheets.xdts import SIGNATURE

# As CLIP STUDIO PAINT exports it: compact, symbols, dialogue and camera beside the cels, an entry before frame 0.
CLIP_STUDIO = (
    SIGNATURE
    + """
{"header":{"cut":"5","scene":"1"},"timeTables":[{"duration":12,"fields":[
{"fieldId":0,"tracks":[
{"frames":[{"data":[{"id":0,"values":["1"]}],"frame":0},{"data":[{"id":0,"values":["SYMBOL_TICK_1"]}],"frame":2},
{"data":[{"id":0,"values":["2"]}],"frame":3},{"data":[{"id":0,"values":["SYMBOL_HYPHEN"]}],"frame":4},
{"data":[{"id":0,"values":["1"]}],"frame":6},{"data":[{"id":0,"values":["SYMBOL_TICK_2"]}],"frame":7},
{"data":[{"id":0,"values":["SYMBOL_NULL_CELL"]}],"frame":9}],"trackNo":0},
{"frames":[{"data":[{"id":0,"values":["B3"]}],"frame":-2},{"data":[{"id":0,"values":["4"]}],"frame":10},
{"data":[{"id":0,"values":["SYMBOL_NULL_CELL"]}],"frame":12}],"trackNo":2},
{"frames":[],"trackNo":1}]},
{"fieldId":3,"tracks":[{"frames":[{"data":[{"id":0,"values":["Aoi","\u306f\u3044"]}],"frame":1}],"trackNo":0}]},
{"fieldId":5,"tracks":[{"frames":[{"data":[{"id":0,"values":["PAN"]}],"frame":0}],"trackNo":0}]}],
"name":"\u30bf\u30a4\u30e0\u30e9\u30a4\u30f31","timeTableHeaders":[{"fieldId":0,"names":["A","BOOK"," B "]},
{"fieldId":3,"names":["S0"]},{"fieldId":5,"names":["camera"]}]}],"version":5}"""
)


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refuse(path: Path, kind: type[InputError] = InputError) -> InputError:
    """The error that reading a sheet ends with, of this very kind: one short line that names the file and a fix."""
    with pytest.raises(kind) as caught:
        read_sheet(path)
    error = caught.value
    assert type(error) is kind and error.subject.startswith(str(path)) and error.fix
    assert "\n" not in str(error) and len(error.problem) < 400
    return error


def test_a_sheet_as_clip_studio_writes_it(tmp_path: Path) -> None:
    sheet = read_sheet(write(tmp_path / "cut.xdts", CLIP_STUDIO))
    assert (sheet.frames, sheet.names, sheet.fps) == (12, ("A", "B"), None)
    a = sheet.track("a")
    assert a is not None
    assert a.exposures == (1, 1, 1, 2, 2, 2, 1, 1, 1, None, None, None)
    assert sheet.tracks[1].exposures == (3,) * 10 + (4, 4)
    assert sheet.track("BOOK") is None
    assert repr(a) == "Track('A', 12 frames, 2 drawings)"


def test_a_sheet_as_opentoonz_writes_it(tmp_path: Path) -> None:
    """Indented; each column ends with an empty cell past its last drawing, and begins with one where it comes late."""
    nothing = "SYMBOL_NULL_CELL"
    table = describe_xdts(
        9, {"A": [(0, "1"), (2, "2"), (8, nothing)], "B": [(0, nothing), (4, "10"), (6, "3"), (9, nothing)]}
    )
    sheet = read_sheet(write_xdts(tmp_path / "scene.xdts", table))
    assert [track.exposures for track in sheet.tracks] == [
        (1, 1, 2, 2, 2, 2, 2, 2, None),
        (None, None, None, None, 10, 10, 3, 3, 3),
    ]


@pytest.mark.parametrize(
    ("label", "number"),
    [
        ("12", 12),
        ("0012", 12),
        ("A12", 12),
        ("a_0003", 3),
        (" 7 ", 7),
        ("\uff11\uff12", 12),
        ("A-1", 1),
        ("1a", LetteredNumber(1, "a")),
        ("A02B", LetteredNumber(2, "b")),
    ]
    + [(label, None) for label in ("", "1ab", "1a2b", "BG", "-1", "1.5", "1-2", "9" * 10, "\u00b2")],
)
def test_names_of_drawings(label: str, number: int | None) -> None:
    assert read_drawing(label) == number


def test_cels_without_a_number_are_named(tmp_path: Path) -> None:
    table = describe_xdts(4, {"A": [(0, "1"), (1, "1a"), (2, "BG"), (3, "1a")]})
    (track,) = read_sheet(write_xdts(tmp_path / "a.xdts", table)).tracks
    assert (track.exposures, track.strange) == ((1, LetteredNumber(1, "a"), None, LetteredNumber(1, "a")), ("BG",))


def test_names_can_be_shown(tmp_path: Path) -> None:
    table = describe_xdts(2, {"A\x1b[31m\n\ud800": [(0, "\u202eBG\u3000" + "x" * 200)]})
    path = tmp_path / "a.xdts"
    path.write_text(f"{SIGNATURE}\n{json.dumps(table)}")
    (track,) = read_sheet(path).tracks
    assert track.name == "A\ufffd[31m\ufffd\ufffd"
    assert track.strange == ("\ufffdBG\u3000" + "x" * 76,)


def test_two_tracks_of_one_name_matter_only_to_it(tmp_path: Path) -> None:
    path = write(tmp_path / "sheet.csv", "frame,A,B,a\n1,1,2,3\n")
    sheet = read_sheet(path)
    assert sheet.tracks[1].shown == (2,)
    with pytest.raises(InputError, match="2 tracks of the name A"):
        sheet.track("A")


@pytest.mark.parametrize(
    ("text", "tracks", "fps"),
    [
        ("frame,A,B\n1,1,1\n2,,\n3,2,x\n4,-,\n5,|,7\n", {"A": (1, 1, 2, 2, 2), "B": (1, 1, None, None, 7)}, None),
        ("Frame;A\r\n1;1\r\n2;X\r\n", {"A": (1, None)}, None),
        ("\ufeff# fps 12.5\n#\tA\n\n0\t3\n\n4\ta0004\n", {"A": (3, 3, 3, 3, 4)}, 12.5),
        (
            '"Frame","\u52d5\u753b",""\n"","A","B"\n"1","1","2"\n"2","\u25cb","\u00d7"\n',
            {"A": (1, 1), "B": (2, None)},
            None,
        ),
        ("frame,A,\n1001,1\n1002,2,\n1003\n,,\n", {"A": (1, 2, 2)}, None),
        ("frame,A,,B\n7,1,zzz,2\n9,2", {"A": (1, 1, 2), "B": (2, 2, 2)}, None),
    ],
)
def test_tables(tmp_path: Path, text: str, tracks: dict[str, Any], fps: float | None) -> None:
    sheet = read_sheet(write(tmp_path / "sheet.csv", text))
    assert {track.name: track.exposures for track in sheet.tracks} == tracks
    assert sheet.fps == fps


def test_a_table_of_japanese_windows(tmp_path: Path) -> None:
    path = write(
        tmp_path / "cut.csv", '"Frame","\u539f\u753b"\n"","\u4eba\u7269"\n"1","3"\n"2","\u00d7"\n'.encode("cp932")
    )
    assert read_sheet(path).tracks == (Track("\u4eba\u7269", (3, None)),)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"", ReadError),
        ("hello, world\n1,2\n", ReadError),
        ("frame\n1\n", ReadError),
        ("frame,A\n", InputError),
        ("frame,,\n1,2,3\n", InputError),
        ("frame,A\n1,1\n999999999,2\n", InputError),
        ("frame" + ",A" * 5000 + "\n1,1\n60000,2\n", InputError),
        ("frame" + ",A" * 300_000 + "\n1,1\n", InputError),
        (b"frame,A\n1,1\n2,\x81\n3,\xfc\xfd\n", ReadError),
        (b"\x00" * 1000, ReadError),
    ],
)
def test_tables_that_are_none(tmp_path: Path, text: str | bytes, kind: type[InputError]) -> None:
    refuse(write(tmp_path / "sheet.csv", text), kind)


@pytest.mark.parametrize(
    ("text", "line", "kind"),
    [
        ("# fps 0\nframe,A\n1,1\n", 1, InputError),
        ("frame,A\n1,1,2,3\n", 2, InputError),
        ('frame,A\n1,"' + "x" * 200_000 + '"\n', 2, ReadError),
        ("frame,A\n1,1\n1,2\n", 3, InputError),
        ("frame,A\n1,1\n" + "9" * 5000 + ",2\n", 3, InputError),
        ("frame,A\n1,1\n\n\n-3,2\n", 5, InputError),
    ],
)
def test_a_wrong_line_of_a_table_is_named(tmp_path: Path, text: str, line: int, kind: type[InputError]) -> None:
    assert refuse(write(tmp_path / "sheet.csv", text), kind).subject.endswith(f": line {line}")


def spoil(*keys: str | int, value: Any = None, drop: bool = False) -> dict[str, Any]:
    """A sheet with one value that is another, or left out."""
    table: Any = describe_xdts(4, {"A": [(0, "1"), (2, "2")]})
    place = table
    for key in keys[:-1]:
        place = place[key]
    if drop:
        del place[keys[-1]]
    else:
        place[keys[-1]] = value
    return table


TABLE = ("timeTables", 0)
TRACK = (*TABLE, "fields", 0, "tracks", 0)


@pytest.mark.parametrize(
    "table",
    [
        [1, 2],
        {"version": 5},
        spoil("version", value=6),
        spoil("timeTables", value=[]),
        spoil(*TABLE, "duration", value=0),
        spoil(*TABLE, "duration", value=1.5),
        spoil(*TABLE, "duration", value=2_000_000_000),
        spoil(*TABLE, "fields", drop=True),
        spoil(*TABLE, "timeTableHeaders", 0, "names", value=[7]),
        spoil(*TRACK, "frames", 1, "frame", value=[]),
        spoil(*TRACK, "frames", 1, "data", value=[[]]),
        spoil(*TRACK, "frames", 1, "data", 0, "values", value=[4]),
    ],
)
def test_hostile_xdts(tmp_path: Path, table: Any) -> None:
    refuse(write_xdts(tmp_path / "cut.xdts", table))


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"version": 5, "timeTables": [{"duration": NaN}]}',
        '{"version": 5, "timeTables": [{"duration": 1e999}]}',
        '{"version": 5, "version": 5}',
        '{"version": 5, "timeTables": ' + "[" * 100_000,
        '{"version": ' + "9" * 10_000 + "}",
        '{"version": 5, "timeTables": [{"duration"',
    ],
)
def test_xdts_that_is_no_json(tmp_path: Path, text: str) -> None:
    refuse(write_xdts(tmp_path / "cut.xdts", text), ReadError)


def test_files_that_are_no_sheet(tmp_path: Path) -> None:
    refuse(tmp_path / "gone.xdts", ReadError)
    (tmp_path / "folder.xdts").mkdir()
    refuse(tmp_path / "folder.xdts", ReadError)
    refuse(write(tmp_path / "toei.xdts", "toeiDigitalTimeSheet Save Data\n{}"))
    refuse(write(tmp_path / "bytes.xdts", SIGNATURE.encode() + b'\n{"\xff\xfe": 1}'), ReadError)
    refuse(write(tmp_path / "large.xdts", b" " * (9 << 20)), ReadError)
    again = describe_xdts(3, {"A": [(0, "1")], "B": [(0, "1")]})
    again["timeTables"][0]["fields"][0]["tracks"][1]["trackNo"] = 0
    refuse(write_xdts(tmp_path / "twice.xdts", again))


def test_a_sheet_that_claims_to_be_huge_costs_little(tmp_path: Path) -> None:
    """Frames far away, many tracks, very many empty lists: read or refused within seconds and a bounded memory."""
    far = describe_xdts(LONGEST_FRAMES, {f"T{i}": [(0, "1"), (2**31 - 1, "2"), (-(2**31) + 1, "3")] for i in range(4)})
    many = describe_xdts(LONGEST_FRAMES, {f"T{i}": [(0, "1")] for i in range(300)})
    lists = '{"version": 5, "timeTables": [' + "[]," * 300_000 + "[]]}"
    tracemalloc.start()
    begin = time.monotonic()
    sheet = read_sheet(write_xdts(tmp_path / "far.xdts", far))
    refuse(write_xdts(tmp_path / "many.xdts", many))
    refuse(write_xdts(tmp_path / "lists.xdts", lists))
    seconds, peak = time.monotonic() - begin, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(sheet.tracks) == 4
    assert sheet.tracks[0].exposures[:2] == (1, 1)
    assert peak < 60 << 20
    assert seconds < 30


def test_sheets_check_themselves() -> None:
    track = Track("A", (1, 2))
    for change in ({"frames": 0}, {"frames": 3}, {"frames": LONGEST_FRAMES + 1}, {"fps": 0.0}):
        with pytest.raises(ValueError, match="Sheet"):
            Sheet(**{"path": Path("a"), "frames": 2, "tracks": (track,), "fps": None, **change})
    with pytest.raises(ValueError, match="Track"):
        Track("A", (1, -1))
