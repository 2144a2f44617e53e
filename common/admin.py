"""Bases of the operators' admin: lists fast on big tables, history nobody edits, forms that a service judges."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, TypeVar, cast

from django import forms
from django.contrib import admin
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from common.invalid import Invalid
from common.models import MetricValue
from common.names import camel

M = TypeVar("M", bound=models.Model)

COUNTED_ROWS = 10_000


class BoundedPaginator(Paginator[models.Model]):
    """Counts to 10,000 at most: what lies deeper is found by search and filters, not by turning pages."""

    @cached_property
    def count(self) -> int:
        return cast("models.QuerySet[models.Model]", self.object_list)[:COUNTED_ROWS].count()


class OperatorAdmin(ModelAdmin):
    """A list of at most 50 rows a page that never counts a whole table."""

    list_per_page = 50
    show_full_result_count = False
    paginator = BoundedPaginator


class ReadOnlyAdmin(OperatorAdmin):
    """What is made elsewhere: to be read, and perhaps removed."""

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class LinesInline(TabularInline):
    """Rows inside the page of another object, to be read only."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class HistoryAdmin(ReadOnlyAdmin):
    """What has happened: to be read only."""

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class ServiceForm(forms.ModelForm[M]):
    """A form that writes through a service, so that the admin refuses what the API refuses, in the same words.

    `actor` is set by the admin page; `write` gets clean values and returns the object or raises Invalid.
    """

    actor: ClassVar[Any]

    def write(self, values: Mapping[str, Any]) -> M:
        """The object as the service made or changed it."""
        raise TypeError(f"{type(self).__name__} names no service")

    def field_of(self, pointer: str) -> str | None:
        """The field of this form that a service's error belongs to; None puts it above the form."""
        first = pointer.split("/")[1] if pointer.startswith("/") else ""
        return next((name for name in self.fields if first in (camel(name), f"{camel(name)}Id")), None)

    def _post_clean(self) -> None:
        # In place of the model's own validation: the service judges and writes in one step.
        if self.errors:
            return
        try:
            self.instance = self.write(self.cleaned_data)
        except Invalid as invalid:
            for error in invalid.errors:
                name = self.field_of(error.pointer)
                is_inner = name is None or error.pointer.lstrip("/") not in (camel(name), f"{camel(name)}Id")
                self.add_error(name, f"{error.pointer}: {error.detail}" if is_inner else error.detail)

    def save(self, commit: bool = True) -> M:
        """The object that `write` returned; there is nothing more to store."""
        return self.instance


class ServiceAdmin(OperatorAdmin):
    """An admin page whose form is a ServiceForm."""

    def get_form(self, request: HttpRequest, obj: models.Model | None = None, change: bool = False, **more: Any) -> Any:
        form = super().get_form(request, obj, change, **more)
        form.actor = self.actor_of(request)
        return form

    def actor_of(self, request: HttpRequest) -> Any:
        """Who is written down as the one who did it."""
        raise TypeError(f"{type(self).__name__} does not say who acts")

    def save_model(self, request: HttpRequest, obj: models.Model, form: Any, change: bool) -> None:
        """The form has written it."""

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """Only what the form changed: lines inside the page are to be read."""
        return super().construct_change_message(request, form, [], add)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The form has written it."""


@admin.register(MetricValue)
class MetricValueAdmin(HistoryAdmin):
    """Samples of metrics, as `/metrics` adds them up."""

    list_display = ("name", "labels", "process", "value", "said_at")
    search_fields = ("name", "labels", "process")
    ordering = ("name", "labels", "process")
