"""Every model of ours is in the operators' admin."""

from django.apps import apps
from django.contrib import admin

OURS = ("common", "accounts", "billing", "monitors", "signals", "incidents", "alerts", "oncall", "statuspages")


def test_every_model_is_registered():
    models = [model for app in OURS for model in apps.get_app_config(app).get_models()]
    missing = [model.__name__ for model in models if not admin.site.is_registered(model)]
    assert missing == []
