"""What the documents say exists: links, commands of make and manage.py, files named in code spans."""

import re

import pytest
from django.core.management import get_commands

from tests.layout.repository import ROOT, files, name

REQUIRED = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "LICENSE",
    "docs/README.md",
    "docs/glossary.md",
    "docs/reference/settings.md",
    "docs/reference/commands.md",
    "docs/explanation/status.md",
    "docs/explanation/durability.md",
    "docs/guides/production.md",
    "docs/guides/webhooks.md",
    "docs/tutorials/first-hour.md",
]
PAGES = files(".md")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def anchors(path):
    """The fragments of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def mentioned(pattern):
    """Every match in the pages and deployment files, with where it stands."""
    pages = [*PAGES, *files(".yml", ".service"), *(ROOT / "deploy").glob("Dockerfile")]
    return {(name(page), found) for page in pages for found in re.findall(pattern, page.read_text())}


def test_required_pages_exist():
    assert [page for page in REQUIRED if not (ROOT / page).is_file()] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    dead = []
    for target in LINK.findall(FENCE.sub("", page.read_text())):
        if re.match(r"https?:|mailto:", target):
            continue
        path, _, fragment = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (fragment and fragment not in anchors(file)):
            dead.append(target)
    assert dead == []


def test_make_targets_in_the_documents_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    wrong = [one for one in mentioned(r"(?:^|`)make ([a-z]+)\b") if one[1] not in targets]
    assert wrong == []


def test_management_commands_in_the_documents_exist():
    commands = set(get_commands())
    wrong = [one for one in mentioned(r"manage\.py\"?,? \"?([a-z_]+)") if one[1] not in commands]
    assert wrong == []


def test_every_command_of_ours_is_in_the_reference():
    page = (ROOT / "docs/reference/commands.md").read_text()
    ours = [command for command, app in get_commands().items() if (ROOT / app.split(".")[-1]).is_dir()]
    assert [command for command in ours if f"manage.py {command}" not in page] == []


def test_every_decision_record_is_half_a_page_with_the_same_parts():
    records = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert [record.name[:4] for record in records] == [f"{number:04}" for number in range(1, len(records) + 1)]
    for record in records:
        text = record.read_text()
        assert len(text.splitlines()) <= 40, record.name
        assert all(part in text for part in ("## Why", "## What follows")), record.name
