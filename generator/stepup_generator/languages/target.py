"""What the rest of the generator knows of a language."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stepup_generator.format import Formatter
from stepup_generator.openapi.model import Api
from stepup_generator.samples import Language
from stepup_generator.samples.writer import Writer

__all__ = ["Target"]


@dataclass(frozen=True, slots=True)
class Target:
    """One language: its names, and how its client and its samples are rendered.

    ``folder`` names its folder here, below ``generated_client/`` and below ``client_vectors/drivers/``.
    ``render`` gives the client as {path: text}, laid out by ``formatter`` afterwards; None for a language
    that has samples alone. ``tools`` are the programs of its community that testing the client needs.
    """

    folder: str
    name: str
    language: Language
    samples: Callable[[Api], Writer]
    render: Callable[[Api], Mapping[str, str]] | None = None
    formatter: Formatter | None = None
    tools: tuple[str, ...] = ()
