"""The registry of languages: one folder and one line each. Nothing else lists them."""

from collections.abc import Iterable, Mapping
from importlib import import_module

from stepup_generator import samples
from stepup_generator.arazzo.model import Workflow
from stepup_generator.languages.target import Target
from stepup_generator.openapi.model import Api
from stepup_generator.samples import Language, Sample
from stepup_generator.samples.writer import Writer

__all__ = ["CLIENTS", "TARGETS", "Target", "samples_of_flows", "samples_of_operations"]

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


def samples_of_operations(api: Api) -> Mapping[str, tuple[Sample, ...]]:
    """The samples of each operation, by operationId, in the order of the registry."""
    return samples.of(api, _writers(api))


def samples_of_flows(api: Api, workflows: Iterable[Workflow]) -> Mapping[str, tuple[Sample, ...]]:
    """The programs that go through each workflow, by workflowId, in the order of the registry."""
    return samples.flows(api, workflows, _writers(api))


def _writers(api: Api) -> Mapping[Language, Writer]:
    return {item.language: item.samples(api) for item in TARGETS}
