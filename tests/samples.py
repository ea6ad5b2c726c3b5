#!/usr/bin/env python3
"""Runs every sample of the site and compares what it prints with what is shown.

    python tests/samples.py --site build/site [--language NAME]… [--match TEXT] [--work DIR]
    python tests/samples.py --update [--language NAME]… [--work DIR]

Each sample runs twice. A server that returns the document's examples gives the output that is committed in
docs/samples (the goldens): a golden that differs, is missing or belongs to no sample is a failure; --update
writes the goldens instead. Then the mock: what a reader would copy, the text of a block marked
`data-sample="<id>.<language>.request"`, runs as it stands; only what nobody can know beforehand is put in its
place (a code, a challenge, a grant), and what the server makes up is compared by its form. A program that
asks for a code is given the one that a user would type in, and runs again with a wrong one.

Exit code 0: every sample ran and printed what is shown; 1: not; 2: misuse. A language whose tools are missing
is skipped with a message; with CI set, and with --update, that is a failure.
"""

import argparse
import difflib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import httpx
from sample_capture import captured, differences, running_examples
from sample_server import PATIENCE, Arranged, Arranger, Server
from sample_toolchains import ROOT, BuildError, Toolchain, toolchain_of

import stepup_spec
from stepup_generator.arazzo import read as workflows
from stepup_generator.arazzo.model import Workflow
from stepup_generator.errors import GeneratorError
from stepup_generator.languages import TARGETS, Target, programs_of_flows, programs_of_operations
from stepup_generator.openapi.model import Api
from stepup_generator.openapi.read import read
from stepup_generator.samples import Program
from stepup_generator.samples.goldens import Golden, read_goldens, write_goldens
from stepup_generator.samples.plan import plan
from stepup_mock.server import running

GOLDENS = ROOT / "docs" / "samples"
FAILURES = (BuildError, GeneratorError, LookupError, httpx.HTTPError, TimeoutError, subprocess.TimeoutExpired)
_WRONG = "WRONG0"
_MADE_UP = r"[A-Za-z0-9._~+/=-]{1,256}"


@dataclass(frozen=True)
class Sample:
    """A program of the site and what is shown as its output; ``name`` is ``<id>.<language>``."""

    name: str
    program: str
    response: str

    @property
    def subject(self) -> str:
        return self.name.rpartition(".")[0]


@dataclass(frozen=True)
class Done:
    """How a program ended, and what it printed."""

    code: int
    out: str
    err: str


