"""Addresses of the pages of accounts."""

from django.urls import URLPattern, path

from accounts.views import InvitationView

urlpatterns: list[URLPattern] = [path("invitations/<str:token>", InvitationView.as_view(), name="invitation")]
