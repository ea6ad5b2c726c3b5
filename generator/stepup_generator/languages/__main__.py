"""Prints the languages that have a client as JSON, for tools outside this package (nox, say).

For each the name, the programs that testing it needs, its test file and its benchmark, below the root of the
repository.
"""

import json

from stepup_generator.languages import CLIENTS

if __name__ == "__main__":
    listed = [
        {
            "folder": folder,
            "name": target.name,
            "tools": target.tools,
            "tests": f"generator/tests/test_{folder}_client.py",
            "bench": f"bench/{folder}_client.py",
        }
        for folder, target in CLIENTS.items()
    ]
    print(json.dumps(listed, indent=2))
