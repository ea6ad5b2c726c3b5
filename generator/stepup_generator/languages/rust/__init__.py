"""Rust, as the registry of languages sees it; what renders it is imported when it is needed."""

from collections.abc import Mapping

from stepup_generator.format import Formatter
from stepup_generator.languages.target import Target
from stepup_generator.openapi.model import Api
from stepup_generator.samples import Language
from stepup_generator.samples.writer import Writer

__all__ = ["TARGET"]


def _render(api: Api) -> Mapping[str, str]:
    from stepup_generator.languages.rust.target import rust_client

    return rust_client(api)


def _samples(api: Api) -> Writer:
    from stepup_generator.languages.rust.samples import RustSamples

    return RustSamples(api)


TARGET = Target(
    folder="rust",
    name="Rust",
    language=Language("rust", "Rust", "Rust", fence="rust", lexer="rust", output="rust"),
    samples=_samples,
    render=_render,
    formatter=Formatter("rustfmt", ("--edition", "2021"), (".rs",), version=("rustfmt", "--version")),
    tools=("cargo",),
)
