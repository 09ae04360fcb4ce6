"""A small figure in vector art, drawn for the tests."""

from pathlib import Path

# A figure: hair behind a head with two eyes, a mouth in ink, a shadow, a body and two arms.
FIGURE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 300">
<defs><linearGradient id="g"><stop offset="0" stop-color="#ff0000"/><stop offset="1" stop-color="#0000ff"/>
</linearGradient></defs>
<g transform="translate(100 180)">
<path d="M-40 -40H40V110H-40Z" fill="url(#g)"/>
<g transform="rotate(20)"><rect x="30" y="-50" width="80" height="20" fill="#30a040"/></g>
<rect x="-110" y="-50" width="80" height="20" fill="#30a040" transform="rotate(-20)"/>
</g>
<circle cx="100" cy="80" r="66" fill="#805020"/>
<ellipse cx="100" cy="90" rx="50" ry="56" fill="#f0c8a0"/>
<path d="M100 34A50 56 0 0 1 100 146Z" fill="#000" opacity=".3"/>
<circle cx="80" cy="80" r="9" fill="#fff"/><circle cx="120" cy="80" r="9" fill="#fff"/>
<path d="M80 115Q100 125 120 115" fill="none" stroke="#000" stroke-width="3"/>
</svg>"""


def write_svg(path: Path, text: str) -> Path:
    """Write `text` to `path`, which is returned."""
    path.write_text(text, encoding="utf-8")
    return path
