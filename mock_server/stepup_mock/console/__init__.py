"""The console: a web page over the control API, as static files.

The files hold no data and no key, so anyone may fetch them. The page takes the control key from the fragment
of its address, which browsers do not send, and reads everything through the control API. Its policy blocks
inline script and style, markup made from strings, and every other origin.
"""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

PATH = "/__control__/console"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def _files() -> dict[str, Path]:
    """Return the files by the path that they are served under; ``index.html`` is the page itself."""
    folder = Path(__file__).parent
    files = {f"{PATH}/{file.name}": file for file in sorted(folder.iterdir()) if file.suffix in _TYPES}
    files[PATH] = files[f"{PATH}/"] = files.pop(f"{PATH}/index.html")
    return files


_FILES = _files()
PATHS = frozenset(_FILES)


async def serve(request: Request) -> Response:
    """Serve a GET of one of ``PATHS``."""
    file = _FILES[request.scope["path"]]
    return Response(file.read_bytes(), headers=_HEADERS, media_type=_TYPES[file.suffix])
