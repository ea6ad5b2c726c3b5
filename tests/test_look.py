"""One look: site, report and console have one value for each token that they share, and import nothing."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SITE = "generator/stepup_generator/site/templates/tokens.css"


def tokens(path: str) -> dict[str, str]:
    """The custom properties of a style sheet's first block; it must be the only place that sets any."""
    text = (ROOT / path).read_text(encoding="utf-8")
    found = re.findall(r"(--[\w-]+):\s*([^;]+);", text)
    assert len(found) == len(dict(found)), f"{path} sets a token twice"
    return dict(found)


@pytest.mark.parametrize(
    "path",
    ["contract_tests/stepup_contract/report/report.css", "mock_server/stepup_mock/console/console.css"],
)
def test_what_has_one_name_has_one_value(path: str) -> None:
    """Every colour and family of letters that a page names as the site does has the site's value."""
    site, page = tokens(SITE), tokens(path)
    shared = site.keys() & page.keys()
    assert {"--paper", "--ink", "--soft", "--line", "--accent", "--sans", "--mono"} <= shared
    assert {name: page[name] for name in shared} == {name: site[name] for name in shared}
    used = set(re.findall(r"var\((--[\w-]+)", (ROOT / path).read_text(encoding="utf-8")))
    assert used <= page.keys()
