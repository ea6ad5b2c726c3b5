"""Where the pages of operations and tags stand: the one place that decides it.

An operationId or tag may hold anything; what could not be a file's name everywhere is replaced, and two that
would meet on a disk that does not tell capitals apart get addresses of their own.
"""

import re
from collections.abc import Iterable, Mapping

from stepup_generator.openapi.model import Api

__all__ = ["Addresses"]

# Above this many operations, one page of all and one list in the navigation would be no help any more.
_TOGETHER = 50
_ODD = re.compile(r"[^A-Za-z0-9_-]+")


class Addresses:
    """Paths of pages, relative to the root of the site."""

    def __init__(self, api: Api) -> None:
        self._operations = _slugs((item.id for item in api.operations), ("index", "tags"))
        tag_of = {item.id: (item.tags or ("",))[0] for item in api.operations}
        self._tag_of: Mapping[str, str] = tag_of
        self._tags = _slugs(dict.fromkeys(tag_of.values()), ())
        self.is_split = len(api.operations) > _TOGETHER

    def operation(self, operation_id: str) -> str:
        """The page of one operation."""
        return f"reference/{self._operations[operation_id]}/index.html"

    def tag(self, tag: str) -> str:
        """The page that shows all operations of a tag: that of the whole reference where it is not split."""
        return f"reference/tags/{self._tags[tag]}/index.html" if self.is_split else "reference/index.html"

    def overview(self, operation_id: str) -> str:
        """The page that shows an operation among others."""
        return self.tag(self._tag_of[operation_id])


def _slugs(names: Iterable[str], reserved: Iterable[str]) -> dict[str, str]:
    taken = set(reserved)
    slugs = {}
    for name in names:
        expected = slug = _ODD.sub("-", name).strip("-") or "other"
        number = 1
        while slug.lower() in taken:
            number += 1
            slug = f"{expected}-{number}"
        taken.add(slug.lower())
        slugs[name] = slug
    return slugs
