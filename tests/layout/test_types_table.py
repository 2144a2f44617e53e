"""The reference of monitor types is the catalogue's own words."""

from io import StringIO

from django.core.management import call_command

from tests.layout.repository import ROOT


def test_the_reference_names_every_setting_of_every_type():
    printed = StringIO()
    call_command("types_table", stdout=printed)
    written = (ROOT / "docs/reference/monitor-types.md").read_text()
    assert written.partition("\n## ")[2].strip() == printed.getvalue().partition("## ")[2].strip()
