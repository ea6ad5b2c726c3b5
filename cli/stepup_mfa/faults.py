"""Prove that the contract suite catches bugs: start a fresh mock for each fault, switch the fault on, and
check the mock by the rule that the fault breaks. The clean mock goes first: every rule checked, no finding.
Exit codes: 0 every fault was caught by its own rule, 1 one was missed or the clean mock failed, 2 misuse.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from stepup_mfa.contract_options import BY_NAME, add_option
from stepup_mfa.errors import CommandError
from stepup_mfa.extras import require
from stepup_mfa.report_files import check_folders, write_reports

if TYPE_CHECKING:
    from stepup_contract.report import Report
    from stepup_contract.report.matrix import Matrix, Row

HELP = "prove that the suite catches every fault of the mock"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "faults",
        nargs="*",
        metavar="ID",
        help="faults or rules, such as v2-reusable-grant or T3 (default: all)",
    )
    add("--one-per-rule", action="store_true", help="only the first fault of each rule")
    add(
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="how many mocks to check at a time (default: number of cores)",
    )
    add_option(add, BY_NAME["seed"], default=0, help="seed of the suite's choices (default: 0)")
    for name in ("report-json", "report-html", "format"):
        add_option(add, BY_NAME[name])


def run(args: argparse.Namespace) -> int:
    """Check the clean mock, then each fault; print the matrix."""
    require("faults", "contract")
    from stepup_contract.report.matrix import Matrix, matrix_html, matrix_json

    outputs = ((args.report_json, matrix_json), (args.report_html, matrix_html))
    check_folders(*(path for path, _ in outputs))
    rows = []
    for row in _check_all(_chosen(args.faults, one_per_rule=args.one_per_rule), args.jobs, args.seed):
        rows.append(row)
        if args.format == "text":
            by = f"  {', '.join(row.by)}" if row.by else ""
            print(f"{row.verdict:22}  {row.fault or 'no fault':40}  {row.seconds:5.1f} s{by}", flush=True)
    matrix = Matrix(args.seed, rows[0], tuple(rows[1:]))
    write_reports(matrix, outputs)
    print(matrix_json(matrix) if args.format == "json" else _summary(matrix), end="")
    return 1 if matrix.wrong else 0


def _summary(matrix: "Matrix") -> str:
    from stepup_contract.report.matrix import Verdict

    lines = ["", f"{matrix.count(Verdict.CAUGHT)} of {len(matrix.faults)} faults caught by their own rule."]
    for row in matrix.wrong:
        lines.append(
            f"{row.verdict}: {row.fault or 'the clean mock'} ({row.rule}) {row.description}".rstrip()
        )
        lines += [f"  {row.message}"] if row.message else []
    return "\n".join(lines) + "\n"


def _chosen(selected: list[str], *, one_per_rule: bool) -> list[tuple[str, str, str]]:
    """Return (id, rule, description) of the faults that are selected by id or by rule."""
    from stepup_mock import faults

    every = [(fault.id, fault.rule, fault.description) for fault in faults.available().values()]
    known = {name for fault_id, rule, _ in every for name in (fault_id, rule)}
    unknown = [name for name in selected if name not in known]
    if unknown:
        raise CommandError(f"no fault or rule {', '.join(unknown)}.", "See stepup-mfa mock --list-faults.")
    chosen = [fault for fault in every if not selected or {fault[0], fault[1]} & set(selected)]
    if one_per_rule:
        chosen = list({rule: (fault_id, rule, text) for fault_id, rule, text in reversed(chosen)}.values())[
            ::-1
        ]
    return chosen


def _check_all(faults: list[tuple[str, str, str]], jobs: int, seed: int) -> "Iterator[Row]":
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(max_workers=jobs, mp_context=get_context("spawn")) as pool:
        tasks = [pool.submit(_check_one, *fault, seed) for fault in [("", "", ""), *faults]]
        for task in tasks:
            yield task.result()


def _check_one(fault_id: str, rule: str, description: str, seed: int) -> "Row":
    """Check one fresh mock: by the fault's own rule and, where that finds nothing, by all rules."""
    from stepup_contract.report.matrix import Verdict, not_judged, row, verdict_on
    from stepup_contract.server.connect import TargetError

    began = time.monotonic()
    try:
        report = _report(fault_id, (rule,) if rule else (), seed)
        if fault_id and verdict_on(fault_id, rule, report) != Verdict.CAUGHT:
            report = _report(fault_id, (), seed)
    except (TargetError, CommandError) as error:
        return not_judged(fault_id, rule, description, str(error), round(time.monotonic() - began, 1))
    return row(fault_id, rule, description, report, round(time.monotonic() - began, 1))


def _report(fault_id: str, rules: tuple[str, ...], seed: int) -> "Report":
    import asyncio

    from stepup_contract.server.target import Target
    from stepup_contract.suite import Options, judge
    from stepup_mock.launch import MockNotStarted, start_mock

    with tempfile.TemporaryDirectory() as name:
        log, state = Path(name) / "log", Path(name) / "state.db"
        options = ("--state", state, *(("--fault", fault_id) if fault_id else ()))
        try:
            with start_mock(*options, log=log) as mock:
                target = Target(
                    mock.base_url, mock.api_key, mock.base_url, mock.control_key,
                    restart_command=mock.restart_command, log_file=log,
                )  # fmt: skip
                return asyncio.run(judge(target, Options(rules=rules, phases=(), seed=seed)))
        except MockNotStarted as error:
            raise CommandError(str(error), "Run `stepup-mfa mock` to see why.") from error
