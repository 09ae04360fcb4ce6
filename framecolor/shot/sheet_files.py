"""Find and read exposure sheet files."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from framecolor.core.files import read_small
from framecolor.errors import ReadError, ShotError
from framecolor.shot.exposure_sheet import Sheet
from framecolor.shot.sheet_csv import parse_csv
from framecolor.shot.xdts import SIGNATURE, name_other_sheet, parse_xdts

SHEET_NAME = "sheet.csv"

_XDTS = (".xdts", ".xtds")  # the second one is how some programs misspell it
_NOT_READ = (".tdts", ".sxf", ".sts")

# A sheet of hundreds of tracks has one or two MiB. Parsed into Python objects, it takes about twenty times its size.
_MAX_BYTES = 8 << 20
_EXPORT = "name an .xdts or .csv file"


def find_sheet(folder: Path) -> Path | None:
    """Find a folder's only sheet (*.xdts, sheet.csv); None if missing. Raises ShotError if there are several."""
    try:
        files = sorted(path for path in folder.iterdir() if _is_sheet(path) and path.is_file())
    except OSError:
        return None
    if len(files) > 1:
        names = ", ".join(path.name for path in files[:4])
        raise ShotError(folder, f"holds {len(files)} exposure sheets: {names}", "choose one with --sheet")
    return files[0] if files else None


def _is_sheet(path: Path) -> bool:
    name = path.name.casefold()
    return not name.startswith(".") and (name.endswith(_XDTS) or name == SHEET_NAME)


def list_other_sheets(folder: Path) -> list[str]:
    """List warnings of sheets in a folder that are of kinds that are not read."""
    with suppress(OSError):
        found = sorted(path for path in folder.iterdir() if path.suffix.lower() in _NOT_READ and path.is_file())
        return [f"{path}: not used: this kind of exposure sheet is not read; export it as XDTS" for path in found]
    return []


def read_sheet(path: str | Path) -> Sheet:
    """Read an exposure sheet, XDTS or CSV by its content.

    Raises ReadError if the file is missing, too large, not text or of neither format, InputError if its content is
    invalid: the message names the file, the place and the fix. The size in memory is limited, whatever the file claims.
    """
    path = Path(path)
    text = _read_text(path)
    if text.startswith(SIGNATURE) or path.suffix.lower() in _XDTS:
        return parse_xdts(text, path)
    if (other := name_other_sheet(text, path)) is not None:
        raise other
    return parse_csv(text, path)


def _read_text(path: Path) -> str:
    """Read a text in UTF-8 or, as Japanese animation programs write tables, in code page 932."""
    data = read_small(path, _MAX_BYTES, "an exposure sheet", _EXPORT)
    for encoding in ("utf-8-sig",) if data.startswith(SIGNATURE.encode()) else ("utf-8-sig", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ReadError(path, "is not text in UTF-8", "export it again")
