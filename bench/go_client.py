"""What the Go client costs its callers: CPU and time of a call, beside net/http that does the same JSON work.

The mock runs in a process of its own, so that the CPU time of the calling process alone counts. Calls go by
turns, in rounds short enough that a busy machine is busy for both. The bare call does what a careful caller
would do by hand: send JSON with the key, refuse an error status, parse the body.

    python bench/go_client.py [--rounds N] [--format text|json]
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from live_grant import mock_with_grant

HERE = Path(__file__).resolve().parent
CLIENT = HERE.parent / "generated_client" / "go"
TARGET = 1.10
_MODULE = "github.com/stepup-mfa/stepup-mfa-go"


def build(folder: Path) -> Path:
    """Build the program that makes the calls, with the client as it is committed."""
    shutil.copy(HERE / "go_client.go", folder)
    shutil.copy(CLIENT / "go.sum", folder)
    modules = (f"-replace={_MODULE}={CLIENT}", f"-require={_MODULE}@v0.0.0")
    for command in (
        ["go", "mod", "init", "bench"],
        ["go", "mod", "edit", *modules, "-require=github.com/google/uuid@v1.6.0"],
        ["go", "build", "-mod=mod", "-o", "bench", "."],
    ):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "bench"


def measure(program: Path, rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    """Medians over the rounds, in microseconds of a call, and the median of the ratios of the rounds."""
    with mock_with_grant() as live:
        arguments = (live.mock.base_url, live.mock.api_key, live.user_id, live.grant)
        done = subprocess.run([program, *arguments, str(rounds)], check=True, capture_output=True, text=True)
    return {
        name: {kind: _medians(found, kind) for kind in ("cpu", "wall")}
        for name, found in json.loads(done.stdout).items()
    }


def _medians(found: dict[str, list[dict[str, float]]], kind: str) -> dict[str, float]:
    bare, ours = ([each[kind] for each in found[name]] for name in ("bare", "ours"))
    ratios = [mine / theirs for mine, theirs in zip(ours, bare, strict=True)]
    return {
        "bare": round(statistics.median(bare), 1),
        "ours": round(statistics.median(ours), 1),
        "ratio": round(statistics.median(ratios), 3),
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    args = parser.parse_args()
    if shutil.which("go") is None:
        print("NOT MEASURED: `go` is not on the PATH")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        found = measure(build(Path(folder)), args.rounds)
    if args.format == "json":
        print(json.dumps({"calls": found, "target": TARGET}))
    else:
        print("A call in microseconds, bare net/http and ours:")
        for name, kinds in found.items():
            for kind, cost in kinds.items():
                print(f"  {name:13}{kind:5}{cost['bare']:8.1f} {cost['ours']:8.1f}  ratio {cost['ratio']}")
        print(f"  target: at most {TARGET}")
    kept = all(cost["ratio"] <= TARGET for kinds in found.values() for cost in kinds.values())
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
