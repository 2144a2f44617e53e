"""Registers the app with Django and what it answers to lower apps."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from corsheaders.signals import check_request_enabled
        from django.db.models.signals import post_delete, post_save

        from accounts import idempotency
        from accounts.models import OAuthApplication
        from accounts.oauth import origins

        idempotency.register()
        check_request_enabled.connect(origins.is_registered, dispatch_uid="accounts")
        for written in (post_save, post_delete):
            written.connect(origins.forget, sender=OAuthApplication, dispatch_uid="accounts.origins")
