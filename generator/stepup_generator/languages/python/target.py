"""Makes the Python client: openapi-python-client's request builders below, our facade above, one format.

openapi-python-client is given no more than it is wanted for. Its document holds each operation's method,
path, parameters and the fields of its body, without answers, descriptions, enums or nested types: those are
the facade's, which fails closed where the generated parsers would let through or break. So no prose of the
document reaches its templates. It runs inside this process (pinned exactly, since that is no public
interface); any warning of it is an error, for it drops what it cannot read.
"""

import contextlib
import io
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from stepup_generator.errors import ToolError
from stepup_generator.languages.python.names import PYTHON
from stepup_generator.languages.python.parts import PythonSettings, TransportArgument, TransportOperation
from stepup_generator.languages.python.view import PythonView, method_names, view
from stepup_generator.languages.render import cell, render
from stepup_generator.openapi.model import Api, Operation, Schema

__all__ = ["RUFF", "python_client"]

_TRANSPORT = "_transport"
# In place of openapi-python-client's own: modules with nothing but the request builder.
_TEMPLATES = Path(__file__).resolve().parent / "transport"
RUFF = """\
line-length = 110
target-version = "py311"
[lint]
select = ["I", "F401", "F541"]
"""
_SCALARS = ("string", "integer", "number", "boolean")


def python_client(api: Api, settings: PythonSettings | None = None) -> dict[str, str]:
    """Return the whole client as {path: text}, the same for the same model.

    Raises ToolError where openapi-python-client or ruff fails or warns.
    """
    settings = settings or PythonSettings()
    with tempfile.TemporaryDirectory(prefix="stepup-mfa-") as name:
        folder = Path(name)
        operations = _transport(api, folder / settings.package / _TRANSPORT)
        for path, text in _package_files(view(api, settings, operations)).items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")
        _format(folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in files}


def _package_files(shown: PythonView) -> dict[str, str]:
    """Every file but the transport layer, not yet formatted."""
    filters = {
        "text": PYTHON.text,
        "docstring": PYTHON.docstring,
        "comment": PYTHON.comment,
        "cell": cell,
    }
    files = render("python", filters, shown)
    # The folder of templates that stands for the package, whatever that is called.
    return {path.replace("package/", f"{shown.settings.package}/", 1): text for path, text in files.items()}


def _transport(api: Api, folder: Path) -> dict[str, TransportOperation]:
    """Write the request builders and say what they are called."""
    # Imported here: it brings pydantic and ruamel.yaml, which reading and rendering do without.
    from openapi_python_client import Project
    from openapi_python_client.config import Config, ConfigFile, MetaType
    from openapi_python_client.parser import GeneratorData
    from openapi_python_client.parser.errors import GeneratorError

    config = Config.from_sources(
        ConfigFile(post_hooks=[], literal_enums=True, package_name_override=_TRANSPORT),
        MetaType.NONE,
        document_source=folder,
        file_encoding="utf-8",
        overwrite=False,
        output_path=folder,
    )
    data = GeneratorData.from_dict(_document(api), config=config)
    if isinstance(data, GeneratorError):
        raise ToolError(f"openapi-python-client: {data.header} {data.detail or ''}")
    folder.parent.mkdir(parents=True)
    with contextlib.redirect_stdout(io.StringIO()):
        problems = Project(openapi=data, config=config, custom_template_path=_TEMPLATES).build()
    if problems:
        lines = (f"{problem.header} {problem.detail or ''}".strip() for problem in problems)
        raise ToolError("openapi-python-client: " + "; ".join(lines))
    for unused in ("client.py", "errors.py"):
        (folder / unused).unlink()
    return _built(api, data, config)


def _document(api: Api) -> dict[str, Any]:
    """The part of the API that requests are built from, as an OpenAPI document."""
    paths: dict[str, dict[str, Any]] = {}
    names = method_names(api)
    schemas: dict[str, Any] = {}
    for operation in api.operations:
        item: dict[str, Any] = {
            "operationId": names[operation.id],
            "tags": [PYTHON.member(tag) for tag in operation.tags[:1]] or ["default"],
            "parameters": [
                {
                    "name": parameter.name,
                    "in": parameter.location,
                    "required": parameter.required,
                    "schema": _plain_schema(api, parameter.schema),
                }
                for parameter in operation.parameters
            ],
            "responses": {"200": {"description": "Read by the facade."}},
        }
        if operation.request_body is not None:
            body = _body(api, operation, schemas)
            required = operation.request_body.required
            item["requestBody"] = {"required": required, "content": {"application/json": {"schema": body}}}
        paths.setdefault(operation.path, {})[operation.method] = item
    return {
        "openapi": "3.1.0",
        "info": {"title": "Transport", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _body(api: Api, operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    properties = api.flat_body(operation)
    if properties is None or operation.request_body is None:
        return {}
    name = api.resolve(operation.request_body.schema).name or f"{operation.id} request"
    schemas[name] = {
        "type": "object",
        "required": [item.name for item in properties if item.required],
        "properties": {item.name: _plain_schema(api, item.schema) for item in properties},
        "additionalProperties": False,
    }
    return {"$ref": f"#/components/schemas/{name}"}


def _plain_schema(api: Api, schema: Schema) -> dict[str, Any]:
    """Scalars by type, arrays of scalars, and anything for the rest: the facade has made plain JSON of it."""
    resolved = api.resolve(schema)
    if schema.nullable or resolved.nullable:
        return {}
    if resolved.kind in _SCALARS:
        return {"type": resolved.kind}
    if resolved.kind == "array" and resolved.items is not None:
        return {"type": "array", "items": _plain_schema(api, resolved.items)}
    return {}


def _built(api: Api, data: Any, config: Any) -> dict[str, TransportOperation]:
    """What openapi-python-client called what it built, by operationId."""
    from openapi_python_client import strings

    endpoints = {
        endpoint.name: (tag, endpoint)
        for tag, collection in data.endpoint_collections_by_tag.items()
        for endpoint in collection.endpoints
    }
    names, built = method_names(api), {}
    for operation in api.operations:
        tag, endpoint = endpoints[strings.PythonIdentifier(names[operation.id], config.field_prefix)]
        places = (
            ("path", endpoint.path_parameters), ("query", endpoint.query_parameters),
            ("header", endpoint.header_parameters),
        )  # fmt: skip
        arguments = [
            TransportArgument(str(item.python_name), place, item.name.get_untrusted_value(), item.required)
            for place, items in places
            for item in items
        ]
        body_class = ""
        if api.flat_body(operation) is not None:
            body_class = str(endpoint.bodies[0].prop.class_info.name)
        elif operation.request_body is not None:
            arguments.append(TransportArgument("body", "body", "", operation.request_body.required))
        built[operation.id] = TransportOperation(f"api.{tag}.{endpoint.name}", body_class, tuple(arguments))
    return built


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