class Marked(HTMLParser):
    """Collects the text of marked blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._mark = ""
        self._parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        mark = dict(attrs).get("data-sample")
        if tag == "pre" and mark:
            self._mark, self._parts = mark, []

    def handle_data(self, data: str) -> None:
        if self._mark:
            self._parts.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "pre" and self._mark:
            self.found.append((self._mark, "".join(self._parts)))
            self._mark = ""


def collected(site: Path) -> tuple[dict[str, str], list[str]]:
    """The marked texts of every page, and what is wrong: a mark has one text, wherever it stands."""
    texts: dict[str, str] = {}
    problems = []
    for path in sorted(site.rglob("*.html")):
        parser = Marked()
        parser.feed(path.read_text(encoding="utf-8"))
        parser.close()
        for mark, text in parser.found:
            if texts.setdefault(mark, text) != text:
                problems.append(f"{path}: {mark} is not what it is elsewhere")
    return texts, problems


def of_language(
    texts: Mapping[str, str], subjects: list[str], language: str
) -> tuple[list[Sample], list[str]]:
    """The samples of one language, and those that are missing."""
    found, missing = [], []
    for subject in subjects:
        request, response = (f"{subject}.{language}.{part}" for part in ("request", "response"))
        if request in texts and response in texts:
            found.append(Sample(f"{subject}.{language}", texts[request], texts[response]))
        else:
            missing.append(f"{subject}.{language}: not on any page")
    return found, missing


def substituted(program: str, live: Mapping[str, str]) -> str:
    """The program with live values in the place of those shown; raises LookupError where one is not there."""
    for shown, value in live.items():
        program, number = re.subn(rf"(?<!\w){re.escape(shown)}(?!\w)", value, program)
        if not number:
            raise LookupError(f"{shown} does not stand in the program")
    return program


def as_expected(response: str, arranged: Arranged, made_up: set[str]) -> str:
    """A pattern for the output: what a terminal echoes is left out, what the server makes up has its form."""
    text = response.strip("\n")
    for question, shown, _ in arranged.asks:
        text = text.replace(f"{question}{shown}\n", question)
    pattern = re.escape(text)
    for value in made_up:
        pattern = pattern.replace(re.escape(value), _MADE_UP)
    return pattern


def executed(command: list[str], arranged: Arranged, server: Server, typed: str = "") -> Done:
    """Run a program and answer its questions; ``typed`` in the place of the right answers."""
    environment = {**os.environ, "STEPUP_MFA_AUTH_URL": server.url, "STEPUP_MFA_API_KEY": server.api_key}
    seen = len(server.sent(arranged.user_id))
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        encoding="utf-8", env=environment | {"NO_COLOR": "1"},
    )  # fmt: skip
    with process:
        lines = []
        for _, _, item in arranged.asks:
            right = server.typed(item, arranged.user_id, seen, lambda: process.poll() is None)
            lines.append(f"{typed or right}\n")
        try:
            out, err = process.communicate("".join(lines), timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            err += f"\nstopped after {PATIENCE:.0f} s"
    return Done(process.returncode, out, err)


def judged(sample: Sample, arranged: Arranged, done: Done, made_up: set[str]) -> str:
    """What is wrong with a run, "" where nothing is."""
    out = done.out.strip("\n")
    if sample.name.endswith(".curl") and not arranged.asks and done.code == 0:
        # Servers differ in the spaces of their JSON.
        out = json.dumps(json.loads(out), indent=2, ensure_ascii=False)
    if done.code != 0:
        return f"exit code {done.code}\n{done.err.strip()}\n{out}"
    if not re.fullmatch(as_expected(sample.response, arranged, made_up), out):
        shown, found = sample.response.strip("\n").split("\n"), out.split("\n")
        return "\n".join(difflib.unified_diff(shown, found, "shown", "printed", lineterm=""))
    return ""


def judged_wrong(sample: Sample, arranged: Arranged, done: Done, made_up: set[str]) -> str:
    """As ``judged``, for a run in which the user typed a wrong code: it ends there, and says why."""
    shown = sample.response
    question, typed, _ = arranged.asks[0]
    before = shown[: shown.index(f"{question}{typed}\n")] + question
    if done.code != 1 or not done.err.strip():
        return f"a wrong code: exit code {done.code}, expected 1 and a message\n{done.err.strip()}"
    if not re.fullmatch(as_expected(before, Arranged(), made_up), done.out.strip("\n")):
        return f"a wrong code: the program went on\n{done.out}"
    if re.search(r"Traceback|panicked|goroutine|^    at ", done.err, re.MULTILINE):
        return f"a wrong code: an error that was not expected\n{done.err}"
    return ""


def run_language(arranger: Arranger, toolchain: Toolchain, found: list[Sample]) -> Iterator[tuple[str, str]]:
    """The name of each sample, and what is wrong with it."""
    if not found:
        return
    toolchain.install()
    commands = toolchain.build({item.name: item.program for item in found})
    for sample in found:
        made_up = arranger.made_up(sample.subject)
        arranged = arranger.arrange(sample.subject)
        if arranged.live:
            commands |= toolchain.build({sample.name: substituted(sample.program, arranged.live)})
        done = executed(commands[sample.name], arranged, arranger.server)
        yield sample.name, judged(sample, arranged, done, made_up)
        if arranged.asks:
            arranged = arranger.arrange(sample.subject)
            done = executed(commands[sample.name], arranged, arranger.server, typed=_WRONG)
            yield f"{sample.name} with a wrong code", judged_wrong(sample, arranged, done, made_up)


def goldens_of(
    target: Target, toolchain: Toolchain, programs: Mapping[str, Program], stored: Mapping[str, Golden]
) -> Iterator[tuple[str, str]]:
    """Capture the samples of one language; give the name of each, and how it differs from its golden."""
    found = {}
    if programs:
        toolchain.install()
        with running_examples() as server:
            found = dict(captured(target, toolchain, programs, server))
    problems = differences(stored, found)
    for name in (*found, *(problems.keys() - found.keys())):
        yield f"{name}.{target.language.id} captured", problems.get(name, "")


def update(target: Target, toolchain: Toolchain, programs: Mapping[str, Program]) -> None:
    """Capture the samples of one language and write its goldens."""
    toolchain.install()
    with running_examples() as server:
        write_goldens(GOLDENS, target.language, dict(captured(target, toolchain, programs, server)))
    print(f"{len(programs)} {target.language.name} samples captured", flush=True)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    names = [item.language.id for item in TARGETS]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--site", type=Path, help="folder of the built site, to run its samples")
    what.add_argument("--update", action="store_true", help="write the goldens")
    parser.add_argument("--language", action="append", choices=names, help="repeatable; all by default")
    parser.add_argument("--match", default="", help="run only samples whose name contains this")
    parser.add_argument("--work", type=Path, default=ROOT / ".stepup-mfa" / "samples",
                        help="folder for installed clients, kept between runs")  # fmt: skip
    parser.add_argument("--goldens", type=Path, default=GOLDENS, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    args = parse(arguments)
    if args.site is not None and not args.site.is_dir():
        print(f"{args.site} is not a folder; build the site first", file=sys.stderr)
        return 2
    api = read(stepup_spec.find(stepup_spec.OPENAPI))
    flows = workflows.read(stepup_spec.find(stepup_spec.WORKFLOWS), api)
    problems: list[str] = []
    available = list(toolchains(args, problems))
    ran = 0
    if args.update:
        problems = [*problems, *_update(available, programs_of_all(api, flows))]
    else:
        ran = _verify(args, api, flows, available, problems)
    for item in problems:
        print(f"FAILED {item}")
    print(f"{ran} runs, {len(problems)} problems" if args.site else f"{len(available)} languages captured")
    return 1 if problems or not (ran or args.update) else 0


def toolchains(args: argparse.Namespace, problems: list[str]) -> Iterator[tuple[Target, Toolchain]]:
    """The languages that are asked for and can run here."""
    for target in TARGETS:
        language = target.language.id
        if language not in (args.language or [language]):
            continue
        toolchain = toolchain_of(target.folder)(args.work / language)
        if toolchain.missing:
            tools = ", ".join(f"`{name}`" for name in toolchain.missing)
            print(f"NOT RUN: the {language} samples need {tools}, not on the PATH", flush=True)
            problems += [f"{language}: {tools} missing"] if os.environ.get("CI") or args.update else []
        else:
            yield target, toolchain


def programs_of_all(api: Api, flows: tuple[Workflow, ...]) -> dict[str, dict[str, Program]]:
    """The programs of operations and workflows, by language and name."""
    operations, others = programs_of_operations(api), programs_of_flows(api, flows)
    return {language: {**found, **others[language]} for language, found in operations.items()}


def _update(
    available: list[tuple[Target, Toolchain]], programs: Mapping[str, Mapping[str, Program]]
) -> Iterator[str]:
    for target, toolchain in available:
        try:
            update(target, toolchain, programs[target.language.id])
        except FAILURES as error:
            yield f"{target.language.id}: {type(error).__name__}: {error}"


def _verify(
    args: argparse.Namespace,
    api: Api,
    flows: tuple[Workflow, ...],
    available: list[tuple[Target, Toolchain]],
    problems: list[str],
) -> int:
    """Run what is available against goldens and mock; returns the number of runs."""
    plans = [plan(api, item) for item in flows]
    subjects = [*(item.id for item in api.operations), *(item.id for item in flows)]
    texts, wrong = collected(args.site)
    problems += wrong
    stored, programs = read_goldens(args.goldens), programs_of_all(api, flows)
    problems += [f"{name}: goldens of an unknown language" for name in stored.keys() - programs.keys()]
    ran = 0
    with running() as mock:
        arranger = Arranger(api, plans, Server(mock.base_url, mock.api_key, mock.control_key))
        for target, toolchain in available:
            language = target.language.id
            chosen = {name: item for name, item in programs[language].items() if args.match in name}
            kept = {name: item for name, item in stored.get(language, {}).items() if args.match in name}
            ran += told(goldens_of(target, toolchain, chosen, kept), problems)
            found, missing = of_language(texts, subjects, language)
            problems += [item for item in missing if args.match in item]
            ran += told(
                run_language(arranger, toolchain, [i for i in found if args.match in i.name]), problems
            )
    return ran


def told(outcomes: Iterator[tuple[str, str]], problems: list[str]) -> int:
    """Print a line for each run; returns their number."""
    ran, began = 0, time.monotonic()
    try:
        for name, problem in outcomes:
            ran += 1
            seconds = time.monotonic() - began
            began += seconds
            print(f"{'FAILED' if problem else 'ok':6} {seconds:6.2f} s  {name}", flush=True)
            problems += [f"{name}: {problem}"] if problem else []
    except FAILURES as error:
        problems.append(f"{type(error).__name__}: {error}")
    return ran


if __name__ == "__main__":
    sys.exit(main())
