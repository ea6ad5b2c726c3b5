"""Go, as the registry of languages sees it; what renders it is imported when it is needed."""

from collections.abc import Mapping

from stepup_generator.format import Formatter
from stepup_generator.languages.target import Target
from stepup_generator.openapi.model import Api
from stepup_generator.samples import Language
from stepup_generator.samples.writer import Writer

__all__ = ["TARGET"]


def _render(api: Api) -> Mapping[str, str]:
    from stepup_generator.languages.go.target import go_client

    return go_client(api)


def _samples(api: Api) -> Writer:
    from stepup_generator.languages.go.samples import GoSamples

    return GoSamples(api)


TARGET = Target(
    folder="go",
    name="Go",
    language=Language("go", "Go", "Go", fence="go", lexer="go", output="go"),
    samples=_samples,
    render=_render,
    formatter=Formatter("gofmt", ("-w",), (".go",), version=("go", "version")),
    tools=("go",),
)
