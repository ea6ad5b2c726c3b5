"""Says which extra to install when a command's libraries are missing."""

from importlib.util import find_spec

from stepup_mfa.errors import CommandError

# The libraries that stand for an extra; `find_spec` looks without importing.
_LIBRARIES = {
    "generate": ("openapi_python_client", "ruff", "jinja2", "markdown_it", "PIL"),
    "contract": ("schemathesis", "hypothesis", "httpx", "jinja2", "pyotp"),
}


def require(command: str, *extras: str) -> None:
    """Raise CommandError naming the extras that ``command`` needs and this environment lacks."""
    missing = [extra for extra in extras if any(find_spec(name) is None for name in _LIBRARIES[extra])]
    if missing:
        names = ",".join(missing)
        raise CommandError(
            f"`stepup-mfa {command}` needs libraries that are not installed.",
            f"pip install 'stepup-mfa[{names}]'",
        )
