"""Every command that the documentation shows is run, or at least parsed; every command's help shows one."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from documented import PAGES, ROOT, examples_in, lay_out_desk, list_commands, make_night, split

from framecolor.cli import framecolor, main
from framecolor.cli.colorize import colorize
from framecolor.config.settings import SETTINGS

# What takes too long, or needs another machine, is parsed with its real options; what runs it is named.
ONLY_PARSED = {
    "framecolor bench": "minutes; tests/bench/test_bench.py",
    "framecolor dataset": "a folder of footage; tests/training/test_curate.py",
    "framecolor demo": "a fit of half a minute; tests/cli/test_cli_demo.py",
    "framecolor engine build": "a GPU or its compiler; tests/cli/test_cli_engine.py",
    "framecolor engine verify": "compiled plans; tests/cli/test_cli_engine.py",
    "framecolor explore cut_012/line/cut_012.0001.png --model": "a training; tests/explore/test_explore.py",
    "framecolor review": "runs until Ctrl+C; tests/review",
    "framecolor train": "hours; tests/training/test_recipes.py",
}


def check_parse(words: list[str]) -> None:
    """Raises click.UsageError where a command would not take these words."""
    command, name, rest = framecolor, words[0], words[1:]
    context = click.Context(framecolor, info_name=name)
    while isinstance(command, click.Group):
        name, *rest = rest
        found = command.get_command(context, name)
        assert found is not None, f"there is no command {name}"
        command, context = found, click.Context(found, parent=context, info_name=name)
    command.make_context(name, list(rest), parent=context.parent)


def check(line: str) -> None:
    """Run a documented command in the working folder, or parse it."""
    words = split(line)
    if words[0] != "framecolor":
        script = ROOT / (words[1] if words[0] in ("python", "py") else words[0])
        assert script.is_file(), f"{line}: there is no {script.name}"
        return
    if any(line.startswith(start) for start in ONLY_PARSED):
        check_parse(words)
        return
    if "night.gpl" in line:
        make_night(Path(), words[2])
    with pytest.raises(SystemExit) as stop:
        main(words[1:])
    assert stop.value.code == 0, line


@pytest.mark.usefixtures("quick_engine")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_says_what_works(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(lay_out_desk(tmp_path / "desk"))
    for language, example in examples_in(page.read_text("utf-8")):
        if language == "python":
            exec(compile(example, str(page), "exec"), {})
        else:
            check(example)


@pytest.mark.parametrize("name, command", [pytest.param(*found, id=found[0]) for found in list_commands()])
def test_a_help_text_shows_an_example_that_parses(name: str, command: click.Command) -> None:
    examples = [line for _, line in examples_in(re.sub(r"(?m)^ *", "    ", command.help or "") + "\n")]
    assert any(line.startswith(name) for line in examples), f"{name} --help has no example"
    for line in examples:
        check_parse(split(line))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_table_of_options_says_what_there_is() -> None:
    rows = re.findall(r"(?m)^\| (`--.*?`) \|", (ROOT / "docs/wrangler.md").read_text("utf-8"))
    told = {name: words.split("\\|") for row in rows for name, words in re.findall(r"`(-[-\w]+) ?([^`]*)`", row)}
    assert {*told} <= {name for option in colorize.params for name in option.opts}
    for stated in SETTINGS.values():
        if stated.words and (words := {word for word in told.get(stated.option, ()) if word.islower()}):
            assert words == {*stated.words} - {*stated.file_only}, stated.option


def test_links_to_headings_name_headings() -> None:
    for page in PAGES:
        for target, heading in re.findall(r"\]\(([^)#]*)#([^)]+)\)", page.read_text("utf-8")):
            there = (page.parent / target) if target else page
            slugs = {re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-")
                     for line in there.read_text("utf-8").splitlines() if line.startswith("#")}  # fmt: skip
            assert heading in slugs, f"{page.name} links to {target}#{heading}"
