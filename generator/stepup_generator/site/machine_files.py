"""Files for programs: llms.txt, the documents themselves, a Postman collection, a sitemap, a search index.

Nothing here is asked for by a page that is only read. Addresses in files for language models are absolute
where the site's own is known, and relative to the file where it is not.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from xml.sax.saxutils import escape

from stepup_generator.bundle import bundle
from stepup_generator.samples import Sample
from stepup_generator.site.addresses import Addresses
from stepup_generator.site.markdown_pages import markdown_of
from stepup_generator.site.pages import SECTIONS, Entry, Page
from stepup_generator.site.postman import collection
from stepup_generator.site.shell import TEMPLATES
from stepup_generator.site.sources import Sources

__all__ = ["machine_files"]

# What search shows of an entry's text.
_LONGEST = 160


def machine_files(
    sources: Sources, pages: Sequence[Page], samples: Mapping[str, Sequence[Sample]]
) -> dict[str, str | bytes]:
    """Return the files as {path: content}."""
    entries = [entry for page in pages for entry in (*_own(page), *page.entries)]
    index = _index(entries)
    files: dict[str, str | bytes] = {
        "llms.txt": _llms(sources, pages),
        "llms-full.txt": _llms_full(sources, pages),
        "openapi.yaml": sources.document.read_bytes(),
        "openapi.json": bundle(sources.document, samples),
        "postman.json": json.dumps(collection(sources.api), indent=1, ensure_ascii=False) + "\n",
        "search.json": index + "\n",
        "search.js": _script("search.js").replace('"INDEX"', index),
        "try.js": _script("try.js"),
    }
    if sources.workflows_file is not None:
        files[sources.workflows_file.name] = sources.workflows_file.read_bytes()
    if sources.settings.home:
        # Both want absolute addresses (sitemaps.org, RFC 9309 section 2.2.4).
        files["sitemap.xml"] = _sitemap(sources.settings.home, pages)
        files["robots.txt"] = f"User-agent: *\nAllow: /\nSitemap: {sources.settings.home}sitemap.xml\n"
    return files


def _own(page: Page) -> Iterator[Entry]:
    """A page that names no entry of its own kind is found by its title."""
    kinds = {"Guides": "guide", "Flows": "flow"}
    kind = kinds.get(page.section)
    if kind and all(entry.kind != kind for entry in page.entries):
        yield Entry(kind, page.title, page.path, page.summary)


def _index(entries: Iterable[Entry]) -> str:
    rows = [(item.kind, item.title, item.address, _short(item.text)) for item in entries]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rsplit(" ", 1)[0] + "…"


def _script(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _llms(sources: Sources, pages: Iterable[Page]) -> str:
    """The index for language models, in the form of llmstxt.org."""
    api, url = sources.api, sources.settings.home
    sections: dict[str, list[str]] = {name: [] for name in SECTIONS}
    for page in pages:
        if page.section and page.markdown:
            about = f": {page.summary}" if page.summary else ""
            sections[page.section].append(f"- [{page.title}]({url}{markdown_of(page.path)}){about}")
    documents = [f"- [OpenAPI document]({url}openapi.yaml): the contract", f"- [As JSON]({url}openapi.json)"]
    if sources.workflows_file is not None:
        documents.append(f"- [Workflows]({url}{sources.workflows_file.name}): Arazzo")
    documents.append(f"- [All pages in one file]({url}llms-full.txt)")
    parts = [f"# {api.title}", f"> {api.summary or api.title}"]
    for title, lines in (*sections.items(), ("Documents", documents)):
        parts += ["\n".join((f"## {title}\n", *lines))] if lines else []
    return "\n\n".join(parts) + "\n"


def _llms_full(sources: Sources, pages: Iterable[Page]) -> str:
    """Every page's text once: an operation's own page repeats what stands among the others."""
    addresses = Addresses(sources.api)
    repeated = {"index.html"}
    if addresses.is_split:
        repeated |= {addresses.tag((item.tags or ("",))[0]) for item in sources.api.operations}
    else:
        repeated |= {addresses.operation(item.id) for item in sources.api.operations}
    texts = [page.markdown.strip() for page in pages if page.markdown and page.path not in repeated]
    return "\n\n".join(texts) + "\n"


def _sitemap(url: str, pages: Iterable[Page]) -> str:
    lines = [
        f"<url><loc>{escape(url + page.path.removesuffix('index.html'))}</loc></url>"
        for page in pages
        if page.path != "404.html"
    ]
    opening = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    return "\n".join(('<?xml version="1.0" encoding="UTF-8"?>', opening, *lines, "</urlset>", ""))
