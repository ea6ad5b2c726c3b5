"""Writes the reports of a command, and says beforehand where one could not be written."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from stepup_mfa.errors import CommandError

Report = TypeVar("Report")
# Where a report goes, None for nowhere, and what renders it.
Outputs = Sequence[tuple[Path | None, Callable[[Report], str]]]


def check_folders(*paths: Path | None) -> None:
    """Raise CommandError where the folder of a report does not exist."""
    for path in paths:
        if path is not None and not path.absolute().parent.is_dir():
            raise CommandError(
                f"{path}: its folder does not exist", "Create the folder, or name another file."
            )


def write_reports(report: Report, outputs: Outputs[Report]) -> None:
    """Render and write each report that has a path. Raises CommandError for one that cannot be written."""
    from stepup_contract.report import write

    for path, render in outputs:
        if path is not None:
            try:
                write(path, render(report))
            except OSError as error:
                raise CommandError(f"{path}: {error.strerror}", "Name a file that can be written.") from None
