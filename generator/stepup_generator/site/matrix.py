"""Reads the fault matrix, which `stepup-mfa faults --report-json FILE` writes: what bugs were caught.

Refuses a file that is none. Knows nothing of how the matrix came about.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stepup_generator.errors import SiteError, SiteProblem

__all__ = ["Matrix", "Trial", "read_matrix"]

_CAUGHT, _CLEAN = "caught", "clean"


@dataclass(frozen=True, slots=True)
class Trial:
    """One seeded bug and what became of it."""

    fault: str
    rule: str
    description: str
    verdict: str

    @property
    def caught(self) -> bool:
        """Did the fault's own rule find it?"""
        return self.verdict == _CAUGHT


@dataclass(frozen=True, slots=True)
class Matrix:
    """Every trial of a run; ``clean`` says that the server without a fault passed."""

    trials: tuple[Trial, ...]
    clean: bool

    @property
    def caught(self) -> int:
        return sum(trial.caught for trial in self.trials)

    def of(self, rule: str) -> tuple[Trial, ...]:
        """The trials whose bug breaks ``rule``."""
        return tuple(trial for trial in self.trials if trial.rule == rule)


def read_matrix(path: Path) -> Matrix:
    """Read the JSON at ``path``. Raises SiteError for anything else than a fault matrix."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["faults"]
        if not isinstance(rows, list):
            raise TypeError("faults")
        trials = [_trial(row) for row in rows]
    except OSError as error:
        raise SiteError([SiteProblem(path, 1, f"cannot be read: {error.strerror}")]) from None
    except (ValueError, KeyError, TypeError):
        expected = "not a fault matrix; expected what `stepup-mfa faults --report-json FILE` writes"
        raise SiteError([SiteProblem(path, 1, expected)]) from None
    return Matrix(
        trials=tuple(trial for trial in trials if trial.fault),
        clean=any(not trial.fault and trial.verdict == _CLEAN for trial in trials),
    )


def _trial(row: Mapping[str, object]) -> Trial:
    words = [row[key] for key in ("fault", "rule", "description", "verdict")]
    if not all(isinstance(word, str) for word in words):
        raise TypeError("a row")
    return Trial(*map(str, words))
