"""The one redactor: whatever leaves the suite as text, in a report, a curl line, a message or an exception,
passes it.

It knows values, not places: a secret is learnt when it is created, sent or received, and from then on every
text shows a shell variable instead, so a redacted curl line can still be pasted. It cannot know a secret
that the suite has never seen.
"""

import json
import re
import shlex
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

API_KEY = "STEPUP_MFA_API_KEY"
CONTROL_KEY = "STEPUP_MFA_CONTROL_KEY"
CODE = "CODE"
GRANT = "GRANT"
SECRET = "TOTP_SECRET"  # noqa: S105 - the name of a shell variable
PHONE = "PHONE_NUMBER"

# The fields of requests and responses that hold a secret, and the variable that replaces it.
_FIELDS = {
    "code": CODE,
    "grant": GRANT,
    "step_up_grant": GRANT,
    "secret": SECRET,
    "phone_number": PHONE,
    "api_key": API_KEY,
    "access_token": API_KEY,
}
# Here the same names are fields, and hold what is wrong with them.
_NO_SECRETS_BELOW = ("field_errors", "field_to_errors", "user_facing_errors")
# A shorter value is not a usable secret, and hiding it would hide ordinary text.
_SHORTEST = 4


class Redactor:
    """Replaces the secrets it has learnt, in any text, by the names of shell variables."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def learn(self, value: str, name: str) -> None:
        """Hide ``value`` from now on, also as it looks in JSON and in a URL; ``name`` is the variable shown
        instead.
        """
        if len(value) < _SHORTEST or value in self._names:
            return
        for spelling in (value, json.dumps(value)[1:-1], quote(value, safe="")):
            self._names.setdefault(spelling, name)

    def learn_fields(self, document: Any) -> None:
        """Learn the values of the secret fields of a request or a response, at any depth."""
        for name, value in _walk(document):
            if name in _FIELDS:
                for secret in _strings(value):
                    self.learn(secret, _FIELDS[name])

    @property
    def learnt(self) -> dict[str, str]:
        """All secrets with their names, for another redactor only."""
        return dict(self._names)

    def take_over(self, learnt: dict[str, str]) -> None:
        """Hide what another redactor has learnt."""
        for value, name in learnt.items():
            self._names.setdefault(value, name)

    def among(self, text: str) -> "Redactor":
        """Return a redactor of the secrets that occur in ``text``, which is quicker than one of them all."""
        few = Redactor()
        few._names = {value: name for value, name in self._names.items() if value in text}
        return few

    def text(self, text: str) -> str:
        """Return ``text`` with ``$NAME`` for each secret."""
        return "".join(part if name is None else f"${name}" for name, part in self._split(text))

    def shell(self, text: str) -> str:
        """Return ``text`` as one word of a POSIX shell, with ``"$NAME"`` for each secret."""
        words = [shlex.quote(part) if name is None else f'"${{{name}}}"' for name, part in self._split(text)]
        return "".join(words) or "''"

    def _split(self, text: str) -> Iterable[tuple[str | None, str]]:
        """Yield the pieces of ``text``: ``(None, plain)`` or ``(name, secret)``."""
        # Looking for each secret is quicker than one pattern of thousands; a text holds few of them.
        present = sorted((value for value in self._names if value in text), key=len, reverse=True)
        if not present:
            yield None, text
            return
        pattern = re.compile("|".join(map(re.escape, present)))
        end = 0
        for match in pattern.finditer(text):
            if match.start() > end:
                yield None, text[end : match.start()]
            yield self._names[match.group()], match.group()
            end = match.end()
        if end < len(text):
            yield None, text[end:]


_WORD = re.compile(r"[\w+/=.~$%-]+\Z")


def cut(text: str, length: int) -> str:
    """Return at most ``length`` characters of a text, cut between words: a piece of a secret that is learnt
    later could not be recognised.
    """
    if len(text) <= length:
        return text
    kept = text[:length]
    return (_WORD.sub("", kept) if _WORD.match(text[length]) else kept) + "…"


def _walk(document: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(document, dict):
        for name, value in document.items():
            if name not in _NO_SECRETS_BELOW:
                yield str(name), value
                yield from _walk(value)
    elif isinstance(document, list):
        for item in document:
            yield from _walk(item)


def _strings(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
