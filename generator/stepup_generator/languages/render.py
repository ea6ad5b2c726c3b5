"""Renders the templates of a language: a view in, ``{path: text}`` out. Pure: it reads the templates only.

A template's path below its folder is the output's path, less ``.jinja``. Templates are strict: a name that is
not defined is an error.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

import jinja2

from stepup_generator.client.names import escaped

__all__ = ["cell", "render", "runtime"]

_HERE = Path(__file__).resolve().parent


def render(folder: str, filters: Mapping[str, Callable[..., object]], view: object) -> dict[str, str]:
    """Every template of the language in ``folder``; they see the attributes of ``view``, and ``filters``."""
    values = {name: getattr(view, name) for name in dir(view) if not name.startswith("_")}
    environment = _environment(folder)
    environment.filters.update(filters)
    names = sorted(environment.list_templates(extensions=["jinja"]))
    return {name.removesuffix(".jinja"): environment.get_template(name).render(values) for name in names}


def runtime(
    folder: str, paths: Iterable[str], *, generated: str = "", names: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Source files of the language in ``folder`` that do not vary with the document, copied unchanged.

    ``generated`` is the comment that marks them as generated, put before their first line. ``names`` are what
    is filled in: the name of a package or the path of an import, in the files and in the output.
    """
    files = {}
    for path in paths:
        text = (_HERE / folder / "runtime" / path).read_text(encoding="utf-8")
        for name, chosen in (names or {}).items():
            text = text.replace(name, chosen)
        files[path] = generated + text
    return files


@cache
def _environment(folder: str) -> jinja2.Environment:
    # Nothing is escaped for HTML here: each text goes through the filter of its place.
    return jinja2.Environment(  # noqa: S701
        loader=jinja2.FileSystemLoader(_HERE / folder / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def cell(text: str) -> str:
    """Text for a cell of a Markdown table: one line, with no markup but code and emphasis."""
    line = " ".join(text.split())
    for char, inert in (("\\", "\\\\"), ("<", "&lt;"), ("[", "\\["), ("|", "\\|")):
        line = line.replace(char, inert)
    return "".join(map(escaped, line))
