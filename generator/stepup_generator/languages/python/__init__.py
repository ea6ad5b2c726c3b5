"""Python, as the registry of languages sees it; what renders it is imported when it is needed."""

from collections.abc import Mapping

from stepup_generator.languages.target import Target
from stepup_generator.openapi.model import Api
from stepup_generator.samples import Language
from stepup_generator.samples.writer import Writer

__all__ = ["TARGET"]


def _render(api: Api) -> Mapping[str, str]:
    from stepup_generator.languages.python.target import python_client

    return python_client(api)


def _samples(api: Api) -> Writer:
    from stepup_generator.languages.python.samples import PythonSamples

    return PythonSamples(api)


TARGET = Target(
    folder="python",
    name="Python",
    language=Language("python", "Python", "Python", fence="python", lexer="python", output="python"),
    samples=_samples,
    render=_render,
)
