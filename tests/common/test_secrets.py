"""Secrets are readable with our key only, in the database, in dumps and in fixtures."""

import pytest
from cryptography.fernet import InvalidToken
from django.core import serializers

from common.secrets import decrypt, encrypt
from monitors.models import Monitor
from monitors.services import create_monitor


def test_what_is_encrypted_comes_back_and_never_looks_the_same_twice():
    assert decrypt(encrypt("hunter2 ü")) == "hunter2 ü"
    assert encrypt("hunter2") != encrypt("hunter2")


def test_another_key_reads_nothing(settings):
    token = encrypt("hunter2")
    settings.SECRET_KEY = "another key of more than thirty-two characters"
    with pytest.raises(InvalidToken):
        decrypt(token)


@pytest.mark.django_db
def test_a_dump_holds_no_secret_and_loads_again(workspace, by_alice, now):
    fields = {"name": "Shop", "type": "http", "settings": {"url": "http://shop.example/?token=hunter2"}}
    monitor = create_monitor(workspace=workspace, by=by_alice, now=now, fields=fields)
    Monitor.objects.update(target="")
    dumped = serializers.serialize("json", Monitor.objects.all())
    assert "hunter2" not in dumped
    next(iter(serializers.deserialize("json", dumped))).save()
    assert Monitor.objects.get().settings == monitor.settings
