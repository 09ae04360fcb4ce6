"""The template environment of the pages: escaped, strict, and with file names of any kind printable."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from framecolor.errors import on_one_line


def make_environment() -> Environment:
    """Make the environment in which pages are rendered."""
    return Environment(
        loader=PackageLoader("framecolor.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, finalize=_show,
    )  # fmt: skip


def _show(value: object) -> object:
    """Escape unprintable characters in a text of the page, as file names may hold any."""
    return on_one_line(value, keep="\n\t") if type(value) is str else value
