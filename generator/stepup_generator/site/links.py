"""Checks every link of a finished build: inside it each must lead to a file and an anchor that are there.

Links to other hosts are judged by their form alone; nothing is fetched.
"""

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

from stepup_generator.errors import SiteProblem

__all__ = ["problems"]

# Pages are ours, so their form is known: attributes in double quotes, and no comment holds any.
_LINK = re.compile(r'<(?:a|link)\b[^>]*?\shref="([^"]*)"')
_ID = re.compile(r'<[a-zA-Z][^>]*?\sid="([^"]*)"')
_CODE = re.compile(r"<(style|script)>.*?</\1>", re.DOTALL)


def problems(
    files: Mapping[str, str | bytes], base_path: str = "/", beside: Collection[str] = ()
) -> tuple[SiteProblem, ...]:
    """Everything that is wrong with the links of the pages.

    ``base_path`` is where absolute links begin; ``beside`` are paths outside the build that will be there.
    """
    pages = {
        path: _CODE.sub(lambda match: "\n" * match[0].count("\n"), text)
        for path, text in files.items()
        if path.endswith(".html") and isinstance(text, str)
    }
    anchors = {path: _anchors(text) for path, text in pages.items()}
    found = [
        SiteProblem(Path(path), line, message)
        for path, text in pages.items()
        for line, link in _links(text)
        if _goal(path, link, base_path) not in beside
        and (message := _problem(path, link, files, anchors, base_path))
    ]
    twice = [
        SiteProblem(Path(path), 1, f'the anchor "{name}" is {count} times on the page; expected once')
        for path, names in anchors.items()
        for name, count in names.items()
        if count > 1
    ]
    return (*found, *twice)


def _anchors(text: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for match in _ID.finditer(text):
        name = unescape(match[1])
        counts[name] = counts.get(name, 0) + 1
    return counts


def _links(text: str) -> Iterator[tuple[int, str]]:
    line, done = 1, 0
    for match in _LINK.finditer(text):
        line += text.count("\n", done, match.start())
        done = match.start()
        yield line, unescape(match[1])


def _goal(path: str, link: str, base_path: str) -> str:
    """The path that a link inside the site leads to, seen from its root."""
    target = unquote(link.partition("#")[0])
    if target.startswith("/"):
        goal = target.removeprefix(base_path) if target.startswith(base_path) else target
    else:
        goal = posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) if target else path
    return "index.html" if goal in ("", ".") else goal


def _problem(
    path: str,
    link: str,
    files: Mapping[str, str | bytes],
    anchors: Mapping[str, Mapping[str, int]],
    base_path: str,
) -> str:
    try:
        parts = urlsplit(link)
    except ValueError:
        return f'the link "{link}" is not an address'
    if parts.scheme or parts.netloc:
        is_web = parts.scheme in ("http", "https") and parts.hostname
        good = is_web or (parts.scheme == "mailto" and parts.path)
        return "" if good else f'the link "{link}" is no absolute web or mail address'
    goal, anchor = _goal(path, link, base_path), unquote(parts.fragment)
    if goal not in files:
        return f'the link "{link}" leads to {goal}, which is not there'
    if anchor and anchor not in anchors.get(goal, ()):
        return f'the link "{link}" leads to {goal}, which has no anchor "{anchor}"'
    return ""
