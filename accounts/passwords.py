"""A new password for who has forgotten theirs: a link by email, good once and for three hours."""

import logging

from celery import current_app
from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.models import User
from accounts.tries import may_send_reset

log = logging.getLogger("websignal.accounts")


def ask_for_link(*, email: str) -> None:
    """Has a worker send the link. Never says, not even by how long it takes, whether there is such an account."""
    try:
        current_app.send_task(
            "accounts.send_reset_link", args=[email[:254]], expires=600, retry=False, ignore_result=True
        )
    except Exception:
        log.warning("The broker takes no task; a password link was not sent", exc_info=True)


def send_link(*, email: str) -> bool:
    """Mails the link to the active person with this address who signs in with a password; whether there is one.

    An account gets three an hour.
    """
    user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if user is None or not user.has_usable_password() or not may_send_reset(email=user.email):
        return False
    subject = "A new password for WebSignal"
    context = {"user": user, "url": _url(user), "subject": subject}
    message = EmailMultiAlternatives(
        subject, render_to_string("accounts/email/password_reset.txt", context), to=[user.email]
    )
    message.attach_alternative(render_to_string("accounts/email/password_reset.html", context), "text/html")
    message.send()
    return True


def _url(user: User) -> str:
    """Under the public address, whatever host name the request had."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    path = reverse("password-reset-confirm", kwargs={"uidb64": uid, "token": default_token_generator.make_token(user)})
    return f"{settings.PUBLIC_URL}{path}"
