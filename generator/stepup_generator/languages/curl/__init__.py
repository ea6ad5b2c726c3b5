"""cURL, as the registry of languages sees it; what renders it is imported when it is needed."""

from stepup_generator.languages.target import Target
from stepup_generator.openapi.model import Api
from stepup_generator.samples import Language
from stepup_generator.samples.writer import Writer

__all__ = ["TARGET"]


def _samples(api: Api) -> Writer:
    from stepup_generator.languages.curl.samples import CurlSamples

    return CurlSamples(api)


TARGET = Target(
    folder="curl",
    name="cURL",
    language=Language("curl", "cURL", "Shell", fence="sh", lexer="bash", output="json"),
    samples=_samples,
)
