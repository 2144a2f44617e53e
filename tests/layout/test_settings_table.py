"""The table of settings in the docs is the one that the settings really read."""

from django.conf import settings

from common.management.commands.settings_table import table
from tests.layout.repository import ROOT, files


def test_the_table_in_the_docs_is_complete():
    page = (ROOT / "docs/reference/settings.md").read_text()
    assert table() in page, "run: .venv/bin/python manage.py settings_table, and put the table into the page"


def test_each_variable_says_what_it_does():
    assert [one.name for one in settings.ENVIRONMENT if len(one.help) < 8] == []


def test_only_the_settings_read_the_environment():
    readers = [
        path.name
        for path in files(".py")
        if path.parts[-2] not in ("tests", "bench", "bin") and "tests" not in path.parts and "bench" not in path.parts
        if "os.environ[" in path.read_text() or "os.getenv(" in path.read_text()
    ]
    assert readers == []
