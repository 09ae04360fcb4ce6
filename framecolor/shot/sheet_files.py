"""Files that hold exposure sheets: which one belongs to a folder, and how it is read."""

from __future__ import annotations

from pathlib import Path

from framecolor.core.files import read_small
from framecolor.errors import ReadError, ShotError
from framecolor.shot.exposure_sheet import Sheet
from framecolor.shot.sheet_csv import parse_csv
from framecolor.shot.xdts import SIGNATURE, parse_xdts

SHEET_NAME = "sheet.csv"

# A sheet of hundreds of tracks has one or two MiB. Read into Python's objects, text takes some twenty times its size.
_MAX_BYTES = 8 << 20
_EXPORT = "name an .xdts or .csv file"


def find_sheet(folder: Path) -> Path | None:
    """The folder's only sheet (*.xdts, sheet.csv), or None where it has none. Raises ShotError where it has several."""
    try:
        files = sorted(path for path in folder.iterdir() if _is_sheet(path) and path.is_file())
    except OSError:
        return None
    if len(files) > 1:
        names = ", ".join(path.name for path in files[:4])
        raise ShotError(folder, f"the folder holds {len(files)} exposure sheets: {names}", "choose one with --sheet")
    return files[0] if files else None


def _is_sheet(path: Path) -> bool:
    name = path.name.casefold()
    return not name.startswith(".") and (name.endswith(".xdts") or name == SHEET_NAME)


def read_sheet(path: str | Path) -> Sheet:
    """An exposure sheet, XDTS or CSV by its content.

    Raises ReadError when the file is missing, too large, no text or of neither kind, InputError when it says what no
    sheet can: one line that names the file, the place and the fix. What is read is bounded, whatever the file claims.
    """
    path = Path(path)
    text = _read_text(path)
    if text.startswith(SIGNATURE) or path.suffix.lower() == ".xdts":
        return parse_xdts(text, path)
    return parse_csv(text, path)


def _read_text(path: Path) -> str:
    """UTF-8, or Japanese Windows' code page, which animation programs there still write tables in."""
    data = read_small(path, _MAX_BYTES, "an exposure sheet", _EXPORT)
    for encoding in ("utf-8-sig",) if data.startswith(SIGNATURE.encode()) else ("utf-8-sig", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ReadError(path, "the file is no text in UTF-8", "export it again")
