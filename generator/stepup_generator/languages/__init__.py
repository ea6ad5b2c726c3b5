"""The registry of languages: one folder and one line each. Nothing else lists them."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TypeAlias

from stepup_generator import samples
from stepup_generator.arazzo.model import Workflow
from stepup_generator.languages.target import Target
from stepup_generator.openapi.model import Api
from stepup_generator.samples import Program, Sample
from stepup_generator.samples.goldens import Goldens, as_shown
from stepup_generator.samples.plan import plan

__all__ = [
    "CLIENTS",
    "TARGETS",
    "Target",
    "programs_of_flows",
    "programs_of_operations",
    "samples_of_flows",
    "samples_of_operations",
]

# In the order in which readers see them.
TARGETS: tuple[Target, ...] = tuple(
    import_module(f"{__name__}.{folder}").TARGET
    for folder in (
        "typescript",
        "python",
        "rust",
        "go",
        "curl",
    )
)
CLIENTS: Mapping[str, Target] = {item.folder: item for item in TARGETS if item.render is not None}
NO_GOLDENS: Goldens = {}
Programs: TypeAlias = Mapping[str, Mapping[str, Program]]


def samples_of_operations(api: Api, goldens: Goldens = NO_GOLDENS) -> Mapping[str, tuple[Sample, ...]]:
    """The samples of each operation, by operationId, in the order of the registry."""
    programs = programs_of_operations(api)
    return _samples([item.id for item in api.operations], programs, goldens)


def samples_of_flows(
    api: Api, workflows: Iterable[Workflow], goldens: Goldens = NO_GOLDENS
) -> Mapping[str, tuple[Sample, ...]]:
    """The programs that go through each workflow, by workflowId, in the order of the registry."""
    chosen = tuple(workflows)
    return _samples([item.id for item in chosen], programs_of_flows(api, chosen), goldens)


def programs_of_operations(api: Api) -> Programs:
    """The programs that call each operation, not formatted yet: by language, then by operationId."""
    writers = {item.language.id: item.samples(api) for item in TARGETS}
    return {
        language: {item.id: samples.of_operation(api, item, writer) for item in api.operations}
        for language, writer in writers.items()
    }


def programs_of_flows(api: Api, workflows: Iterable[Workflow]) -> Programs:
    """The programs that go through each workflow, not formatted yet: by language, then by workflowId."""
    flows = [plan(api, item) for item in workflows]
    writers = {item.language.id: item.samples(api) for item in TARGETS}
    return {
        language: {flow.workflow.id: samples.of_flow(api, flow, writer) for flow in flows}
        for language, writer in writers.items()
    }


def _samples(names: Iterable[str], programs: Programs, goldens: Goldens) -> Mapping[str, tuple[Sample, ...]]:
    shown = [
        as_shown(item.language, item.formatter, programs[item.language.id], goldens.get(item.language.id, {}))
        for item in TARGETS
    ]
    return {name: tuple(each[name] for each in shown) for name in names}
