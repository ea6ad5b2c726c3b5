"""Keeps versions of the site side by side: ``<out>/v1.0/``, ``<out>/latest/``, and a page that lists them.

A build replaces its own version, and ``latest`` where it is the newest. Other versions stay as they are: each
page links to the list, which is made anew, so no old page has to know of what came after it. Refuses a folder
that holds anything else.
"""

import re
from pathlib import Path

from markupsafe import Markup

from stepup_generator.errors import OutputError
from stepup_generator.site.pages import Page
from stepup_generator.site.shell import Shell
from stepup_generator.site.social_card import FAVICON
from stepup_generator.site.sources import Sources
from stepup_generator.write import MARKER, write

__all__ = ["LATEST", "NOT_FOUND", "publish"]

LATEST = "latest"
NOT_FOUND = "There is no page at this address."
_OURS = ".versions-by-stepup-mfa"
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")


def publish(sources: Sources, files: dict[str, str | bytes], out: Path) -> bool:
    """Write ``files``, built for the version of the settings, below ``out``; True where it is the newest now.

    Raises OutputError for a label that cannot be a folder and for a folder that is not such a site.
    """
    version = sources.settings.version
    if not _LABEL.match(version) or version == LATEST:
        raise OutputError(f'"{version}" is not a version label; expected one like v1.0')
    if out.is_dir() and any(out.iterdir()) and not (out / _OURS).is_file():
        raise OutputError(f"{out} has files that are not versions of the site")
    write(files, out / version)
    (out / _OURS).touch()
    names = sorted(
        (item.name for item in out.iterdir() if (item / MARKER).is_file() and item.name != LATEST),
        key=_age,
        reverse=True,
    )
    is_newest = names[0] == version
    if is_newest:
        write(files, out / LATEST)
    _list(sources, names, out)
    return is_newest


def _age(version: str) -> list[tuple[int, int, str]]:
    """Numbers by their value, and what has words behind (a candidate) before what has not."""
    parts = re.findall(r"\d+|[A-Za-z]+", version.removeprefix("v"))
    return [*((1, int(part), "") if part.isdigit() else (-1, 0, part) for part in parts), (0, 0, "")]


def _list(sources: Sources, names: list[str], out: Path) -> None:
    items = Markup()
    for name in names:
        note = Markup(', <a href="{}/changelog/index.html">changes</a>').format(name)
        has_changes = (out / name / "changelog" / "index.html").is_file()
        items += Markup('<li><p><a href="{}/index.html">{}</a>{}</p></li>\n').format(
            name, name, note if has_changes else ""
        )
    body = Markup(
        '<h1>Versions</h1>\n<p class="lead"><a href="latest/index.html">The newest</a> is {}.</p>\n'
        '<ul class="list text">\n{}</ul>'
    ).format(names[0], items)
    title, shell = sources.api.title, Shell(sources, ())
    page = Page("index.html", title, f"All versions of the site of {title}.", "", body, "")
    missing = Page(
        "404.html",
        "Page not found",
        NOT_FOUND,
        "",
        Markup("<h1>Page not found</h1>\n<p>{}</p>").format(NOT_FOUND),
        "",
    )
    root_files = {
        "index.html": shell.bare(page),
        "404.html": shell.bare(missing),
        "favicon.svg": FAVICON,
        ".nojekyll": "",  # GitHub Pages would build pages of its own from the Markdown pages
    }
    for path, text in root_files.items():
        (out / path).write_text(text, encoding="utf-8")
