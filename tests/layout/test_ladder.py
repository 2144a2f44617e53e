"""The arrows of the house point down, and no table lacks its migration."""

import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command

from tests.layout.repository import ROOT


def test_imports_go_down_the_ladder_only():
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.django_db
def test_no_migration_is_missing():
    said = StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=said)
    assert "No changes detected" in said.getvalue()


def test_foreign_keys_point_down_the_ladder():
    ours = [name for name in settings.INSTALLED_APPS if (ROOT / name).is_dir()]
    floors = {name: floor for floor, name in enumerate(ours)}
    upward = [
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if field.is_relation and field.concrete and field.related_model
        if floors.get(model._meta.app_label, 0) < floors.get(field.related_model._meta.app_label, 0)
        if model._meta.app_label in floors
    ]
    assert upward == []
