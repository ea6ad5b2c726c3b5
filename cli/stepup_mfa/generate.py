"""(being built)"""

import argparse

from stepup_mfa.errors import CommandError

HELP = "being built"


def add_arguments(parser: argparse.ArgumentParser) -> None: ...


def run(args: argparse.Namespace) -> int:
    raise CommandError("being built")
