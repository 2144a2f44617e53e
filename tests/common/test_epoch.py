"""Whole seconds of an instant, computed by either database."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Workspace
from common.epoch import WholeSeconds

pytestmark = pytest.mark.django_db

SECOND = datetime(2026, 3, 2, 12, 0, 59, tzinfo=UTC)


@pytest.mark.parametrize("milliseconds", [0, 1, 499, 500, 999])
def test_a_second_lasts_until_its_end(workspace, milliseconds):
    Workspace.objects.update(created_at=SECOND + timedelta(milliseconds=milliseconds))
    assert Workspace.objects.values_list(WholeSeconds("created_at"), flat=True).get() == SECOND.timestamp()
