"""A Postman collection (format 2.1.0): every operation with the examples of its requests and answers.

Address and key are variables of the collection. The key is empty, and nothing runs before or after a request.
"""

import json
import re
from http import HTTPStatus

from stepup_generator.openapi.model import Api, Example, Json, Operation, Response, plain
from stepup_generator.samples.values import Inputs, inputs

__all__ = ["collection"]

_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


def collection(api: Api) -> dict[str, object]:
    """Return the collection, ready for JSON."""
    folders: dict[str, list[object]] = {}
    for operation in api.operations:
        folders.setdefault((operation.tags or ("",))[0], []).append(_item(api, operation))
    about = {tag.name: tag.description for tag in api.tags}
    items: list[object] = []
    for tag, members in folders.items():
        folder = {"name": tag, "description": about.get(tag, ""), "item": members}
        items += [folder] if tag else members
    return {
        "info": {"name": api.title, "description": api.description, "schema": _SCHEMA},
        "item": items,
        "variable": [
            {"key": "baseUrl", "value": _base_url(api), "type": "string"},
            {"key": "apiKey", "value": "", "type": "string"},
        ],
    }


def _base_url(api: Api) -> str:
    if not api.servers:
        return "http://127.0.0.1:8765"
    url = api.servers[0].url
    for variable in api.servers[0].variables:
        url = url.replace(f"{{{variable.name}}}", variable.default)
    return url.rstrip("/")


def _item(api: Api, operation: Operation) -> dict[str, object]:
    request = _request(api, operation)
    return {
        "name": operation.summary or operation.id,
        "request": request,
        "response": [
            _response(request, response, example)
            for response in operation.responses
            for example in response.examples
            if response.status.isdigit()
        ],
    }


def _request(api: Api, operation: Operation) -> dict[str, object]:
    values = inputs(api, operation)
    headers = [
        {"key": item.name, "value": _text(values.parameters[item.location, item.name])}
        for item in operation.header_parameters
        if (item.location, item.name) in values.parameters
    ]
    request: dict[str, object] = {
        "method": operation.method.upper(),
        "header": headers,
        "url": _url(operation, values),
        "description": operation.description,
        "auth": _auth(api, operation),
    }
    if operation.request_body is not None and values.body is not None:
        headers.insert(0, {"key": "Content-Type", "value": operation.request_body.media_type})
        raw = json.dumps(plain(values.body.value), indent=2, ensure_ascii=False)
        request["body"] = {"mode": "raw", "raw": raw, "options": {"raw": {"language": "json"}}}
    return request


def _url(operation: Operation, values: Inputs) -> dict[str, object]:
    path = re.sub(r"\{([^}]*)\}", r":\1", operation.path)
    query = [
        {"key": name, "value": _text(value)}
        for (location, name), value in values.parameters.items()
        if location == "query"
    ]
    shown = "&".join(f"{item['key']}={item['value']}" for item in query)
    url: dict[str, object] = {
        "raw": f"{{{{baseUrl}}}}{path}" + (f"?{shown}" if shown else ""),
        "host": ["{{baseUrl}}"],
        "path": path.strip("/").split("/"),
    }
    if query:
        url["query"] = query
    if operation.path_parameters:
        url["variable"] = [
            {
                "key": item.name,
                "value": _text(values.parameters[item.location, item.name]),
                "description": item.description,
            }
            for item in operation.path_parameters
        ]
    return url


def _auth(api: Api, operation: Operation) -> dict[str, object]:
    for scheme in api.security_schemes:
        if scheme.name in operation.security[:1]:  # alternatives: the first will do
            if scheme.kind == "http":
                return {"type": "bearer", "bearer": [_entry("token", "{{apiKey}}")]}
            pairs = (("key", scheme.parameter), ("value", "{{apiKey}}"), ("in", "header"))
            return {"type": "apikey", "apikey": [_entry(*pair) for pair in pairs]}
    return {"type": "noauth"}


def _entry(key: str, value: str) -> dict[str, str]:
    return {"key": key, "value": value, "type": "string"}


def _response(request: dict[str, object], response: Response, example: Example) -> dict[str, object]:
    code = int(response.status)
    known = {item.value: item.phrase for item in HTTPStatus}
    return {
        "name": f"{response.status} {example.summary or example.name}".strip(),
        "originalRequest": request,
        "status": known.get(code, ""),
        "code": code,
        "_postman_previewlanguage": "json",
        "header": [{"key": "Content-Type", "value": response.media_type}],
        "body": json.dumps(plain(example.value), indent=2, ensure_ascii=False),
    }


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False)
