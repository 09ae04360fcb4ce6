"""Inputs that once failed: (target, bytes). Each was mended in the parser; tests/test_fuzz.py tries them again."""

import io
import json
import struct
import zipfile
import zlib

from fuzz.movies import mp4s
from fuzz.training import sequences

PAINTER_SIZES = ("tokens", "width", "hidden", "rounds")
MATCHER_SIZES = ("features", "context", "width", "heads", "own_layers", "pair_layers")


def cut_strip(packing: int) -> bytes:
    """A gray TIFF of 4x4 pixels whose one strip is the first byte of deflated data."""
    return _write_strip(packing, b"\x78\x9c\0\0", 1)


def _write_strip(packing: int, packed: bytes, length: int) -> bytes:
    """A gray TIFF of 4x4 pixels in one strip, which says to be of `length` bytes."""
    tags = ((256, 4), (257, 4), (258, 8), (259, packing), (262, 1), (273, 8), (277, 1), (278, 4), (279, length))
    table = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<I", 8 + len(packed)) + packed + struct.pack("<H", len(tags)) + table + bytes(4)


def replace_bytes(data: bytes, old: bytes, new: bytes) -> bytes:
    """A file with other bytes in place of all of some; AssertionError when there are none."""
    assert old in data and len(old) == len(new)
    return data.replace(old, new)


