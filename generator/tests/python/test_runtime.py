"""The runtime of the Python client, imported as the source files that it is."""

import math
import uuid
from typing import Any

import pytest

from stepup_generator.languages.python.runtime._codecs import Check, Codec, Mismatch
from stepup_generator.languages.python.runtime._codecs.anything import Anything
from stepup_generator.languages.python.runtime._codecs.array import Array
from stepup_generator.languages.python.runtime._codecs.boolean import Boolean
from stepup_generator.languages.python.runtime._codecs.constant import Constant
from stepup_generator.languages.python.runtime._codecs.dates import date, date_time
from stepup_generator.languages.python.runtime._codecs.enums import one_of
from stepup_generator.languages.python.runtime._codecs.integer import Integer
from stepup_generator.languages.python.runtime._codecs.map import Map
from stepup_generator.languages.python.runtime._codecs.multiples import multiple_of
from stepup_generator.languages.python.runtime._codecs.nullable import Nullable
from stepup_generator.languages.python.runtime._codecs.number import Number
from stepup_generator.languages.python.runtime._codecs.one_of import OneOf
from stepup_generator.languages.python.runtime._codecs.patterns import pattern
from stepup_generator.languages.python.runtime._codecs.ranges import (
    exclusive_maximum,
    exclusive_minimum,
    maximum,
    minimum,
)
from stepup_generator.languages.python.runtime._codecs.sizes import max_size, min_size
from stepup_generator.languages.python.runtime._codecs.text import Text
from stepup_generator.languages.python.runtime._codecs.unique import unique_items
from stepup_generator.languages.python.runtime._codecs.uuids import uuid as uuid_form

