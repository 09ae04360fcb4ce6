"""framecolor demo: from nothing to painted frames, a report and a picture."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import framecolor.demo
from framecolor.cli.demo import PICTURE_NAME, demo
from framecolor.media import read_image

KEPT = ("1001", "1002", "1013", "1014", "1029")


@pytest.fixture
def short_shot(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo shot with only five of its drawings, so that the test takes seconds."""
    whole = framecolor.demo.copy_shot

    def copy_part(folder: Path) -> None:
        whole(folder)
        for path in (folder / "line").iterdir():
            if path.stem.split(".")[1] not in KEPT:
                path.unlink()

    monkeypatch.setattr(framecolor.demo, "copy_shot", copy_part)


@pytest.mark.usefixtures("short_shot")
def test_demo_paints_and_says_where_to_look(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    result = CliRunner().invoke(demo, ["-o", str(out), "--fit", "0"])
    assert result.exit_code == 0, result.output
    assert "5 of 5 frames finished from 3 keys" in result.output
    for place in (out / PICTURE_NAME, out / "color", out / "color" / "report.html"):
        assert place.exists()
        assert str(place) in result.output
    assert sorted(path.name for path in (out / "color").glob("*.png")) == [f"fox.{number}.png" for number in KEPT]
    hold, key = read_image(out / "color" / "fox.1002.png"), read_image(out / "keys" / "fox.1001.png")
    assert ((hold[..., 3] == 0) == (key[..., 3] == 0)).mean() > 0.9999
    paint = (read_image(out / "line" / "fox.1001.png")[..., 3] == 0) & (key[..., 3] > 0)
    assert (hold[paint] == key[paint]).all(-1).mean() > 0.999


@pytest.mark.parametrize("wrong", [["--fit", "lots"], ["--engine", "abacus"]])
def test_demo_refuses_options_before_it_writes(tmp_path: Path, wrong: list[str]) -> None:
    result = CliRunner().invoke(demo, ["-o", str(tmp_path / "demo"), *wrong])
    assert result.exit_code == 2
    assert not (tmp_path / "demo").exists()
