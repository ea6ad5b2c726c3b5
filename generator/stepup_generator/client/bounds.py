"""What a schema asks of a value, in sentences for the documentation of a client."""

from collections.abc import Callable, Iterator

from stepup_generator.openapi.model import Api, Json, Schema

__all__ = ["bounds"]


def bounds(
    api: Api, schema: Schema, literal: Callable[[Json], str], text: Callable[[str], str] = str
) -> Iterator[str]:
    """Yield a sentence for each bound; ``literal`` and ``text`` write values and words in the language."""
    item = api.resolve(schema)
    if item.max_length is not None:
        yield f"{_span(item.min_length, item.max_length)} characters."
    elif item.min_length:
        yield f"Length at least {item.min_length}."
    if (item.lowest, item.highest) != (None, None):
        yield f"{_span(item.lowest, item.highest)}."
    if item.is_enum:
        yield "One of " + ", ".join(map(literal, item.enum)) + "."
    if item.format:
        yield f"Format {text(item.format)}."


def _span(low: object, high: object) -> str:
    if low is None:
        return f"At most {high}"
    return f"{low} to {high}" if high is not None else f"At least {low}"
