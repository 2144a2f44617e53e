"""Changing SECRET_KEY: old keys still read, and one command makes them needless."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import TextField
from django.db.models.functions import Cast

from accounts.models import KeptAnswer
from alerts.models import Channel
from common import rotation
from common.secrets import decrypt, encrypt, is_current
from monitors.models import Monitor
from monitors.services import create_monitor

OLD, NEW, OTHER = (f"{name} key of more than thirty-two characters" for name in ("an old", "the new", "another"))
pytestmark = pytest.mark.django_db


@pytest.fixture
def stored(settings, workspace, by_alice, now):
    """A secret of each kind under the old key; from now on the new one holds."""
    settings.SECRET_KEY = OLD
    for number in range(3):
        fields = {"name": f"Shop {number}", "type": "http", "settings": {"url": f"http://shop.example/?t=hush{number}"}}
        create_monitor(workspace=workspace, by=by_alice, now=now, fields=fields)
    Channel.objects.create(workspace=workspace, name="Hook", type="webhook", config={"secret": "hush"})
    KeptAnswer.objects.create(
        workspace=workspace, user=by_alice.user, key="k", fingerprint="f", answer={"body": "hush"}, created_at=now
    )
    KeptAnswer.objects.create(workspace=workspace, user=by_alice.user, key="none yet", fingerprint="f", created_at=now)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OTHER, OLD]


def sealed(model, name):
    rows = model.objects.annotate(sealed=Cast(name, TextField())).exclude(**{name: None})
    return dict(rows.values_list("pk", "sealed"))


def run():
    out, errors = StringIO(), StringIO()
    call_command("rotate_secrets", stdout=out, stderr=errors)
    return out.getvalue(), errors.getvalue()


def test_a_fallback_reads_and_the_new_key_writes(settings, stored):
    channel = Channel.objects.get(name="Hook")
    assert channel.config == {"secret": "hush"}
    channel.save()
    assert is_current(sealed(Channel, "config")[channel.pk])
    settings.SECRET_KEY_FALLBACKS = []
    assert Channel.objects.get(name="Hook").config == {"secret": "hush"}


def test_after_the_command_the_old_key_is_needless(settings, stored):
    versions = dict(Monitor.objects.values_list("pk", "version"))
    said, _ = run()
    assert "monitors.Monitor.settings: 3 encrypted anew" in said
    assert "alerts.Channel.config: 1 encrypted anew" in said
    assert "accounts.KeptAnswer.answer: 1 encrypted anew" in said
    settings.SECRET_KEY_FALLBACKS = []
    assert sorted(one.settings["url"][-5:] for one in Monitor.objects.all()) == ["hush0", "hush1", "hush2"]
    assert KeptAnswer.objects.get(key="k").answer == {"body": "hush"}
    assert KeptAnswer.objects.get(key="none yet").answer is None
    assert dict(Monitor.objects.values_list("pk", "version")) == versions, "nothing was edited"


def test_every_encrypted_column_is_known_to_it(stored):
    assert {one.column for one in rotation.rotate()} >= {
        "monitors.Monitor.settings", "alerts.Channel.config", "accounts.KeptAnswer.answer",
    }  # fmt: skip


def test_a_second_run_writes_nothing(stored):
    run()
    before = sealed(Monitor, "settings")
    said, _ = run()
    assert "monitors.Monitor.settings: 0 encrypted anew" in said
    assert sealed(Monitor, "settings") == before


def test_broken_off_it_goes_on_where_it_was(stored, monkeypatch):
    monkeypatch.setattr(rotation, "ROWS_AT_ONCE", 1)
    read = rotation.decrypt
    left = iter([True])

    def breaking(token):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return read(token)

    monkeypatch.setattr(rotation, "decrypt", breaking)
    with pytest.raises(KeyboardInterrupt):
        run()
    columns = [(Monitor, "settings"), (Channel, "config"), (KeptAnswer, "answer")]
    before = [is_current(text) for model, name in columns for text in sealed(model, name).values()]
    assert (before.count(True), len(before)) == (1, 5)
    monkeypatch.setattr(rotation, "decrypt", read)
    run()
    assert all(is_current(text) for model, name in columns for text in sealed(model, name).values())


def test_what_somebody_writes_meanwhile_stays(stored, monkeypatch):
    read = rotation.decrypt

    def slowly(token):
        text = read(token)
        if "hush1" in text:
            monitor = next(one for one in Monitor.objects.all() if "hush1" in one.settings["url"])
            Monitor.objects.filter(pk=monitor.pk).update(settings={"url": "http://new.example/"})
        return text

    monkeypatch.setattr(rotation, "decrypt", slowly)
    said, _ = run()
    assert "monitors.Monitor.settings: 2 encrypted anew" in said
    assert any(one.settings["url"] == "http://new.example/" for one in Monitor.objects.all())


def test_rows_that_no_key_reads_are_named_and_left(settings, stored):
    settings.SECRET_KEY = "a key that nobody kept, also of enough characters"
    lost = encrypt(json.dumps({"secret": "lost"}))
    settings.SECRET_KEY = NEW
    channel = Channel.objects.get(name="Hook")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE alerts_channel SET config = %s WHERE id = %s", [lost, channel.pk])
    errors = StringIO()
    with pytest.raises(CommandError, match="1 rows are under a key"):
        call_command("rotate_secrets", stdout=StringIO(), stderr=errors)
    assert f"alerts.Channel.config: no key reads the row {channel.pk}" in errors.getvalue()
    assert sealed(Channel, "config")[channel.pk] == lost
    assert all(is_current(text) for text in sealed(Monitor, "settings").values()), "the others are done"


def test_what_an_old_key_encrypted_is_the_same_text(settings):
    settings.SECRET_KEY = OLD
    token = encrypt("hunter2")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OTHER, OLD]
    assert decrypt(token) == "hunter2"
    assert not is_current(token)
    assert is_current(encrypt("hunter2"))
