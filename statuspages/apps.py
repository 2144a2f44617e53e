"""Registers the app with Django and connects what it hears."""

from django.apps import AppConfig


class StatuspagesConfig(AppConfig):
    name = "statuspages"
