"""Goldens: what each sample printed when it last ran, and the program as its formatter leaves it.

They lie in one JSON file for each language, beside the guides. A golden holds for a sample as long as its
digest does: that of the program before it is formatted, and of the responses that it receives. Without a
golden that holds, a sample is formatted if its formatter is installed, and shows the document's example.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

from stepup_generator.errors import SiteError, SiteProblem
from stepup_generator.format import Formatter, formatted
from stepup_generator.openapi.model import plain
from stepup_generator.samples import Exchange, Language, Program, Sample
from stepup_generator.stamp import digest_of

__all__ = ["Golden", "Goldens", "as_shown", "capture", "digest", "laid_out", "read_goldens", "write_goldens"]


@dataclass(frozen=True, slots=True)
class Golden:
    """A formatted program, and what it prints in each of its runs, without the end of the last line."""

    digest: str
    program: str
    output: tuple[str, ...]


Goldens: TypeAlias = Mapping[str, Mapping[str, Golden]]  # by the language's id, then by the sample's name


def digest(program: Program) -> str:
    """What a golden of ``program`` holds for."""
    runs = [[_exchange(item) for item in run] for run in program.runs]
    return digest_of([("source", program.source.encode()), ("runs", json.dumps(runs).encode())])


def laid_out(formatter: Formatter | None, programs: Mapping[str, Program]) -> dict[str, str]:
    """Programs as the formatter leaves them, where it is installed. Raises ToolError if it rejects one."""
    sources = {name: item.source for name, item in programs.items()}
    if formatter is None or not formatter.installed:
        return sources
    # Names of samples are not names of files everywhere.
    paths = {name: f"sample{number}{formatter.suffixes[0]}" for number, name in enumerate(sources)}
    files = formatted(formatter, {paths[name]: text for name, text in sources.items()})
    return {name: files[path] for name, path in paths.items()}


def as_shown(
    language: Language,
    formatter: Formatter | None,
    programs: Mapping[str, Program],
    goldens: Mapping[str, Golden],
) -> dict[str, Sample]:
    """What the site shows of the programs of one language, by their names."""
    valid = {
        name: goldens[name]
        for name, program in programs.items()
        if name in goldens and goldens[name].digest == digest(program)
    }
    others = laid_out(formatter, {name: item for name, item in programs.items() if name not in valid})
    return {
        name: Sample(language, valid[name].program, valid[name].output[0], language.output, True)
        if name in valid
        else Sample(language, others[name], "\n".join(_bodies(program.runs[0])), "json", False)
        for name, program in programs.items()
    }


def capture(program: Program, source: str, printed: list[str]) -> Golden:
    """The golden of a program that printed this in its runs; what was typed is put where a terminal shows it.

    Raises LookupError where a question of the program was not printed.
    """
    output = []
    for run, text in zip(program.runs, printed, strict=True):
        end = 0
        for question, typed in (pair for item in run for pair in item.typed):
            begin = text.find(question, end)
            if begin < 0:
                raise LookupError(f"the program did not print its question {question!r}")
            end = begin + len(question)
            text = f"{text[:end]}{typed}\n{text[end:]}"  # noqa: PLW2901
        output.append(text.strip("\n"))
    return Golden(digest(program), source, tuple(output))


def read_goldens(folder: Path) -> Goldens:
    """The goldens in a folder, none where it is missing. Raises SiteError for a file that is malformed."""
    return {path.stem: _read(path) for path in sorted(folder.glob("*.json"))}


def write_goldens(folder: Path, language: Language, goldens: Mapping[str, Golden]) -> None:
    """Replace the goldens of a language. Texts are written as lists of lines, so that changes can be read."""
    folder.mkdir(parents=True, exist_ok=True)
    written = {
        name: asdict(item) | {
            "program": item.program.split("\n"),
            "output": [text.split("\n") for text in item.output],
        }
        for name, item in goldens.items()
    }  # fmt: skip
    text = json.dumps(written, indent=1, ensure_ascii=False) + "\n"
    (folder / f"{language.id}.json").write_text(text, encoding="utf-8")


def _read(path: Path) -> dict[str, Golden]:
    try:
        return {
            name: Golden(
                item["digest"],
                "\n".join(item["program"]),
                tuple("\n".join(lines) for lines in item["output"]),
            )
            for name, item in json.loads(path.read_text(encoding="utf-8")).items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        message = "not a file of captured samples; write it again with `nox -s samples -- --update`"
        raise SiteError([SiteProblem(path, 1, message)]) from None


def _exchange(item: Exchange) -> list[object]:
    body = [plain(item.body.value)] if item.body is not None else []
    return [item.status, item.media_type, body, item.typed]


def _bodies(run: tuple[Exchange, ...]) -> Iterator[str]:
    for item in run:
        yield from (f"{question}{typed}" for question, typed in item.typed)
        if item.body is not None:
            yield json.dumps(plain(item.body.value), indent=2, ensure_ascii=False)
