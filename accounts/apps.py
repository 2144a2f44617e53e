"""Registers the app with Django and what it answers to lower apps."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import idempotency

        idempotency.register()
