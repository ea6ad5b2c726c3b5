"""What guides may link to in the contract, and where it stands on the site."""

from collections.abc import Sequence
from pathlib import Path

from stepup_generator.arazzo.read import Workflow
from stepup_generator.openapi.model import Api
from stepup_generator.site.addresses import Addresses
from stepup_generator.site.layout import layout
from stepup_generator.site.rules import Group

__all__ = ["flow_address", "targets"]


def flow_address(workflow_id: str) -> str:
    """Where the page of a workflow stands."""
    return f"flows/{workflow_id}/index.html"


def targets(
    api: Api,
    document: Path,
    rules: tuple[Path, Sequence[Group]] | None = None,
    workflows: tuple[Path, Sequence[Workflow]] | None = None,
) -> dict[str, str]:
    """Addresses by ``file`` and ``file#name``; of the paths only the file's own name counts.

    Names are operationIds, ``error.<code>``, the ids of rules and of workflows.
    """
    addresses, errors = Addresses(api), layout(api).errors
    found = {document.name: "reference/index.html"}
    found |= {f"{document.name}#{item.id}": addresses.operation(item.id) for item in api.operations}
    if not addresses.is_split:
        found |= {f"{document.name}#{item.anchor}": f"reference/index.html#{item.anchor}" for item in errors}
    if rules and (named := [rule.id for group in rules[1] for rule in group.rules]):
        found[rules[0].name] = "rules/index.html"
        found |= {f"{rules[0].name}#{rule}": f"rules/index.html#{rule}" for rule in named}
    if workflows:
        found |= {f"{workflows[0].name}#{item.id}": flow_address(item.id) for item in workflows[1]}
    return found
