"""Take the weights of a run of `framecolor train diffusion` into the package, and their numbers into the model card.

python scripts/ship_diffusion.py RUN
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import click

_WEIGHTS = Path(__file__).resolve().parent.parent / "framecolor" / "weights"
_NAME = "diffusion"
_ROWS = {
    "val_alike": "cross-entropy of whether two regions have one paint",
    "val_error_100": "squared error of colors in [-1, 1] from noise alone",
    "val_error_50": "the same from colors and noise in equal parts",
    "val_told_hint": "L1 of samples from the truth in [0, 1], told a loose hint",
    "val_told_palette": "told the palette",
    "val_told_lines": "told the lines alone",
    "val_apart": "L1 between two samples, told the lines alone",
}


@click.command()
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False))
def main(run: Path) -> None:
    """Copy RUN/diffusion.safetensors and rewrite the marked part of diffusion.md."""
    data = (run / f"{_NAME}.safetensors").read_bytes()
    log = [json.loads(line) for line in (run / "log.jsonl").read_text("utf-8").splitlines()]
    trained = [row for row in log if "loss" in row]
    held_out = next(row for row in reversed(log) if "val_alike" in row)
    step = _read_step(data)
    lines = [
        f"sha256 `{hashlib.sha256(data).hexdigest()}`, {len(data) / 1e6:.1f} MB, {step} steps.",
        "",
        f"| held-out characters, at step {held_out['step']} | |",
        "|---|---|",
        *(f"| {words} | {held_out[name]:.3f} |" for name, words in _ROWS.items()),
        "",
        f"Training loss, mean of the last {len(trained[-10:])} entries of the log: "
        f"{sum(row['loss'] for row in trained[-10:]) / len(trained[-10:]):.3f}.",
    ]
    card = _WEIGHTS / f"{_NAME}.md"
    text, found = re.subn(
        r"<!-- run -->.*<!-- /run -->",
        "<!-- run -->\n" + "\n".join(lines) + "\n<!-- /run -->",
        card.read_text("utf-8"),
        flags=re.DOTALL,
    )
    if not found:
        raise click.ClickException(f"{card} has no part marked <!-- run -->")
    (_WEIGHTS / f"{_NAME}.safetensors").write_bytes(data)
    card.write_text(text, "utf-8")
    click.echo(f"{_NAME}.safetensors at step {step}; now scripts/make_explore_picture.py, and look at it")


def _read_step(data: bytes) -> str:
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length])["__metadata__"]["step"]


if __name__ == "__main__":
    main()
