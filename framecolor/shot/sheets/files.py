"""Find and read exposure sheet files."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from framecolor.core.files import open_file, read_small
from framecolor.core.parsing import parse_json
from framecolor.errors import InputError, ReadError, ShotError
from framecolor.shot.sheets import sxf
from framecolor.shot.sheets.csv_table import parse_csv
from framecolor.shot.sheets.exposure_sheet import Sheet
from framecolor.shot.sheets.layered import LayeredSheet
from framecolor.shot.sheets.tvpaint_csv import is_tvpaint_csv, parse_tvpaint_csv
from framecolor.shot.sheets.tvpaint_json import is_tvpaint_json, parse_tvpaint_json
from framecolor.shot.sheets.xdts import SIGNATURE, TDTS_SIGNATURE, name_other_sheet, parse_xdts

SHEET_NAME = "sheet.csv"

_XDTS = (".xdts", ".xtds")  # the second one is how some programs misspell it
_TDTS, _SXF, _JSON, _CSV = ".tdts", ".sxf", ".json", ".csv"
_NOT_READ = (".sts", ".ard", ".xps")

# A sheet of hundreds of tracks has one or two MiB. Parsed into Python objects, it takes about twenty times its size.
_MAX_BYTES = 8 << 20
_EXPORT = "name an .xdts, .tdts, .sxf, .csv or TVPaint's .json file"
_CUT_OFF = "export it again as JSON from TVPaint, or as XDTS or CSV"
# An export names its project and clip at its beginning.
_BEGINNING_BYTES = 4096


def find_sheet(folder: Path) -> Path | None:
    """Find a folder's sheet; None if missing. Raises ShotError if there are several of one kind.

    XDTS and sheet.csv come first, then TDTS, SXF, and exports of TVPaint as JSON and CSV.
    """
    return _choose(folder)[0]


def find_export(folder: Path) -> Path | None:
    """Find a folder's export of TVPaint or Krita, JSON before CSV; None if missing. Raises as `find_sheet`."""
    return _choose(folder, least=3)[0]


def find_rival(path: Path) -> Path | None:
    """Find another sheet in the folder of `path`, of the kind that `path` is or would be; None if there is none.

    A shot with both could not tell which one to use.
    """
    name = path.name.casefold()
    usual = 0 if name.endswith(_XDTS) or name == SHEET_NAME else 3 if name.endswith(_JSON) else None
    with suppress(OSError):
        others = (one for one in sorted(path.parent.iterdir()) if one.name.casefold() != name)
        return next((one for one in others if usual is not None and _rank(one) == usual), None)
    return None


def list_other_sheets(folder: Path, export: Path | None = None) -> list[str]:
    """List warnings of a folder's sheets that are not used, as there is a better one.

    export  the sheet of an export, which its own cels use
    """
    try:
        chosen, others = _choose(folder) if export is None else (export, _list_sheets(folder, export))
    except ShotError:  # it is raised where the sheet is read, unless the user names one
        chosen, others = None, []
    warnings = [f"{path}: not used, as {chosen.name} is the sheet; --sheet names another" for path in others if chosen]
    with suppress(OSError):
        found = sorted(path for path in folder.iterdir() if path.suffix.lower() in _NOT_READ and path.is_file())
        warnings += [f"{path}: not used: this kind of exposure sheet is not read; export it as XDTS" for path in found]
    return warnings


def _list_sheets(folder: Path, export: Path) -> list[Path]:
    """List the sheets of a folder besides an export."""
    with suppress(OSError):
        return [path for path in sorted(folder.iterdir()) if path != export and _rank(path) is not None]
    return []


def _choose(folder: Path, least: int = 0) -> tuple[Path | None, list[Path]]:
    """Choose the sheet of a folder from those of kind `least` on. Returns it, None if missing, and the others."""
    try:
        ranked = [(rank, path) for path in sorted(folder.iterdir()) if (rank := _rank(path)) is not None]
    except OSError:
        return None, []
    ranked = sorted((rank, path) for rank, path in ranked if rank >= least)
    same = [path for rank, path in ranked if rank == ranked[0][0]]
    if len(same) > 1:
        names = ", ".join(path.name for path in same[:4])
        raise ShotError(folder, f"holds {len(same)} exposure sheets: {names}", "choose one with --sheet")
    return (same[0] if same else None), [path for _, path in ranked[1:]]


def _rank(path: Path) -> int | None:
    """Rank a file by the kind of its sheet; None if it is none. Only exports have to be opened for that."""
    name = path.name.casefold()
    if name.startswith(".") or not name.endswith((*_XDTS, _TDTS, _SXF, _JSON, _CSV)) or not path.is_file():
        return None
    if name.endswith(_XDTS):
        return 0
    if name.endswith((_TDTS, _SXF)):
        return 1 if name.endswith(_TDTS) else 2
    beginning = _read_beginning(path)
    if name.endswith(_JSON):
        return 3 if '"project"' in beginning and '"clip"' in beginning else None
    return 4 if is_tvpaint_csv(beginning) else 0 if name == SHEET_NAME else None


def _read_beginning(path: Path) -> str:
    """Read the beginning of a text; "" if the file cannot be opened."""
    with suppress(OSError), open_file(path) as file:
        return file.read(_BEGINNING_BYTES).decode("utf-8", "replace")
    return ""


def read_sheet(path: str | Path) -> Sheet:
    """Read an exposure sheet, of any kind that is read, by its content.

    Raises ReadError if the file is missing, too large, not text or of no such format, InputError if its content is
    invalid: the message names the file, the place and the fix. The size in memory is limited, whatever the file claims.
    """
    path = Path(path)
    data = read_small(path, _MAX_BYTES, "an exposure sheet", _EXPORT)
    if data.startswith(sxf.SIGNATURE) or path.suffix.lower() == _SXF:
        return sxf.parse_sxf(data, path)
    text = _decode(data, path)
    if text.startswith((SIGNATURE, TDTS_SIGNATURE)) or path.suffix.lower() in (*_XDTS, _TDTS):
        return parse_xdts(text, path)
    if (export := _parse_export(text, path)) is not None:
        return export.sheet
    if (other := name_other_sheet(text, path)) is not None:
        raise other
    return parse_csv(text, path)


def read_export(path: Path) -> LayeredSheet:
    """Read an export of TVPaint or Krita with its pictures. Raises as `read_sheet`, also for sheets of other kinds."""
    text = _decode(read_small(path, _MAX_BYTES, "an exposure sheet", _EXPORT), path)
    export = _parse_export(text, path)
    if export is None:
        raise InputError(path, "is no export of TVPaint or Krita", "export it as JSON or CSV, with its images")
    return export


def _parse_export(text: str, path: Path) -> LayeredSheet | None:
    """Parse the text of an export; None if it is another file."""
    if is_tvpaint_csv(text):
        return parse_tvpaint_csv(text, path)
    if not text.lstrip().startswith("{"):
        return None
    try:
        table = parse_json(text)
    except ValueError as error:
        if path.suffix.lower() != _JSON:
            return None
        raise ReadError(path, f"is not JSON, or is cut off ({str(error)[:120]})", _CUT_OFF) from None
    return parse_tvpaint_json(table, path) if is_tvpaint_json(table) else None


def _decode(data: bytes, path: Path) -> str:
    """Decode text in UTF-8 or, as Japanese animation programs write tables, in code page 932."""
    marked = data.startswith((SIGNATURE.encode(), TDTS_SIGNATURE.encode()))
    for encoding in ("utf-8-sig",) if marked else ("utf-8-sig", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ReadError(path, "is not text in UTF-8", "export it again")
