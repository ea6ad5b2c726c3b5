"""What generating the clients costs, beside bare openapi-python-client with the same formatting.

Both run as commands in processes of their own, by turns, so that a busy machine is busy for both. Their
children (ruff) count. The bare run reads the same document and formats with the same ruff and settings,
called alike. Besides the project's document (the first run, and a run with nothing to do) it measures
documents made up of many operations: CPU time, memory of the largest process, and whether time grows in line
with size.

    python bench/generation.py [--rounds N] [--sizes 250,1000] [--spec FILE] [--format text|json]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import stepup_spec
from stepup_generator.languages.python.target import RUFF

# Against bare openapi-python-client: CPU for the project's document; CPU and memory for large ones. Growth is
# the CPU of an operation, beyond the first run, in the largest document against the next: 1 is linear.
TARGETS = {"first": 1.4, "large": 1.3, "memory": 1.5, "unchanged_seconds": 0.3, "growth": 1.25}
OURS = [sys.executable, "-m", "stepup_mfa", "generate"]


class Cost(NamedTuple):
    """CPU seconds of a command and all its children, and the memory in MiB of the largest of them."""

    cpu: float
    memory: float


def cost(command: list[str]) -> Cost:
    """Run a command below a small process that measures it: a peak of memory is of all children."""
    code = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(used.ru_utime + used.ru_stime, used.ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code, *command], check=True, stdout=subprocess.PIPE)
    cpu, memory = done.stdout.split()
    return Cost(float(cpu), int(memory) / 1024)


def ours(spec: Path, folder: Path) -> list[str]:
    """Generate with this project's command into a folder that is not there yet."""
    return [*OURS, "--spec", str(spec), "--out", str(folder / "out")]


def bare(spec: Path, folder: Path) -> list[str]:
    """Generate with openapi-python-client alone, and its post-hooks for the formatting."""
    ruff = folder / "ruff.toml"
    ruff.write_text(RUFF, encoding="utf-8")
    hooks = [
        f"{sys.executable} -P -m ruff {step} --config {ruff} --no-cache --quiet ."
        for step in ("check --fix", "format")
    ]
    config = folder / "config.json"
    config.write_text(json.dumps({"post_hooks": hooks, "literal_enums": True}), encoding="utf-8")
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    command += ["--fail-on-warning", "--path", str(spec), "--config", str(config)]
    return [*command, "--output-path", str(folder / "out")]


def compare(spec: Path, rounds: int) -> dict[str, float]:
    """Run both ``rounds`` times by turns; medians, and ratios ours to bare."""
    spent: dict[str, list[Cost]] = {"ours": [], "bare": []}
    for _ in range(rounds):
        for name, command in (("ours", ours), ("bare", bare)):
            with tempfile.TemporaryDirectory() as folder:
                spent[name].append(cost(command(spec, Path(folder))))
    found: dict[str, float] = {}
    for name, costs in spent.items():
        found[f"{name}_cpu"] = statistics.median(item.cpu for item in costs)
        found[f"{name}_memory"] = statistics.median(item.memory for item in costs)
    for what in ("cpu", "memory"):
        found[f"{what}_ratio"] = found[f"ours_{what}"] / found[f"bare_{what}"]
    return {name: round(value, 3) for name, value in found.items()}


def unchanged(spec: Path, rounds: int) -> float:
    """Median CPU seconds of a run that has nothing to do."""
    with tempfile.TemporaryDirectory() as folder:
        command = ours(spec, Path(folder))
        cost(command)
        return round(statistics.median(cost(command).cpu for _ in range(rounds)), 3)


