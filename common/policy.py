"""The operator's word on which addresses outgoing connections may reach."""

from django.conf import settings

from common.addresses import AddressPolicy


def outgoing_policy() -> AddressPolicy:
    """As PROBE_ALLOW_PRIVATE and PROBE_ALLOWED_NETWORKS say."""
    return AddressPolicy(settings.PROBE_ALLOW_PRIVATE, settings.PROBE_ALLOWED_NETWORKS)
