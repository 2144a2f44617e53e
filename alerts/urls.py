"""Addresses of the pages behind signed links."""

from django.urls import URLPattern, path

from alerts import views

urlpatterns: list[URLPattern] = [
    path("alerts/acknowledge/<str:token>", views.AcknowledgeView.as_view(), name="acknowledge-by-link"),
    path("alerts/confirm/<str:token>", views.ConfirmView.as_view(), name="confirm-recipient"),
]
