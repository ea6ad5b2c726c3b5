"""Renders the Python client: openapi-python-client's request builders below, our facade above, one format.

openapi-python-client gets no more than it needs. Its document holds each operation's method, path, parameters
and whether there is a body, without responses, descriptions, enums or nested types: those are the facade's,
which fails closed where the generated parsers would let through or break. So no prose of the document reaches
its templates. It runs as the command that it documents; any warning of it is an error, for it drops what it
cannot read. The names it chooses are not known here: its own templates print an index of them.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stepup_generator.client.types import Type
from stepup_generator.client.view import ClientSettings
from stepup_generator.errors import ToolError
from stepup_generator.languages.python.names import PYTHON
from stepup_generator.languages.python.view import PythonView, python_view
from stepup_generator.languages.render import render, runtime
from stepup_generator.openapi.model import Api

__all__ = ["RUFF", "python_client"]

_TRANSPORT = "_transport"
# In place of openapi-python-client's own: modules with nothing but the request builder.
_TEMPLATES = Path(__file__).resolve().parent / "transport"
_CONFIG = {"post_hooks": [], "package_name_override": _TRANSPORT}
RUFF = """\
line-length = 110
target-version = "py311"
[lint]
select = ["I", "F401", "F541"]
"""
_RUNTIME = ("_client.py", "_codecs/__init__.py", "_errors.py", "_outcome.py", "_request.py", "responses.py")


def python_client(api: Api, settings: ClientSettings | None = None) -> dict[str, str]:
    """Return the whole client as {path: text}, the same for the same model.

    Raises ToolError where openapi-python-client or ruff fails or warns.
    """
    shown = python_view(api, settings)
    with tempfile.TemporaryDirectory(prefix="stepup-mfa-") as name:
        folder = Path(name)
        package = folder / shown.settings.package
        package.mkdir()
        if shown.operations:
            _build_transport(shown, folder, package / _TRANSPORT)
        for path, text in _package_files(shown).items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")
        _format(folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in files}


def _package_files(shown: PythonView) -> dict[str, str]:
    """Every file but the transport layer, not yet formatted."""
    package = shown.settings.package
    rendered = render("python", shown.filters, shown)
    for name, needed in (
        ("_error_fields", bool(shown.code_wire)),
        ("_operations", bool(shown.operations)),
        ("_wire", bool(shown.definitions)),
        ("models", bool(shown.models)),
    ):
        if not needed:
            del rendered[f"package/{name}.py"]
    # The folder of templates that stands for the package, whatever that is called.
    files = {path.replace("package/", f"{package}/", 1): text for path, text in rendered.items()}
    names = {"StepUpMfaError": shown.root}
    copied = runtime("python", _runtime_files(shown), names=names)
    return files | {f"{package}/{path}": text for path, text in copied.items()}


def _runtime_files(shown: PythonView) -> Iterator[str]:
    """The files of the runtime that the document needs."""
    yield from _RUNTIME
    yield "_error_readers.py" if shown.code_wire else "_error_fields.py"
    used = dict((*shown.wire_modules, *shown.operation_modules))
    yield from (f"_codecs/{module}.py" for module in sorted(used))


def _build_transport(shown: PythonView, work: Path, folder: Path) -> None:
    """Write the request builders, and an index of them by the names of our methods."""
    document, config = work / "document.json", work / "config.json"
    document.write_text(json.dumps(_document(shown)), encoding="utf-8")
    config.write_text(json.dumps(_CONFIG), encoding="utf-8")
    done = subprocess.run(
        [
            sys.executable, "-P", "-m", "openapi_python_client", "generate", "--path", str(document),
            "--config", str(config), "--custom-template-path", str(_TEMPLATES), "--output-path", str(folder),
            "--meta", "none", "--fail-on-warning",
        ],
        cwd=work, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise ToolError(f"openapi-python-client: {(done.stderr or done.stdout).strip()}")
    for path in (document, config, folder / "client.py", folder / "errors.py", folder / "models/__init__.py"):
        path.unlink()
    (folder / "models").rmdir()
    if not any("UNSET)" in path.read_text(encoding="utf-8") for path in folder.glob("api/*/*.py")):
        (folder / "types.py").unlink()


def _document(shown: PythonView) -> dict[str, Any]:
    """The part of the API that requests are built from, as an OpenAPI document."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in shown.operations:
        source = operation.source
        item: dict[str, Any] = {
            "operationId": operation.name,
            "summary": operation.name,
            "tags": [PYTHON.member(tag) for tag in source.tags[:1]] or ["default"],
            "parameters": [
                {
                    "name": field.wire,
                    "in": field.location,
                    "required": field.required,
                    "schema": _schema(field.type),
                }
                for field in operation.fields
                if field.location != "body"
            ],
            "responses": {"200": {"description": "Read by the facade."}},
        }
        if source.request_body is not None:
            content: dict[str, Any] = {"application/json": {"schema": {}}}
            item["requestBody"] = {"required": source.request_body.required, "content": content}
        paths.setdefault(source.path, {})[source.method] = item
    return {"openapi": "3.1.0", "info": {"title": "Transport", "version": "1"}, "paths": paths}


def _schema(item: Type) -> dict[str, Any]:
    """Scalars by type, arrays of scalars, and anything for the rest: the facade has made plain JSON of it."""
    if item.nullable:
        return {}
    if item.kind in ("string", "integer", "number", "boolean"):
        return {"type": item.kind}
    return {"type": "array", "items": _schema(item.item)} if item.kind == "array" and item.item else {}


def _format(folder: Path) -> None:
    """Sort imports, drop what is unused and format, with our own settings and the ruff beside this Python.

    ``-P`` keeps the output itself from being imported as ruff or as what it needs.
    """
    config = folder / ".ruff.toml"
    config.write_text(RUFF, encoding="utf-8")
    common = ["--config", str(config), "--no-cache", "--quiet", "."]
    for command in (["check", "--fix"], ["format"]):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "ruff", *command, *common],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise ToolError(f"ruff {command[0]}: {(done.stderr or done.stdout).strip()}")
    config.unlink()