def archive(name: str, content: bytes) -> bytes:
    """A zip of one file, such as NumPy's archives are."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(name, content)
    return packed.getvalue()


def safetensors(metadata: dict[str, str]) -> bytes:
    """A weights file without weights."""
    header = json.dumps({"__metadata__": metadata}).encode()
    return struct.pack("<Q", len(header)) + header


FINDINGS: tuple[tuple[str, bytes], ...] = (
    # An encoding that XML's parser does not know.
    ("palettes.kpl-xml", b'<?xml version="1.0" encoding="QTF-8"?><ColorSet/>'),
    # Errors that could not be printed, or not in one line: halves of characters, line ends and controls in names.
    ("sequences.names", b"\xff\x80\x80001.tif\n\xff\xfe0\xfe0002.tif"),
    ("sequences.pattern", b"sh010.####.\xff\xff\xff"),
    ("sequences.names", b"a.0001.p5g\x0ea.0002.png\na.0003.PNG"),
    # What fileseq cannot parse.
    ("sequences.pattern", b"cut-01_%d."),
    ("sequences.pattern", b"sh.@@@.png@@.png"),
    ("sequences.pattern", b"c\x91" + b"5" * 50 + b"@.s"),
    # A backslash is part of a name, not of a path.
    ("sequences.names", b"a\\b.0001.png\nc\\b.0002.png"),
    # Nested too deeply: the parsers of JSON and TOML end in a RecursionError.
    ("tables.settings", b"a=" + b"[" * 4000),
    ("tables.profile", b"a=" + b"[" * 4000),
    ("tables.provenance", b"a=" + b"[" * 4000),
    ("tables.manifest", b"[" * 4000),
    ("tables.earlier", b"[" * 4000),
    # Numbers that are none: infinite pixels, and integers that no float and no int can take.
    ("tables.settings", b"min_region_px = inf"),
    ("tables.settings", b"min_region_px = 1" + b"0" * 400),
    ("tables.settings", b"seed = " + b"9" * 5000),
    ("tables.manifest", b'{"format": 1, "shot": "", "size": [1e999, 1], "palette": [], "frames": []}'),
    (
        "tables.manifest",
        b'{"format": 1, "shot": "", "size": [1, 1], "palette": [], "frames":'
        b' [{"number": 1, "file": "", "status": "key", "confidence": 1' + b"0" * 400 + b"}]}",
    ),
    (
        "tables.manifest",
        b'{"format": 1, "shot": "", "size": [1, 1], "palette": [[0, 0, 0, 0]], "frames": [{"number": 1, "file": "a",'
        b' "status": "key", "unsure": [{"box": [0, 0, 1, 1], "color": 0, "outline": [], "confidence": 0.5, "area": 1'
        + b"0" * 400
        + b"}]}]}",
    ),
    # A manifest of frames whose numbers are none, and of a fit whose hash names a file elsewhere.
    ("tables.earlier", b'{"format": 1, "frames": [{"number": "1"}, {"number": 1.5}]}'),
    ("tables.earlier", b'{"format": 1, "frames": [], "fit": {"hash": ["ab"]}}'),
    # A plan's key whose parts are no texts: hashing them recursed without end.
    (
        "caches.engine-file",
        b'{"format": "framecolor plan 1", "profile": "", "weights": [], "built_unix": 0, "size_bytes": 0, "sha256": "",'
        b' "key": {"precision": "", "graph": "", "shapes": "", "backend": "", "version": "", "target": "", "flags": "",'
        b' "network": ' + b"[" * 900 + b"]" * 900 + b"}}",
    ),
    # An exploration whose pictures lie elsewhere; a calibration of NaN as texts, which NumPy parses.
    (
        "caches.exploration",
        b'{"format": "framecolor explore 1", "settings": "ab", "apart": 0,'
        b' "variations": [{"file": "../a", "hash": "", "seed": 1}]}',
    ),
    (
        "caches.calibration",
        b'{"format": 1, "features": ["belief", "doubt", "unmatched"],'
        b' "mean": ["nan", 0, 0], "scale": [1, 1, 1], "weight": [1, 1, 1], "bias": 0}',
    ),
    # A strip of a TIFF packed by deflate that ends early: libav left what was in memory in its place.
    ("pictures.tiff", cut_strip(8)),
    ("pictures.tiff", cut_strip(32946)),
    # One that says to be longer than the file, was read, and did not pass the check.
    ("pictures.tiff", _write_strip(8, zlib.compress(bytes(16)), 9999)),
    # A step, or an end, that fileseq's decimals cannot divide or hold; a range that filled the memory before it was
    # compared with the shot; numbers so far apart that counting the gaps between them never ended.
    ("sequences.frames", b"1-5x99999999999999999999999999999999999"),
    ("sequences.frames", b"1-9999999999"),
    ("sequences.names", b"a.1.png\na.999999999999.png"),
    # A playlist by the name of a movie, which opened another file; streams of codecs that are not known; tags in
    # another encoding than UTF-8.
    ("movies.mov", b"ffconcat version 1.0\nfile seed.mov\n"),
    ("movies.mp4", replace_bytes(next(iter(mp4s())), b"avc1", b"zzzz")),
    ("movies.mp4", replace_bytes(next(iter(mp4s())), b"Lavf", b"\x83\x89\xff\xff")),
    # Tables of data sets that were taken for granted: rows of other types, files of other folders.
    ("training.dataset", b'{"format": 2, "parts": [], "items": [[]]}'),
    (
        "training.dataset",
        b'{"format": 2, "parts": [], "items":'
        b' [{"file": "../a.npz", "source": "", "character": "", "split": "train", "sha256": ""}]}',
    ),
    # A path that ends in a curve's middle; a member of an archive that claims to be encrypted.
    ("training.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><rect width="3" height="2" d="M1 1C2 2 3d;"/></svg>'),
    (
        "training.sequence",
        replace_bytes(next(iter(sequences())), b"PK\x01\x02-\x03-\x00\x00", b"PK\x01\x02-\x03-\x00\x01"),
    ),
    # Shapes that use themselves; an array whose header ends in the middle of a tuple.
    ("training.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><g id="a"><use href="#a"/></g></svg>'),
    ("training.sequence", archive("frames.npy", b"\x93NUMPY\x01\x00\x0e\x00{'descr': (1,\n")),
    ("training.art", b'{"format": 1, "kind": "art", "items": []}'),
    (
        "training.manifest",
        b'{"name": "", "attribution": "", "package": "", "version": "", "license": "",'
        b' "files": {"..": {"category": ""}}}',
    ),
    # Weights of sizes that would take all memory, or none.
    (
        "weights.generator",
        safetensors({"format": "framecolor generator 1", "widths": "[99999999, 2]", "feature_channels": "1"}),
    ),
    ("weights.matcher", safetensors({"format": "framecolor matcher 1", **dict.fromkeys(MATCHER_SIZES, "99999")})),
    ("weights.painter", safetensors({"format": "framecolor painter 1", **dict.fromkeys(PAINTER_SIZES, "99999")})),
    (
        "weights.colorist",
        safetensors({"format": "framecolor colorist 1", "recipe": "perception", "sizes": '{"widths": []}'}),
    ),
)
