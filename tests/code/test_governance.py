"""docs/governance.md: what it names as proof exists, its owners are teams, and links within the pages lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.code.test_owners import TEAMS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "governance.md").read_text(encoding="utf-8")
RISKS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if re.match(r"\| R\d+ \|", line)]


def test_each_risk_has_its_proof_what_remains_and_an_owner() -> None:
    assert [risk[0] for risk in RISKS] == [f"R{number}" for number in range(1, len(RISKS) + 1)]
    for _, what, likelihood, impact, prevented, remains, owner in RISKS:
        assert what
        assert remains
        assert {likelihood, impact} <= {"1", "2", "3"}
        assert owner in TEAMS
        proofs = re.findall(r"`(tests/[\w/]+\.py)`", prevented)
        assert proofs, what
        assert all((ROOT / proof).is_file() for proof in proofs), prevented


@pytest.mark.parametrize("name", ["governance.md", "runbooks.md", "observability.md"])
def test_links_lead_to_pages_and_sections_that_exist(name: str) -> None:
    for page, section in re.findall(r"\]\((?!http)([^)#]*)#?([^)]*)\)", (ROOT / "docs" / name).read_text(encoding="utf-8")):
        target = ROOT / "docs" / (page or name)
        assert target.exists(), page
        if section:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), flags=re.MULTILINE)
            assert section in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}, section


def test_it_is_short_and_says_nothing_of_single_titles() -> None:
    assert len(PAGE.splitlines()) <= 200
    assert not re.search(r"(?<!_)title_id(?!_)|tt\d{7}", PAGE)
