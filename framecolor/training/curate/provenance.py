"""Read a folder's provenance and license: from provenance.toml, or LICENSE and ATTRIBUTION."""

from __future__ import annotations

import re
from pathlib import Path

from framecolor.core.parsing import parse_toml
from framecolor.errors import InputError, ReadError
from framecolor.training.dataset import Provenance

UNKNOWN = "unknown"
_FIELDS = ("name", "source", "license", "attribution")
_MOST_BYTES = 1 << 20
# Pattern in a license's text -> its SPDX identifier; the first match counts.
_LICENSES = (
    (r"CC0 1\.0|CC0-1\.0|Creative Commons Zero", "CC0-1.0"),
    (r"Attribution-NonCommercial-NoDerivatives 4\.0|CC BY-NC-ND 4\.0", "CC-BY-NC-ND-4.0"),
    (r"Attribution-NonCommercial-ShareAlike 4\.0|CC BY-NC-SA 4\.0", "CC-BY-NC-SA-4.0"),
    (r"Attribution-NonCommercial 4\.0|CC BY-NC 4\.0", "CC-BY-NC-4.0"),
    (r"Attribution-NoDerivatives 4\.0|CC BY-ND 4\.0", "CC-BY-ND-4.0"),
    (r"Attribution-ShareAlike 4\.0|CC BY-SA 4\.0", "CC-BY-SA-4.0"),
    (r"Attribution 4\.0|CC BY 4\.0", "CC-BY-4.0"),
    (r"Apache License,?\s+Version 2\.0", "Apache-2.0"),
    (r"\bMIT License|Permission is hereby granted, free of charge", "MIT"),
)


def read_provenance(folder: Path, **given: str | None) -> Provenance:
    """Read the provenance of a folder; `given` (name, source, license, attribution) overrides its files.

    The license is "unknown" if it is missing or not recognized; the default name is the folder's. Raises ReadError if
    provenance.toml is damaged, InputError if one of its values is not a text.
    """
    found = {"name": folder.resolve().name or "data", **_read_texts(folder), **_read_table(folder)}
    found |= {key: value for key, value in given.items() if value is not None}
    found.setdefault("source", found.get("attribution") or found["name"])
    found.setdefault("license", UNKNOWN)
    return Provenance(**found)


def _read_table(folder: Path) -> dict[str, str]:
    path = folder / "provenance.toml"
    if not path.is_file():
        return {}
    try:
        table = parse_toml(_read_text(path))
    except ValueError as error:
        raise ReadError(path, f"is not valid TOML ({error})", "mend or remove it") from None
    for key, value in table.items():
        if key not in _FIELDS or not isinstance(value, str) or not value.strip():
            raise InputError(path, f"{key} must be one of {', '.join(_FIELDS)}, and a text", "mend or remove it")
    return {key: value.strip() for key, value in table.items()}


def _read_texts(folder: Path) -> dict[str, str]:
    """Read LICENSE and ATTRIBUTION, as far as they are recognized."""
    found: dict[str, str] = {}
    try:
        files = {path.stem.upper(): path for path in sorted(folder.iterdir(), reverse=True) if path.is_file()}
    except OSError as error:
        raise ReadError(folder, f"cannot be read ({error.strerror or error})", "check its name") from None
    if path := files.get("LICENSE") or files.get("COPYING"):
        text = _read_text(path)
        if spdx := name_license(text):
            found["license"] = spdx
    if path := files.get("ATTRIBUTION"):
        text = " ".join(_read_text(path).strip().lstrip("#").split())
        if text:
            found["attribution"] = text[:1000]
    return found


def name_license(text: str) -> str | None:
    """Return the SPDX identifier of a license text, or None if it is not recognized."""
    if match := re.search(r"SPDX-License-Identifier:\s*([\w.+-]+(?: (?:AND|OR|WITH) [\w.+-]+)*)", text):
        return match[1]
    plain = " ".join(text.split())
    return next((spdx for pattern, spdx in _LICENSES if re.search(pattern, plain, re.IGNORECASE)), None)


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8-sig", "replace")
    except OSError as error:
        raise ReadError(path, f"cannot be read ({error.strerror or error})", "check its permissions") from None
