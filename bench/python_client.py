"""What the Python client costs its callers: CPU time of a call and of the import, beside bare httpx.

The mock runs in a process of its own; only this process' CPU time counts. Calls go by turns, in rounds short
enough that a busy machine is busy for both. The bare call does what a careful caller would do by hand: send
JSON with the key, raise on an error status, parse the body.

    python bench/python_client.py [--rounds N] [--format text|json]
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from live_grant import mock_with_grant

CLIENT = Path(__file__).resolve().parents[1] / "generated_client" / "python"
TARGETS = {"call": 1.05, "import": 1.25}
_CALLS_A_ROUND = 40


def stepup_client(url: str, key: str) -> Any:
    from stepup_mfa_client import StepUpMfa

    return StepUpMfa(url, key)


def measure_calls(url: str, key: str, arguments: dict[str, str], rounds: int) -> dict[str, dict[str, float]]:
    """CPU microseconds of a call, bare and ours, for a lookup and for the verification of a grant."""
    user = arguments["user_id"]
    headers = {"Authorization": f"Bearer {key}"}
    lookup = f"{url}/api/backend/v1/user/{user}/mfa"
    verify = f"{url}/api/backend/v1/mfa/step-up/verify-grant"
    with httpx.Client(headers=headers, timeout=10) as bare, stepup_client(url, key) as auth:

        def bare_lookup() -> Any:
            return bare.get(lookup).raise_for_status().json()

        def bare_verify() -> Any:
            return bare.post(verify, json=arguments).raise_for_status().json()

        runs: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
            "lookup": (bare_lookup, lambda: auth.fetch_user_mfa_methods(user)),
            "verify grant": (bare_verify, lambda: auth.verify_step_up_grant(**arguments)),
        }
        return {name: by_turns(*pair, rounds) for name, pair in runs.items()}


def by_turns(bare: Callable[[], Any], ours: Callable[[], Any], rounds: int) -> dict[str, float]:
    """Medians over the rounds; the first is for warming up."""
    spent: dict[str, list[float]] = {"bare": [], "ours": []}
    for turn in range(rounds + 1):
        for name, call in (("bare", bare), ("ours", ours)):
            started = time.process_time()
            for _ in range(_CALLS_A_ROUND):
                call()
            if turn:
                spent[name].append((time.process_time() - started) / _CALLS_A_ROUND * 1e6)
    medians = {name: statistics.median(values) for name, values in spent.items()}
    ratios = [ours / bare for ours, bare in zip(spent["ours"], spent["bare"], strict=True)]
    return {
        **{name: round(value, 1) for name, value in medians.items()},
        "ratio": round(statistics.median(ratios), 3),
    }


def measure_import(rounds: int) -> dict[str, float]:
    """CPU seconds of a process that imports httpx, and of one that imports the client."""
    spent: dict[str, list[float]] = {"httpx": [], "stepup_mfa_client": []}
    code = "import time; t = time.process_time(); import {}; print(time.process_time() - t)"
    for turn in range(rounds + 1):
        for name, values in spent.items():
            done = subprocess.run(
                [sys.executable, "-c", code.format(name)], cwd=CLIENT, check=True, capture_output=True
            )
            if turn:
                values.append(float(done.stdout))
    medians = {name: statistics.median(values) for name, values in spent.items()}
    ratio = medians["stepup_mfa_client"] / medians["httpx"]
    return {**{name: round(value, 4) for name, value in medians.items()}, "ratio": round(ratio, 3)}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    args = parser.parse_args()
    sys.path.insert(0, str(CLIENT))
    with mock_with_grant() as live:
        arguments = {"action_type": live.action_type, "user_id": live.user_id, "grant": live.grant}
        calls = measure_calls(live.mock.base_url, live.mock.api_key, arguments, args.rounds)
    imports = measure_import(max(1, args.rounds // 3))
    if args.format == "json":
        print(json.dumps({"calls": calls, "import": imports, "targets": TARGETS}))
    else:
        print("CPU of a call in microseconds, bare httpx and ours:")
        for name, found in calls.items():
            print(f"  {name:13} {found['bare']:7.1f} {found['ours']:7.1f}  ratio {found['ratio']}")
        print(f"  target: at most {TARGETS['call']}")
        print(f"Import: httpx {imports['httpx']} s, client {imports['stepup_mfa_client']} s,", end=" ")
        print(f"ratio {imports['ratio']} (target: at most {TARGETS['import']})")
    kept = all(found["ratio"] <= TARGETS["call"] for found in calls.values())
    return 0 if kept and imports["ratio"] <= TARGETS["import"] else 1


if __name__ == "__main__":
    sys.exit(main())
