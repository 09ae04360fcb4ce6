"""Inputs that once failed: (target, bytes). Each was mended in the parser; tests/test_fuzz.py tries them again."""

FINDINGS: tuple[tuple[str, bytes], ...] = (
    # Errors that could not be printed, or not in one line: halves of characters, line ends and controls in names.
    ("sequences.names", b"\xff\x80\x80001.tif\n\xff\xfe0\xfe0002.tif"),
    ("sequences.pattern", b"sh010.####.\xff\xff\xff"),
    ("sequences.names", b"a.0001.p5g\x0ea.0002.png\na.0003.PNG"),
    # What fileseq cannot parse.
    ("sequences.pattern", b"cut-01_%d."),
    ("sequences.pattern", b"sh.@@@.png@@.png"),
    # A backslash is part of a name, not of a path.
    ("sequences.names", b"a\\b.0001.png\nc\\b.0002.png"),
    # Nested too deeply: the parsers of JSON and TOML end in a RecursionError.
    ("tables.settings", b"a=" + b"[" * 4000),
    ("tables.profile", b"a=" + b"[" * 4000),
    ("tables.provenance", b"a=" + b"[" * 4000),
    ("tables.sidecar", b"[" * 4000),
    ("tables.record", b"[" * 4000),
    # Numbers that are none: infinite pixels, and integers that no float and no int can take.
    ("tables.settings", b"min_region_px = inf"),
    ("tables.settings", b"min_region_px = 1" + b"0" * 400),
    ("tables.settings", b"seed = " + b"9" * 5000),
    ("tables.sidecar", b'{"format": 1, "shot": "", "size": [1e999, 1], "palette": [], "frames": []}'),
    (
        "tables.sidecar",
        b'{"format": 1, "shot": "", "size": [1, 1], "palette": [], "frames":'
        b' [{"number": 1, "file": "", "status": "key", "confidence": 1' + b"0" * 400 + b"}]}",
    ),
    # A record of frames whose numbers are none, and of a fit whose hash names a file elsewhere.
    ("tables.record", b'{"format": 1, "frames": [{"number": "1"}, {"number": 1.5}]}'),
    ("tables.record", b'{"format": 1, "frames": [], "fit": {"hash": ["ab"]}}'),
    # A plan's key whose parts are no texts: hashing them recursed without end.
    (
        "caches.plan",
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
        b'{"format": 1, "features": ["belief", "doubt", "nowhere"],'
        b' "mean": ["nan", 0, 0], "scale": [1, 1, 1], "weight": [1, 1, 1], "bias": 0}',
    ),
)
