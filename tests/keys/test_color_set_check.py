"""Keys that show the same in other colors are named before a run as in it, and clean shots load no network for that."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from cut_folders import make_cut
from drawings import COAT, SCARF, SKIN, draw, make_shot
from painting import paint

from framecolor import Settings, Shot, color_frames
from framecolor.cli.check import check as check_command
from framecolor.cli.plan import plan as plan_command
from framecolor.media import read_image, write_image
from framecolor.pipeline import check
from framecolor.pipeline.check import check_shot

pytestmark = pytest.mark.usefixtures("quick_engine")

NIGHT = {SKIN: (120, 110, 150, 255), COAT: (20, 30, 70, 255), SCARF: (90, 20, 60, 255)}
TEXT = "key 1007: shows what key 1001 shows in other colors, as by day and by night"


def by_night(painted: np.ndarray) -> np.ndarray:
    night = painted.copy()
    for day, color in NIGHT.items():
        night[(painted == day).all(axis=2)] = color
    return night


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A key by day and one by night."""
    root = make_shot(tmp_path / "cut")
    key = root / "keys/cut.1007.png"
    write_image(key, by_night(read_image(key)))
    return root


def test_plan_check_and_colorize_say_the_same(root: Path) -> None:
    (fault,) = check_shot(Shot.open(root), Settings())
    assert fault.kind == "color set" and str(fault).startswith(TEXT)
    assert paint(root).warnings == (str(fault),)
    assert f"warning   {fault}" in CliRunner().invoke(plan_command, [str(root)]).stdout
    result = CliRunner().invoke(check_command, [str(root), "--strict"])
    assert str(fault) in result.stdout and result.exit_code == 1


def test_arrays_are_compared_as_well(root: Path) -> None:
    drawings, warned = {n: draw(n)[0] for n in range(3)}, []
    list(color_frames(drawings, {0: draw(0)[1], 2: by_night(draw(2)[1])}, listener=warned.append))
    assert [event.text.split(",")[0] for event in warned] == ["key 2: shows what key 0 shows in other colors"]


def test_clean_keys_need_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "load_shipped", lambda *given: pytest.fail("a network was loaded"))
    root = make_shot(tmp_path / "cut")
    assert check_shot(Shot.open(root), Settings()) == []
    key = root / "keys/cut.1007.png"
    painted = read_image(key)
    painted[(painted == SCARF).all(axis=2)] = NIGHT[SCARF]
    write_image(key, painted)
    assert check_shot(Shot.open(root), Settings()) == []


def test_opaque_paper_of_a_cel_is_said_before_the_run(tmp_path: Path) -> None:
    cut = make_cut(tmp_path / "Cut-005")
    for key in (cut / "Keys/A").iterdir():
        painted = read_image(key)
        painted[..., 3] = 255
        write_image(key, painted)
    faults = [str(fault) for fault in check_shot(Shot.open(cut / "Line/A"), Settings())]
    assert [fault for fault in faults if "--background transparent" in fault]
    assert set(faults) <= set(paint(cut / "Line/A").warnings)
    assert not any(f.kind == "paper" for f in check_shot(Shot.open(cut / "Line/A"), Settings(background="transparent")))
