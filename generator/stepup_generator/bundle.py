"""The OpenAPI document as one JSON text that shows the samples of every operation, for other tools.

Samples stand in ``x-codeSamples``, which several renderers of references read. All else is the document as it
is written, in its order; it is one file already, since reading it rejects references to other files.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from stepup_generator.openapi.document import load
from stepup_generator.samples import Sample

__all__ = ["bundle"]

_METHODS = ("get", "put", "post", "delete", "head", "patch", "options")


def bundle(document: Path, samples: Mapping[str, Iterable[Sample]]) -> str:
    """Return the document with samples, by operationId; raises SpecError where it cannot be read.

    It is to be one that ``read`` accepts.
    """
    root = load(document).plain()
    paths = root.get("paths") if isinstance(root, dict) else None
    for item in (paths or {}).values():
        for method in _METHODS:
            operation = item.get(method)
            if operation is not None and operation["operationId"] in samples:
                operation["x-codeSamples"] = [_shown(each) for each in samples[operation["operationId"]]]
    return json.dumps(root, indent=2) + "\n"


def _shown(sample: Sample) -> dict[str, str]:
    language = sample.language
    return {
        "lang": language.linguist,
        "label": language.name,
        "source": sample.request,
    }
