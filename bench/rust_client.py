"""What the Rust client costs its callers: CPU and wall of a call beside bare reqwest with the same JSON work.

The mock runs in a process of its own; calls go by turns in one thread, in rounds short enough that a busy
machine is busy for both. Release build, in build/cargo or where STEPUP_CARGO_TARGET says.

    python bench/rust_client.py [--rounds N] [--format text|json]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from live_grant import mock_with_grant

ROOT = Path(__file__).resolve().parents[1]
TARGET = Path(os.environ.get("STEPUP_CARGO_TARGET") or ROOT / "build" / "cargo").resolve()
TARGET_RATIO = 1.10


def measured(rounds: int) -> dict[str, dict[str, dict[str, list[float]]]]:
    """Microseconds of a call for each round, by operation and by who calls."""
    folder = ROOT / "bench" / "rust_client"
    build = ["cargo", "build", "--quiet", "--release", "--target-dir", str(TARGET)]
    subprocess.run(build, cwd=folder, check=True)
    program = str(TARGET / "release" / "bench-rust-client")
    with mock_with_grant() as live:
        mock = live.mock
        arguments = (mock.base_url, mock.api_key, live.user_id, live.action_type, live.grant, str(rounds))
        command = [program, *arguments]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def medians(spent: dict[str, dict[str, list[float]]]) -> dict[str, dict[str, float]]:
    """For CPU and wall: the medians over the rounds, and that of the ratios of neighbouring rounds."""
    found = {}
    for kind in ("cpu", "wall"):
        bare, ours = spent["bare"][kind], spent["ours"][kind]
        ratios = [mine / theirs for mine, theirs in zip(ours, bare, strict=True)]
        found[kind] = {
            "bare": round(statistics.median(bare), 1),
            "ours": round(statistics.median(ours), 1),
            "ratio": round(statistics.median(ratios), 3),
        }
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    args = parser.parse_args()
    calls = {name: medians(spent) for name, spent in measured(args.rounds).items()}
    if args.format == "json":
        print(json.dumps({"calls": calls, "target": TARGET_RATIO}))
    else:
        print("Microseconds of a call, bare reqwest and ours:")
        for name, kinds in calls.items():
            for kind, found in kinds.items():
                print(
                    f"  {name:13} {kind:5} {found['bare']:7.1f} {found['ours']:7.1f}  ratio {found['ratio']}"
                )
        print(f"  target: wall at most {TARGET_RATIO}")
    return 0 if all(kinds["wall"]["ratio"] <= TARGET_RATIO for kinds in calls.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