ID = "31c41c16-c281-44ae-9602-8a047e3bf33d"
# A check, a value that meets it, one that does not, and what it says then.
CHECKS: dict[str, tuple[Check, Any, Any, str]] = {
    "min_size": (min_size(2, "character"), "😀😀", "😀", "expected at least 2 characters"),
    "max_size": (max_size(1, "item"), [1], [1, 2], "expected at most 1 item"),
    "minimum": (minimum(2), 2, 1, "expected at least 2"),
    "maximum": (maximum(2.5), 2.5, 2.6, "expected at most 2.5"),
    "exclusive_minimum": (exclusive_minimum(0), 0.1, 0, "expected more than 0"),
    "exclusive_maximum": (exclusive_maximum(9), 8.9, 9, "expected less than 9"),
    "multiple_of": (multiple_of(5), -10, 7, "expected a multiple of 5"),
    "unique_items": (unique_items, ["a", "b"], ["a", "a"], "expected no item twice"),
    "one_of": (one_of(1, 2), 2, 3, "expected one of 1, 2"),
    "pattern": (pattern("^[a-z]+\\Z"), "abc", "abc\n", "expected text of the documented pattern"),
    "unanchored": (pattern("[0-9]"), "a1b", "ab", "expected text of the documented pattern"),
    "uuid": (uuid_form, ID, f"{ID}\n", "expected a UUID"),
    "date": (date, "2024-02-29", "2026-02-29", "expected a date such as 2026-01-31"),
    "date form": (date, "2026-01-31", "20260131", "expected a date such as 2026-01-31"),
    "date_time": (
        date_time, "2026-01-31T23:59:60.5z", "2026-01-31 12:00:00Z",
        "expected a date and time such as 2026-01-31T12:00:00Z",
    ),
    "offset": (
        date_time, "2026-01-31t12:00:00-08:30", "2026-01-31T12:00:00",
        "expected a date and time such as 2026-01-31T12:00:00Z",
    ),
}  # fmt: skip
TEXT, INTEGER, NUMBER = "expected a string", "expected an integer", "expected a finite number"
# A codec, a value of the wire, and what reading it says or returns.
READ: list[tuple[Codec[Any], Any, Any]] = [
    (Text(filled=True), "x", "x"),
    (Text(filled=True), "", Mismatch("", "expected a string that is not empty")),
    (Text(one_of("a")), "newer", "newer"),
    (Text(), 1, Mismatch("", TEXT)),
    (Integer(minimum(9)), 6.0, 6),
    (Integer(), 6.5, Mismatch("", INTEGER)),
    (Integer(), True, Mismatch("", INTEGER)),
    (Number(), 1, 1),
    (Number(), math.inf, Mismatch("", NUMBER)),
    (Number(), False, Mismatch("", NUMBER)),
    (Boolean(), 1, Mismatch("", "expected true or false")),
    (Constant(True), 1, Mismatch("", "expected True")),
    (Constant(1), 1, 1),
    (Nullable(Text()), None, None),
    (Array(Text(), filled=True), [], Mismatch("", "expected an array that is not empty")),
    (Array(Integer()), ["x"], Mismatch("/0", INTEGER)),
    (Array(Integer(), unique_items), [1, 1], [1, 1]),
    (Map(Integer()), {"secret": "x"}, Mismatch("/*", INTEGER)),
    (Map(Integer()), [], Mismatch("", "expected an object")),
    (OneOf(Integer(), Text()), "x", "x"),
    (OneOf(Integer(), Text()), None, Mismatch("", "expected one of several types")),
    (Anything(), None, None),
]
WRITTEN: list[tuple[Codec[Any], Any, Any]] = [
    (Text(uuid_form), uuid.UUID(ID), ID),
    (Text(), "\ud800", Mismatch("", "expected text that can be encoded as UTF-8")),
    (Text(), None, Mismatch("", TEXT)),
    (Text(one_of("a", "b")), "c", Mismatch("", "expected one of a, b")),
    (Integer(minimum(1)), 0, Mismatch("", "expected at least 1")),
    (Integer(), 1.0, Mismatch("", INTEGER)),
    (Integer(), True, Mismatch("", INTEGER)),
    (Number(), math.nan, Mismatch("", NUMBER)),
    (Number(exclusive_minimum(0)), 0, Mismatch("", "expected more than 0")),
    (Array(Integer(), unique_items), (1, 2), [1, 2]),
    (Array(Integer(), unique_items), (1, 1), Mismatch("", "expected no item twice")),
    (Array(Text()), "text", Mismatch("", "expected a list")),
    (Array(Text(uuid_form), unique_items), [ID, uuid.UUID(ID)], Mismatch("", "expected no item twice")),
    (Map(Text(), max_size(1, "key")), {"a": "x"}, {"a": "x"}),
    (Map(Text(), max_size(1, "key")), {"a": "x", "b": "y"}, Mismatch("", "expected at most 1 key")),
    (Map(Text()), {1: "x"}, Mismatch("", "expected a mapping with string keys")),
    (OneOf(Integer(), Text()), True, Mismatch("", "expected one of several types")),
]


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_says_what_was_expected(name: str) -> None:
    """A check is silent about a value that meets it, and otherwise says what it expects, not what it saw."""
    check, good, bad, problem = CHECKS[name]
    assert check(good) == ""
    assert check(bad) == problem


@pytest.mark.parametrize(("codec", "value", "expected"), READ)
def test_reading(codec: Codec[Any], value: Any, expected: Any) -> None:
    """Reading is strict about types and emptiness, and open to newer values."""
    _check(codec.read, value, expected)


@pytest.mark.parametrize(("codec", "value", "expected"), WRITTEN)
def test_writing(codec: Codec[Any], value: Any, expected: Any) -> None:
    """Writing is strict about every constraint."""
    _check(codec.write, value, expected)


def _check(step: Any, value: Any, expected: Any) -> None:
    if not isinstance(expected, Mismatch):
        found = step(value, "")
        assert (found, type(found)) == (expected, type(expected))
        return
    with pytest.raises(Mismatch) as caught:
        step(value, "")
    assert str(caught.value) == str(expected)
