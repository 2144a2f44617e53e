"""Addresses of what is sold and of Stripe's webhook, below /api/."""

from django.urls import URLPattern, path

from billing.api.views import ProductViewSet, StripeWebhookView, TrialViewSet

urlpatterns: list[URLPattern] = [
    path("v1/product", ProductViewSet.as_view({"get": "list"}), name="v1-product"),
    path("v1/user/<int:pk>/trial", TrialViewSet.as_view({"get": "retrieve", "put": "update"}), name="v1-user-trial"),
    path("v1/stripewebhook", StripeWebhookView.as_view(), name="v1-stripewebhook"),
]
