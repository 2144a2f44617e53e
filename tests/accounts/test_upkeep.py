"""Answers and sessions that have run out go; the others stay."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session

from accounts import upkeep
from accounts.models import KeptAnswer
from accounts.upkeep import drop_outdated


@pytest.mark.django_db
def test_what_has_run_out_goes_in_batches(alice, workspace, now, monkeypatch):
    monkeypatch.setattr(upkeep, "DELETED_AT_ONCE", 2)
    for number in range(5):
        at = now - timedelta(hours=24, seconds=1)
        KeptAnswer.objects.create(workspace=workspace, user=alice, key=f"old {number}", created_at=at)
        Session.objects.create(session_key=f"old{number}", expire_date=now - timedelta(seconds=1))
    KeptAnswer.objects.create(workspace=workspace, user=alice, key="new", created_at=now - timedelta(hours=23))
    Session.objects.create(session_key="new", expire_date=now + timedelta(seconds=1))
    assert drop_outdated(now=now) == 10
    assert (KeptAnswer.objects.get().key, Session.objects.get().session_key) == ("new", "new")
