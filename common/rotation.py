"""Encrypts stored secrets anew under the present SECRET_KEY; safe to interrupt, to repeat and to run beside writers."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from cryptography.fernet import InvalidToken
from django.apps import apps
from django.db import models
from django.db.models.functions import Cast

from common.secrets import EncryptedJSONField, decrypt, is_current

ROWS_AT_ONCE = 500


class Rotated(NamedTuple):
    """What became of one column: rows written anew, rows that no key reads."""

    column: str
    renewed: int
    unreadable: list[Any]


def rotate() -> Iterator[Rotated]:
    """Each encrypted column of every model, one after the other."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, EncryptedJSONField) and field.model is model:
                yield _rotate(model, field.name)


def _rotate(model: type[models.Model], name: str) -> Rotated:
    renewed, unreadable = 0, []
    rows = model._base_manager.exclude(**{name: None}).annotate(sealed=Cast(name, models.TextField()))
    last = None
    while batch := list(
        (rows if last is None else rows.filter(pk__gt=last)).order_by("pk").values_list("pk", "sealed")[:ROWS_AT_ONCE]
    ):
        for pk, sealed in batch:
            if is_current(sealed):
                continue
            try:
                value = json.loads(decrypt(sealed))
            except (InvalidToken, ValueError):
                unreadable.append(pk)
                continue
            # Only over what was read: whoever wrote meanwhile wrote under the present key.
            renewed += rows.filter(pk=pk, sealed=sealed).update(**{name: value})
        last = batch[-1][0]
    return Rotated(f"{model._meta.label}.{name}", renewed, unreadable)
