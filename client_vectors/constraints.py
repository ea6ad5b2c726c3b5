#!/usr/bin/env python3
"""Proves that every client enforces every constraint before it sends a request.

    python client_vectors/constraints.py [--language FOLDER]…

One document with an operation for each value of constraints.yaml is rendered, and its samples, the programs
that the documentation would show, are built and run in every language: a value that fits arrives at the
server as it is, one that breaks its constraint ends the program before anything is sent. Exit code 0: all as
expected; 1: not; 2: misuse. A language whose tools are missing is skipped with a message, and fails where CI
is set.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]

from sample_toolchains import BuildError, toolchain_of  # noqa: E402
from server import ScriptedServer  # noqa: E402

from stepup_generator.generate import render  # noqa: E402
from stepup_generator.languages import CLIENTS  # noqa: E402
from stepup_generator.openapi.read import read  # noqa: E402
from stepup_generator.write import write  # noqa: E402

CONSTRAINTS = HERE / "constraints.yaml"
PATIENCE = 60.0


@dataclass(frozen=True)
class Vector:
    """One value of a constraint, sent by the operation ``id``."""

    id: str
    schema: dict[str, Any]
    value: Any
    fits: bool


def vectors() -> Iterator[Vector]:
    """Every value of every constraint, in the order of the file."""
    for name, entry in yaml.safe_load(CONSTRAINTS.read_text(encoding="utf-8")).items():
        for kind in ("fits", "breaks"):
            for number, value in enumerate(entry[kind]):
                yield Vector(f"{kind}{name}{number}", entry["schema"], value, kind == "fits")


def document(every: list[Vector]) -> dict[str, Any]:
    """A document whose operations each send one value, their example."""
    paths = {}
    for item in every:
        body = {"type": "object", "required": ["value"], "properties": {"value": item.schema}}
        content = {"application/json": {"schema": body, "example": {"value": item.value}}}
        paths[f"/{item.id}"] = {"post": {
            "operationId": item.id,
            "summary": item.id,
            "requestBody": {"required": True, "content": content},
            "responses": {"204": {"description": "Done."}},
        }}  # fmt: skip
    return {"openapi": "3.1.0", "info": {"title": "Constraints", "version": "1"}, "paths": paths}


def difference(item: Vector, command: list[str]) -> str:
    """What is wrong with a run of the program that sends a value, "" where nothing is."""
    with closing(ScriptedServer()) as server:
        server.play([{"status": 204}])
        environment = {**os.environ, "STEPUP_MFA_AUTH_URL": server.url, "STEPUP_MFA_API_KEY": "key"}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        bodies = [json.loads(request.body) for request in server.requests]
    if item.fits:
        sent = bodies == [{"value": item.value}] and done.returncode == 0
        return "" if sent else f"expected it to be sent, found {bodies}\n{done.stderr[-400:]}"
    # A caller may not be able to set a constant at all.
    if bodies not in ([], [{"value": item.schema.get("const")}]):
        return f"expected nothing to be sent, found {bodies}"
    return "" if done.returncode != 0 or bodies else "expected an error, found none"


def judge(folder: str, every: list[Vector], work: Path) -> Iterator[str]:
    """What is wrong with the client in a folder of languages, a line each."""
    target = CLIENTS[folder]
    path = work / "openapi.json"
    path.write_text(json.dumps(document(every)), encoding="utf-8")
    write(render(path, [folder])[folder].files, work / folder)
    api = read(path)
    writer = target.samples(api)
    toolchain = toolchain_of(target.folder)(work / "programs", work / folder)
    if toolchain.missing:
        message = f"NOT CHECKED: {target.name} needs {', '.join(toolchain.missing)}"
        print(message)
        yield from (message,) if os.environ.get("CI") else ()
        return
    try:
        toolchain.install()
        commands = toolchain.build({item.id: writer.request(api.operation(item.id)) for item in every})
    except BuildError as error:
        yield str(error)
        return
    for item in every:
        wrong = difference(item, commands[item.id])
        if wrong:
            yield f"{item.id}: {json.dumps(item.value)} of {json.dumps(item.schema)}: {wrong}"


def main() -> int:
    """Run every language that is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--language", action="append", choices=list(CLIENTS), help="only this one")
    args = parser.parse_args()
    every, failures = list(vectors()), 0
    for folder in args.language or CLIENTS:
        with tempfile.TemporaryDirectory(prefix="constraints-") as name:
            found = list(judge(folder, every, Path(name)))
        for line in found:
            print(f"{folder}: {line}")
        failures += len(found)
        print(f"{folder}: {len(every) - len(found)} of {len(every)} values as expected")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
