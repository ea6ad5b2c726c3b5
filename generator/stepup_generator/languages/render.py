"""Renders templates: a model in, ``{path: text}`` out. Pure: it reads the templates and nothing else.

A template's path below its folder is the output's path, less ``.jinja``. Templates are strict: a name that is
not defined is an error.
"""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import jinja2

__all__ = ["cell", "client_files", "python_files"]

from stepup_generator.client.names import Python
from stepup_generator.languages.python.view import PythonView

_HERE = Path(__file__).resolve().parent
# The folder of templates that stands for the package, whatever that is called.
_PACKAGE = "package"


def python_files(view: PythonView) -> dict[str, str]:
    """Every file of the Python client but the transport layer, not yet formatted."""
    python = Python()
    filters = {"text": python.text, "docstring": python.docstring, "comment": python.comment, "cell": cell}
    values = {name: getattr(view, name) for name in dir(view) if not name.startswith("_")}
    files = _render("python", filters, values)
    return {
        path.replace(f"{_PACKAGE}/", f"{view.settings.package}/", 1): text for path, text in files.items()
    }


def client_files(folder: str, filters: Mapping[str, Callable[..., object]], view: object) -> dict[str, str]:
    """Every file of a rendered client; its templates see the attributes of ``view``, and ``filters``."""
    values = {name: getattr(view, name) for name in dir(view) if not name.startswith("_")}
    return _render(folder, filters, values)


def _render(
    folder: str, filters: Mapping[str, Callable[..., object]], values: Mapping[str, object]
) -> dict[str, str]:
    environment = _environment(folder)
    environment.filters.update(filters)
    names = sorted(environment.list_templates(extensions=["jinja"]))
    return {name.removesuffix(".jinja"): environment.get_template(name).render(values) for name in names}


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
    """Text for a cell of a Markdown table: one line, and nothing of it is markup but code and emphasis."""
    line = " ".join(text.split())
    for char, escaped in (("\\", "\\\\"), ("<", "&lt;"), ("[", "\\["), ("|", "\\|")):
        line = line.replace(char, escaped)
    return Python().comment(line)
