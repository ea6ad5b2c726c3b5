"""TypeScript, as the registry of languages sees it; what renders it is imported when it is needed."""

from collections.abc import Mapping

from stepup_generator.languages.target import Target
from stepup_generator.openapi.model import Api
from stepup_generator.samples import Language
from stepup_generator.samples.writer import Writer

__all__ = ["TARGET"]


def _render(api: Api) -> Mapping[str, str]:
    from stepup_generator.languages.typescript.target import typescript_client

    return typescript_client(api)


def _samples(api: Api) -> Writer:
    from stepup_generator.languages.typescript.samples import JavaScriptSamples

    return JavaScriptSamples(api)


TARGET = Target(
    folder="typescript",
    name="TypeScript",
    language=Language(
        "javascript", "JavaScript", "JavaScript", fence="js", lexer="javascript", output="javascript"
    ),
    samples=_samples,
    render=_render,
    tools=("npm",),
)
