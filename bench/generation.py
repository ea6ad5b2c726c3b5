"""CPU time of generating the Python client, against bare openapi-python-client with the same formatting.

Both run as commands in processes of their own, by turns in one run, so that a busy machine is busy for both.
Their children (ruff) count. The bare run reads the same document and formats with the same ruff, settings and
steps, called the same way.

    python bench/generation.py [--rounds N] [--spec FILE] [--format text|json]
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import stepup_spec
from stepup_generator.python_client import RUFF

TARGET = 1.4


def cpu_seconds(command: list[str]) -> float:
    """User and system time of a command and all its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def ours(spec: Path, folder: Path) -> float:
    """Generate with this project's command into a folder that is not there yet."""
    code = "import sys; from stepup_mfa.main import main; sys.exit(main(sys.argv[1:]))"
    return cpu_seconds(
        [sys.executable, "-c", code, "generate", "--spec", str(spec), "--out", str(folder / "out")]
    )


def bare(spec: Path, folder: Path) -> float:
    """Generate with openapi-python-client alone, and its post-hooks for the formatting."""
    ruff = folder / "ruff.toml"
    ruff.write_text(RUFF, encoding="utf-8")
    hooks = [
        f"{sys.executable} -P -m ruff {step} --config {ruff} --no-cache --quiet ."
        for step in ("check --fix", "format")
    ]
    config = folder / "config.json"
    config.write_text(json.dumps({"post_hooks": hooks, "literal_enums": True}), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "openapi_python_client",
        "generate",
        "--meta",
        "none",
        "--fail-on-warning",
    ]
    command += ["--path", str(spec), "--config", str(config), "--output-path", str(folder / "out")]
    return cpu_seconds(command)


def measure(spec: Path, rounds: int) -> dict[str, object]:
    """Run both ``rounds`` times by turns, after one turn that only warms the disk's cache."""
    runs: dict[str, Callable[[Path, Path], float]] = {"ours": ours, "bare": bare}
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(rounds + 1):
        for name, run in runs.items():
            with tempfile.TemporaryDirectory() as folder:
                spent = run(spec, Path(folder))
            if turn:
                seconds[name].append(spent)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return {
        "spec": str(spec),
        "rounds": rounds,
        "cpu_seconds": {name: [round(value, 3) for value in values] for name, values in seconds.items()},
        "median_cpu_seconds": {name: round(value, 3) for name, value in medians.items()},
        "ratio": round(medians["ours"] / medians["bare"], 3),
        "target": TARGET,
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--spec", type=Path, default=stepup_spec.find(stepup_spec.OPENAPI))
    parser.add_argument("--format", choices=("text", "json"), default="text")
    args = parser.parse_args()
    result = measure(args.spec.resolve(), max(1, args.rounds))
    if args.format == "json":
        print(json.dumps(result))
    else:
        medians = result["median_cpu_seconds"]
        assert isinstance(medians, dict)
        print(f"Median CPU of {result['rounds']} runs, children included, {args.spec.name}:")
        print(f"  stepup-mfa generate          {medians['ours']:.3f} s")
        print(f"  openapi-python-client, ruff  {medians['bare']:.3f} s")
        print(f"  ratio {result['ratio']} (target: at most {TARGET})")
    return 0 if float(str(result["ratio"])) <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
