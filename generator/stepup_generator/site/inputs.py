"""The files that the site is made from: where they lie, and the digest that tells whether any has changed.

Nothing heavy is imported before something is to be read, so that a build with nothing to do costs little.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import stepup_spec
from stepup_generator.stamp import digest_of

if TYPE_CHECKING:
    from stepup_generator.site.sources import Sources

__all__ = ["SAMPLES", "SiteInputs"]

SAMPLES = "samples"

_PACKAGE = Path(__file__).resolve().parents[1]
_TEMPLATES = _PACKAGE / "site" / "templates"
_TOOLS = ("jinja2", "markdown-it-py", "PyYAML", "Pygments")


@dataclass(frozen=True, slots=True)
class SiteInputs:
    """What to build from. Rules, workflows and control document are looked for beside the document.

    ``guides`` is a folder of Markdown, with the captured samples in a folder inside; ``matrix`` is the report
    of `stepup-mfa faults`. Both are None to do without. The last three are those of ``Settings``.
    """

    document: Path
    workflows: Path
    guides: Path | None = None
    matrix: Path | None = None
    base_path: str = "/"
    site_url: str = ""
    version: str = ""

    @property
    def rules(self) -> Path:
        return self.document.with_name(stepup_spec.RULES)

    @property
    def changelog(self) -> Path:
        return self.document.with_name("CHANGELOG.md")

    @property
    def control(self) -> Path:
        return self.document.with_name(stepup_spec.CONTROL)

    def files(self) -> Iterator[Path]:
        """Every file that has a say in the content, in a fixed order; those that are missing too."""
        yield from (self.document, self.rules, self.workflows, self.control, self.changelog)
        if self.matrix is not None:
            yield self.matrix
        if self.guides is not None:
            yield from sorted(self.guides.glob("*.md"))
            yield from sorted((self.guides / SAMPLES).glob("*.json"))
        yield from sorted(path for path in _TEMPLATES.rglob("*") if path.is_file())

    def digest(self) -> str:
        """The digest of all that a build depends on. Raises OSError for what is there and cannot be read."""
        settings = repr((self.base_path, self.site_url, self.version))
        parts = [("settings", settings.encode())]
        for path in (*self.files(), *sorted(_PACKAGE.rglob("*.py"))):
            if path.is_file():
                parts.append((str(path), path.read_bytes()))
        parts += [(tool, _version(tool).encode()) for tool in _TOOLS]
        return digest_of(parts)

    def read(self) -> "Sources":
        """Read everything. Raises SpecError for a document, SiteError for anything else that is wrong."""
        from stepup_generator.arazzo import read as workflows
        from stepup_generator.openapi.read import read
        from stepup_generator.samples.goldens import read_goldens
        from stepup_generator.site.guides import read_guides
        from stepup_generator.site.hints import read_hints
        from stepup_generator.site.matrix import read_matrix
        from stepup_generator.site.rules import read_rules
        from stepup_generator.site.sources import Settings, Sources
        from stepup_generator.site.targets import targets

        api = read(self.document)
        rules = read_rules(self.rules, api) if self.rules.is_file() else ()
        flows = workflows.read(self.workflows, api) if self.workflows.is_file() else ()
        known = targets(api, self.document, (self.rules, rules), (self.workflows, flows))
        return Sources(
            api,
            self.document,
            rules=rules,
            workflows=flows,
            workflows_file=self.workflows if self.workflows.is_file() else None,
            guides=read_guides(self.guides, known) if self.guides is not None else (),
            goldens=read_goldens(self.guides / SAMPLES) if self.guides is not None else {},
            matrix=read_matrix(self.matrix) if self.matrix is not None else None,
            settings=Settings(self.base_path, self.site_url, self.version),
            changelog=self.changelog.read_text(encoding="utf-8") if self.changelog.is_file() else "",
            hints=read_hints(self.control, api, self.document) if self.control.is_file() else (),
        )


def _version(tool: str) -> str:
    try:
        return metadata.version(tool)
    except metadata.PackageNotFoundError:
        return ""
