"""A monitor as JSON: its common fields here, its type's settings beside them as the type says."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from common.api.fields import (
    BooleanField,
    ChoiceField,
    IdField,
    InstantField,
    IntegerField,
    ListField,
    ObjectField,
    TextField,
    WebAddressField,
)
from common.api.serializers import ApiSerializer
from monitors.api.shown import monitor_json, put_at_hand
from monitors.fields import MAX_TIMEOUT_MS, MIN_TIMEOUT_MS
from monitors.models import FailureClass, Monitor, Status
from monitors.probes.dns_message import TYPES


class PhasesSerializer(ApiSerializer):
    """How long each part of a check took, in ms; null where it was not reached."""

    dns = serializers.FloatField(allow_null=True)
    connect = serializers.FloatField(allow_null=True)
    tls = serializers.FloatField(allow_null=True)
    first_byte = serializers.FloatField(allow_null=True)
    transfer = serializers.FloatField(allow_null=True)


class LastResultSerializer(ApiSerializer):
    """What the last check said."""

    region = TextField()
    ok = BooleanField()
    failure_class = ChoiceField(choices=FailureClass.choices, allow_null=True)
    status_code = IntegerField(allow_null=True)
    latency_ms = serializers.FloatField(allow_null=True)
    certificate_expires_at = InstantField(allow_null=True)
    checked_at = InstantField()
    facts = ObjectField(help_text="What its type learned: certificate, records, banner, loss, registrar.")


class LearnedAnswerSerializer(ApiSerializer):
    """The last confirmed answer of a region, and another one that waits to be confirmed."""

    region = TextField()
    answer = serializers.JSONField()
    learned_at = InstantField()
    waiting = serializers.JSONField(allow_null=True)
    waiting_since = InstantField(allow_null=True)


class MonitorListSerializer(serializers.ListSerializer[Monitor]):
    """Reads what is shown of all of them together."""

    def to_representation(self, data: Any) -> list[Any]:
        put_at_hand(data)
        return [monitor_json(one) for one in data]


class MonitorSerializer(ApiSerializer):
    """What is watched, and how. Limits of values are judged by `monitors.services`, types of JSON here."""

    id = IdField(read_only=True)
    name = TextField()
    type = TextField(max_length=16)
    description = TextField(allow_blank=True, required=False)
    interval_seconds = IntegerField(required=False)
    timeout_ms = IntegerField(required=False)
    paused = BooleanField(required=False)
    tags = ListField(child=TextField(), required=False)
    service_group_id = IdField(allow_null=True, required=False)
    regions = ListField(child=TextField(), required=False)
    quorum = IntegerField(allow_null=True, required=False)
    fail_after_consecutive = IntegerField(required=False)
    resolve_after_consecutive_success = IntegerField(required=False)
    latency_threshold_ms = IntegerField(allow_null=True, required=False)
    ssl_expiry_days = ListField(child=IntegerField(), required=False)
    escalation_policy_id = IdField(allow_null=True, required=False)
    depends_on = ListField(child=IdField(), required=False)
    dependency_impacted = BooleanField(read_only=True, help_text="Whether something that it depends on is down.")
    external_key = TextField(allow_null=True, required=False, help_text="Your own name for it, unique here.")
    status = ChoiceField(choices=Status.choices, read_only=True)
    status_since = InstantField(read_only=True)
    last_checked_at = InstantField(read_only=True, allow_null=True)
    next_check_at = InstantField(read_only=True, allow_null=True)
    last_result = LastResultSerializer(read_only=True, allow_null=True)
    learned_answers = LearnedAnswerSerializer(many=True, read_only=True)
    created_at = InstantField(read_only=True)
    updated_at = InstantField(read_only=True)

    class Meta:
        list_serializer_class = MonitorListSerializer

    def to_representation(self, instance: Monitor) -> dict[str, Any]:
        put_at_hand([instance])
        return monitor_json(instance)

    def unknown_errors(self, data: Mapping[str, Any]) -> dict[str, list[ErrorDetail]]:
        """None here: what is not common belongs to the type, which refuses what it does not know."""
        return {}


class AssertionOutcomeSerializer(ApiSerializer):
    """How one assertion went."""

    source = TextField()  # type: ignore[assignment]
    property = TextField(allow_null=True)
    comparison = TextField()
    target = serializers.JSONField()
    actual = serializers.JSONField()
    ok = BooleanField()


class CertificateSerializer(ApiSerializer):
    """The certificate that a server showed."""

    subject = TextField()
    issuer = TextField()
    names = ListField(child=TextField())
    valid_from = InstantField()
    expires_at = InstantField()
    fingerprint = TextField()
    serial = TextField()
    key = TextField()


class CheckResultSerializer(ApiSerializer):
    """All that one check saw."""

    ok = BooleanField()
    failure_class = ChoiceField(choices=FailureClass.choices, allow_null=True)
    detail = TextField()
    status_code = IntegerField(allow_null=True)
    region = TextField()
    address = TextField(allow_null=True)
    latency_ms = serializers.FloatField(allow_null=True)
    checked_at = InstantField()
    phases = PhasesSerializer()
    headers = ListField(child=ListField(child=TextField()))
    body = TextField()
    redirects = ListField(child=TextField())
    assertions = AssertionOutcomeSerializer(many=True)
    certificate = CertificateSerializer(allow_null=True)
    facts = ObjectField(help_text="What its type learned: records, banner, loss, registrar.")


class ResultSerializer(ApiSerializer):
    """One stored check."""

    id = IdField()
    scheduled_at = InstantField()
    region = TextField()
    ok = BooleanField()
    failure_class = ChoiceField(choices=FailureClass.choices, allow_null=True)
    detail = TextField()
    status_code = IntegerField(allow_null=True)
    address = TextField(allow_null=True)
    latency_ms = serializers.FloatField(allow_null=True)
    lag_ms = serializers.FloatField()
    phases = PhasesSerializer()
    certificate_expires_at = InstantField(allow_null=True)
    certificate_fingerprint = TextField(allow_null=True)


class ResultPageSerializer(ApiSerializer):
    """A page of stored checks, newest first."""

    items = ResultSerializer(many=True)
    next_cursor = TextField(allow_null=True)


class MonitorTestSerializer(ApiSerializer):
    """What to try: a monitor body without a name, or just `url`."""

    url = TextField()
    type = TextField(required=False)
    timeout_ms = IntegerField(required=False)
    request = ObjectField(required=False)
    assertions = ListField(child=ObjectField(), required=False)


class SslTestSerializer(ApiSerializer):
    """Whose certificate to look at: a `url`, a `hostname`, or the settings of a monitor of type tls."""

    url = WebAddressField(required=False)
    hostname = TextField(required=False, max_length=253)
    port = IntegerField(required=False, min_value=1, max_value=65_535)
    timeout_ms = IntegerField(required=False, min_value=MIN_TIMEOUT_MS, max_value=MAX_TIMEOUT_MS)


class DnsTestSerializer(ApiSerializer):
    """Whose records to ask for: a `hostname` or a `url`, and further settings of a monitor of type dns."""

    hostname = TextField(required=False, max_length=253)
    url = WebAddressField(required=False)
    record_type = ChoiceField(choices=list(TYPES), required=False)
    resolver = TextField(required=False, allow_null=True)
    timeout_ms = IntegerField(required=False, min_value=MIN_TIMEOUT_MS, max_value=MAX_TIMEOUT_MS)
