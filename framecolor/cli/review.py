"""framecolor review: the report as a live page on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framecolor.cli.options import corrections_option, gather_settings, out_option, paint_options, shot_options
from framecolor.cli.shots import list_shots, open_shot
from framecolor.errors import OutputError, SettingsError

if TYPE_CHECKING:
    from framecolor.cli.shots import ShotPath
    from framecolor.config.settings import Settings
    from framecolor.review.desk import Opener
    from framecolor.review.places import Places
    from framecolor.shot.shot import Shot


@click.command()
@click.argument("shot", type=click.Path(), metavar="SHOT")
@out_option
@shot_options
@corrections_option
@paint_options
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="Port; any free one if not given.")
@click.option("--no-browser", is_flag=True, help="Print the address, but open no browser.")
def review(
    shot: str, out: Path | None, cels: tuple[str, ...], port: int, no_browser: bool, **given: Any
) -> None:  # fmt: skip
    """Show the report as a live page on this machine: corrections repaint the shot at once.

    A correction, a stroke, a painted key dropped on its frame or a changed color of the palette is saved in the shot,
    as the file that colorize takes: corrections.json, hints/, keys/, recolor.toml. Then the frames that it changes are
    painted. All of it can be undone, also later. Changes of the shot's files by other programs are painted as well.

    Only this machine can open the page, with the address that is printed. End it with Ctrl+C.

    \b
    Examples:
      framecolor review cut_012
      framecolor review Cut-005 --cel A --no-browser
    """
    import secrets
    import threading
    import webbrowser

    from framecolor.errors import ShotError
    from framecolor.review.desk import Desk
    from framecolor.review.server import HOST, ReviewServer, bind

    chosen = list_shots([shot], cels)
    if len(chosen) > 1:
        fix = f"choose one, as with --cel {chosen[0].cel}"
        raise ShotError(shot, f"has {len(chosen)} cels; one is reviewed at a time", fix)
    if given["stencils"] is not None:
        raise click.UsageError("--stencils belongs to colorize: the page paints whole frames")
    if str(given["corrections"]) == "none" or given["recolor"] == "none":
        raise click.UsageError("review saves corrections and colors: name a file, or leave the option out")
    opener = _make_opener(chosen[0], given)
    target = None if out is None else out / (chosen[0].cel or "")
    desk = Desk(opener, target)
    try:
        bound = bind(port)
    except OSError as error:
        desk.close()
        raise OutputError(
            f"port {port}", f"cannot be used ({error.strerror or error})", "choose another --port"
        ) from None
    token, port = secrets.token_urlsafe(24), bound.getsockname()[1]
    address = f"http://{HOST}:{port}/{token}/"

    def announce() -> None:
        click.echo(address)
        if not no_browser:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    desk.start()
    try:
        ReviewServer(desk, token, port, announce).run(sockets=[bound])
    except KeyboardInterrupt:
        pass  # the usual end
    finally:
        desk.close()


def _make_opener(one: ShotPath, given: dict[str, Any]) -> Opener:
    from framecolor.config.settings import NO_FILE
    from framecolor.media import FORMATS
    from framecolor.review.desk import Opener
    from framecolor.review.places import find_places

    places = {name: given.pop(name) for name in ("keys", "hints", "references", "frames", "sheet", "corrections")}
    given.pop("stencils")

    def open_with_corrections() -> Shot:
        if places["corrections"] is None:
            return open_shot(one, **places)
        # The file is there only after the first correction.
        shot = open_shot(one, **{**places, "corrections": Path(NO_FILE)})
        path = find(shot).corrections
        return open_shot(one, **{**places, "corrections": path}) if path.is_file() else shot

    def find(shot: Shot) -> Places:
        recolor = read_settings(shot).recolor
        return find_places(shot, places["corrections"], recolor, one.find(places["hints"]), one.find(places["keys"]))

    def read_settings(shot: Shot) -> Settings:
        settings = gather_settings(shot.root, given)
        if settings.fits:
            fix = "leave out --fit, or run `framecolor colorize --fit` when the shot is finished"
            raise SettingsError("fit", "takes minutes after each edit, and is not possible in review", fix)
        if FORMATS[settings.format].level:
            fix = "review it with another --format, then paint the level with `framecolor colorize`"
            raise SettingsError(
                "format", f"{settings.format} is one file of all frames, which review does not write", fix
            )
        if settings.recolor == NO_FILE:
            raise SettingsError(
                "recolor", "is none, and review changes colors in its file", "name a file, or leave it out"
            )
        return settings

    return Opener(open_with_corrections, read_settings, find)
