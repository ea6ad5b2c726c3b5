"""Everything a build of the site is made from, already read."""

from dataclasses import dataclass, field
from pathlib import Path

from stepup_generator.arazzo.model import Workflow
from stepup_generator.openapi.model import Api
from stepup_generator.samples.goldens import Goldens
from stepup_generator.site.guides import Guide
from stepup_generator.site.hints import Hint
from stepup_generator.site.matrix import Matrix
from stepup_generator.site.rules import Group

__all__ = ["Settings", "Sources"]


@dataclass(frozen=True, slots=True)
class Settings:
    """``base_path`` is where the site's root will stand on its host, with a slash at both ends.

    ``site_url`` is the address of that root, "" if nobody knows it. ``version`` labels this build among
    others kept beside it, "" where it stands alone.
    """

    base_path: str = "/"
    site_url: str = ""
    version: str = ""

    @property
    def home(self) -> str:
        """Where the pages are to be found for good, "" if unknown: of several versions, the newest one's."""
        if not self.site_url:
            return ""
        return f"{self.site_url.rstrip('/')}/{'latest/' if self.version else ''}"


@dataclass(frozen=True, slots=True)
class Sources:
    """What `render` takes. Only the document has to be there; a page without its source is left out."""

    api: Api
    document: Path
    rules: tuple[Group, ...] = ()
    workflows: tuple[Workflow, ...] = ()
    workflows_file: Path | None = None
    guides: tuple[Guide, ...] = ()
    goldens: Goldens = field(default_factory=dict)
    matrix: Matrix | None = None
    hints: tuple[Hint, ...] = ()
    settings: Settings = field(default_factory=Settings)
    changelog: str = ""  # the document's own change log, as Markdown
