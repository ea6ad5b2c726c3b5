"""What the TypeScript client costs: the size of its bundle, and the cost of a call beside bare fetch.

The mock runs in this process and the calls in one of Node's, whose CPU time alone counts. Calls go by turns,
in rounds short enough that a busy machine is busy for both. It needs npm.

    python bench/typescript_client.py [--rounds N] [--format text|json]
"""

import argparse
import gzip
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from live_grant import mock_with_grant

ROOT = Path(__file__).resolve().parents[1]
CHECKS = ROOT / "generator" / "tests" / "typescript"
TARGETS = {"call": 1.10, "bundle": 6000}


def run(*arguments: str, folder: Path) -> bytes:
    return subprocess.run(arguments, cwd=folder, check=True, stdout=subprocess.PIPE).stdout


def built(folder: Path) -> Path:
    """The client as committed, compiled, in a folder of its own."""
    client = shutil.copytree(
        ROOT / "generated_client" / "typescript", folder / "client",
        ignore=shutil.ignore_patterns("node_modules", "dist"),
    )  # fmt: skip
    for name in ("package.json", "package-lock.json"):
        shutil.copy(CHECKS / name, folder)
    # Node finds packages in any folder above.
    run("npm", "ci", "--silent", "--ignore-scripts", folder=folder)
    run(str(folder / "node_modules" / ".bin" / "tsc"), folder=client)
    return client


def bundle(client: Path) -> dict[str, int]:
    """Bytes of everything in one file, minified, and gzipped."""
    program = client.parent / "node_modules" / ".bin" / "esbuild"
    made = run(str(program), "dist/index.js", "--bundle", "--minify", "--format=esm", folder=client)
    return {"minified": len(made), "gzipped": len(gzip.compress(made, 9))}


def calls(client: Path, rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    """CPU and wall microseconds of a lookup and of verifying a grant, bare and ours."""
    with mock_with_grant() as live:
        grant = {"actionType": live.action_type, "userId": live.user_id, "grant": live.grant}
        script = str(Path(__file__).with_suffix(".mjs"))
        arguments = (str(client), live.mock.base_url, live.mock.api_key, str(rounds), json.dumps(grant))
        found: dict[str, Any] = json.loads(run("node", script, *arguments, folder=client))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stepup-mfa-bench-") as name:
        client = built(Path(name))
        size, spent = bundle(client), calls(client, args.rounds)
    if args.format == "json":
        print(json.dumps({"bundle": size, "calls": spent, "targets": TARGETS}))
    else:
        print(
            f"Bundle: {size['minified']} bytes, gzipped {size['gzipped']} (target: under {TARGETS['bundle']})"
        )
        print("A call in microseconds, bare fetch and ours:")
        for name, kinds in spent.items():
            for kind, found in kinds.items():
                figures = f"{found['bare']:7.1f} {found['ours']:7.1f}  ratio {found['ratio']:.3f}"
                print(f"  {name:13} {kind:5} {figures}")
        print(f"  target: at most {TARGETS['call']}")
    kept = all(found["ratio"] <= TARGETS["call"] for kinds in spent.values() for found in kinds.values())
    return 0 if kept and size["gzipped"] < TARGETS["bundle"] else 1


if __name__ == "__main__":
    sys.exit(main())