def document(operations: int) -> str:
    """A document of so many operations, each with a parameter, a body, a success and a refusal of its own."""
    paths, schemas = {}, {}
    for n in range(operations):
        text, count = {"type": "string", "minLength": 1, "maxLength": 256}, {"type": "integer", "minimum": 1}
        kind = {"type": "string", "enum": ["FIRST", "SECOND"]}
        members = {"name": text, "kind": kind, "count": count, "token": {**text, "x-stepup-secret": True}}
        code = {"type": "string", "const": f"refused_{n}"}
        schemas[f"Request{n}"] = {"type": "object", "required": ["name", "kind"], "properties": members}
        schemas[f"Result{n}"] = {
            "type": "object", "required": ["id", "done"],
            "properties": {"id": text, "done": {"type": "boolean", "const": True}},
        }  # fmt: skip
        schemas[f"Refusal{n}"] = {"type": "object", "required": ["code"], "properties": {"code": code}}

        def content(name: str, number: int = n) -> dict[str, object]:
            return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}{number}"}}}

        operation = {
            "operationId": f"doThing{n}", "tags": [f"tag{n % 20}"], "summary": f"Do thing {n}",
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": text}],
            "requestBody": {"required": True, "content": content("Request")},
            "responses": {
                "200": {"description": "Done.", "content": content("Result")},
                "400": {"description": "Refused.", "content": content("Refusal")},
            },
        }  # fmt: skip
        paths[f"/things/{n}/{{id}}"] = {"post": operation}
    whole = {"openapi": "3.1.0", "info": {"title": "Many", "version": "1"}, "paths": paths}
    return json.dumps({**whole, "components": {"schemas": schemas}})


def measure(spec: Path, rounds: int, sizes: list[int]) -> dict[str, Any]:
    result: dict[str, Any] = {"first": compare(spec, rounds), "unchanged_cpu": unchanged(spec, rounds)}
    large = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "openapi.json"
            path.write_text(document(size), encoding="utf-8")
            large[str(size)] = compare(path, min(rounds, 3))
    if len(sizes) > 1:
        first = result["first"]["ours_cpu"]
        half, full = ((large[str(size)]["ours_cpu"] - first) / size for size in sizes[-2:])
        result["growth"] = round(full / half, 3)
    return {**result, "large": large, "targets": TARGETS}


def misses(result: dict[str, Any]) -> list[str]:
    """The targets that were missed."""
    first, large = result["first"], result["large"]
    checks = [("first", first["cpu_ratio"]), ("unchanged_seconds", result["unchanged_cpu"])]
    checks += [("large", item["cpu_ratio"]) for item in large.values()]
    checks += [("memory", item["memory_ratio"]) for item in large.values()]
    checks += [("growth", result.get("growth", 0))]
    return [
        f"{name}: {value}, target at most {TARGETS[name]}" for name, value in checks if value > TARGETS[name]
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", default="200,500,1000", help="operations, with commas; empty for none")
    parser.add_argument("--spec", type=Path, default=stepup_spec.find(stepup_spec.OPENAPI))
    parser.add_argument("--format", choices=("text", "json"), default="text")
    args = parser.parse_args()
    sizes = [int(size) for size in args.sizes.split(",") if size]
    result = measure(args.spec.resolve(), max(1, args.rounds), sizes)
    missed = misses(result)
    if args.format == "json":
        print(json.dumps({**result, "missed": missed}))
        return 1 if missed else 0
    rows = {
        args.spec.name: result["first"],
        **{f"{size} ops": item for size, item in result["large"].items()},
    }
    print(f"{'':14} {'CPU s ours':>11} {'bare':>8} {'ratio':>7} {'MiB ours':>9} {'bare':>6} {'ratio':>7}")
    for name, row in rows.items():
        print(
            f"{name:14} {row['ours_cpu']:11.2f} {row['bare_cpu']:8.2f} {row['cpu_ratio']:7.2f}"
            f" {row['ours_memory']:9.0f} {row['bare_memory']:6.0f} {row['memory_ratio']:7.2f}"
        )
    print(
        f"A run with nothing to do: {result['unchanged_cpu']} s of CPU. Growth: {result.get('growth', '-')}"
    )
    print("Missed: " + "; ".join(missed) if missed else f"Every target is met: {TARGETS}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
