"""Text messages: who gets them, what is tried again, and the codes by which numbers agree."""

import re
from datetime import timedelta

import pytest
import requests

from alerts import services
from alerts.models import Channel, Delivery, DeliveryState, PhoneNumber
from alerts.recipients import phone_numbers
from alerts.recipients.sms_quota import sent_this_month, take_quota
from billing import limits
from common.clock import now as clock_now
from common.invalid import Conflict, Invalid
from tests import twilio_fake
from tests.alerts.test_webhook import attempt

pytestmark = pytest.mark.django_db
ADA, GRACE, INVALID = "+4915112345678", "+14155550100", "+15005550001"


@pytest.fixture
def add_sms(by_alice):
    """`add_sms(monitor, [number, …])`: an SMS action group."""

    def make(monitor, numbers, **fields):
        wanted = {"name": "Phones", "phone_numbers": numbers, **fields}
        return services.create_action_group(monitor=monitor, type="sms", by=by_alice, now=clock_now(), fields=wanted)

    return make


@pytest.fixture
def agreed(workspace, now):
    """`agreed(number, …)`: numbers that have confirmed."""

    def make(*numbers):
        for number in numbers:
            PhoneNumber.objects.update_or_create(
                workspace=workspace, number=number, defaults={"confirmed_at": now, "ask_at": None}
            )

    return make


def code_in(text):
    return re.search(r"\d{6}", text)[0]


def test_an_incident_is_told_in_one_message_with_a_link(monitor, open_on, add_sms, agreed, twilio, settings):
    agreed(ADA)
    add_sms(monitor, [ADA])
    incident = open_on(monitor)
    delivery = attempt(Delivery.objects.get())
    assert delivery.state == DeliveryState.DELIVERED
    assert delivery.reached == [ADA]
    assert twilio.to(ADA) == [f"Down: Shop - HTTP 500\n{settings.PUBLIC_URL}/incidents/{incident.pk}"]
    assert next(iter(twilio.messages.values()))["from"] == twilio_fake.SENDER


def test_a_messaging_service_may_send(monitor, open_on, add_sms, agreed, twilio, settings):
    settings.TWILIO_FROM = "MG" + "1" * 32
    agreed(ADA)
    add_sms(monitor, [ADA])
    open_on(monitor)
    attempt(Delivery.objects.get())
    assert next(iter(twilio.messages.values()))["messaging_service_sid"] == settings.TWILIO_FROM


def test_a_number_that_is_refused_is_said_and_the_others_have_it(monitor, open_on, add_sms, agreed, twilio):
    agreed(ADA, INVALID)
    add_sms(monitor, [INVALID, ADA])
    open_on(monitor)
    delivery = attempt(Delivery.objects.get())
    assert (delivery.state, delivery.reached) == (DeliveryState.DELIVERED, [ADA])
    assert "Twilio 21211" in delivery.attempts.get().error


def test_what_stays_wrong_is_not_tried_again(monitor, open_on, add_sms, agreed, twilio):
    agreed(INVALID)
    add_sms(monitor, [INVALID])
    incident = open_on(monitor)
    delivery = attempt(Delivery.objects.get())
    assert (delivery.state, delivery.next_attempt_at) == (DeliveryState.FAILED, None)
    assert Channel.objects.get().is_enabled
    assert "refused" in incident.events.filter(type="DELIVERY").get().message


@pytest.mark.parametrize("trouble", [429, 500, 503])
def test_what_may_pass_is_tried_again_for_those_who_lack_it(monitor, open_on, add_sms, agreed, twilio, trouble):
    agreed(ADA, GRACE)
    add_sms(monitor, [ADA, GRACE])
    open_on(monitor)
    twilio.trouble = trouble
    delivery = attempt(Delivery.objects.get())
    assert delivery.state == DeliveryState.PENDING
    twilio.trouble = None
    delivery = attempt(delivery, now=clock_now() + timedelta(minutes=1))
    assert delivery.state == DeliveryState.DELIVERED
    assert (len(twilio.to(ADA)), len(twilio.to(GRACE))) == (1, 1)


def test_a_wrong_token_waits_for_the_operator(monitor, open_on, add_sms, agreed, twilio, settings):
    agreed(ADA)
    add_sms(monitor, [ADA])
    open_on(monitor)
    settings.TWILIO_AUTH_TOKEN = "wrong"
    delivery = attempt(Delivery.objects.get())
    assert delivery.state == DeliveryState.PENDING
    assert "Twilio 20003: Authenticate" in delivery.attempts.get().error


def test_a_provider_that_is_not_there_is_tried_again(monitor, open_on, add_sms, agreed, twilio, settings):
    agreed(ADA)
    add_sms(monitor, [ADA])
    open_on(monitor)
    settings.TWILIO_URL = "http://127.0.0.1:1"
    delivery = attempt(Delivery.objects.get())
    assert delivery.state == DeliveryState.PENDING
    assert "refused" in delivery.attempts.get().error


def test_a_number_gets_nothing_before_its_code_is_typed(monitor, open_on, add_sms, twilio, by_alice):
    rule = add_sms(monitor, [ADA]).rule
    now = clock_now()
    assert phone_numbers.send_due_codes(now=now) == 1
    assert phone_numbers.send_due_codes(now=now) == 0
    open_on(monitor)
    delivery = attempt(Delivery.objects.get(), now=now)
    assert delivery.attempts.get().error == f"Not confirmed yet: {ADA}"
    (text,) = twilio.to(ADA)
    services.confirm_number(rule=rule, number=ADA, code=code_in(text), by=by_alice, now=now)
    delivery.refresh_from_db()
    assert delivery.next_attempt_at == now
    assert attempt(delivery, now=now).reached == [ADA]


def test_a_code_is_good_for_five_tries_and_half_an_hour(monitor, add_sms, twilio, workspace):
    add_sms(monitor, [ADA])
    now = clock_now()
    phone_numbers.send_due_codes(now=now)
    code = code_in(twilio.to(ADA)[0])
    late = now + timedelta(minutes=31)
    with pytest.raises(Invalid, match="too old"):
        phone_numbers.confirm(workspace=workspace, number=ADA, code=code, now=late)
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(Invalid, match=f"Tries left: {left}"):
            phone_numbers.confirm(workspace=workspace, number=ADA, code="no", now=now)
    with pytest.raises(Invalid, match="too often"):
        phone_numbers.confirm(workspace=workspace, number=ADA, code=code, now=now)
    assert not phone_numbers.confirmed(workspace, [ADA])


def test_another_code_waits_ten_minutes_and_the_old_one_ends(monitor, add_sms, twilio, workspace):
    add_sms(monitor, [ADA])
    now = clock_now()
    phone_numbers.send_due_codes(now=now)
    with pytest.raises(Conflict):
        phone_numbers.ask_again(workspace=workspace, number=ADA, now=now + timedelta(minutes=9))
    later = now + timedelta(minutes=10)
    phone_numbers.ask_again(workspace=workspace, number=ADA, now=later)
    phone_numbers.send_due_codes(now=later)
    second = code_in(twilio.to(ADA)[1])
    phone_numbers.confirm(workspace=workspace, number=ADA, code=second, now=later)
    with pytest.raises(Conflict, match="already"):
        phone_numbers.ask_again(workspace=workspace, number=ADA, now=later + timedelta(hours=1))


def test_many_workspaces_do_not_ring_one_phone(monitor, add_sms, twilio, charlie):
    add_sms(monitor, [ADA])
    PhoneNumber.objects.create(workspace=charlie.workspaces.get(), number=ADA, ask_at=clock_now())
    phone_numbers.send_due_codes(now=clock_now())
    assert len(twilio.to(ADA)) == 1
    assert PhoneNumber.objects.filter(asked_at__isnull=True, ask_at__gt=clock_now()).count() == 1


def test_a_workspace_adds_so_many_numbers_a_day(monitor, add_sms, twilio):
    for tens in range(2):
        add_sms(monitor, [f"+4915100000{tens}{ones}0" for ones in range(10)])
    with pytest.raises(Conflict, match="20 phone numbers a day"):
        add_sms(monitor, [ADA])


def test_a_code_that_could_not_leave_is_tried_again_and_a_refused_one_is_not(monitor, add_sms, twilio):
    add_sms(monitor, [INVALID, ADA])
    twilio.trouble = 503
    now = clock_now()
    phone_numbers.send_due_codes(now=now)
    assert PhoneNumber.objects.filter(ask_at__gt=now, ask_error__startswith="HTTP 503").count() == 2
    twilio.trouble = None
    phone_numbers.send_due_codes(now=now + timedelta(minutes=1))
    assert PhoneNumber.objects.get(number=INVALID).ask_at is None
    assert len(twilio.to(ADA)) == 1


def test_codes_are_not_kept_in_plain(monitor, add_sms, twilio):
    add_sms(monitor, [ADA])
    phone_numbers.send_due_codes(now=clock_now())
    assert code_in(twilio.to(ADA)[0]) not in PhoneNumber.objects.get().code_digest


def test_the_plan_bounds_messages_of_a_month(monitor, open_on, add_sms, agreed, twilio, workspace, monkeypatch, now):
    few = limits.Limits(monitors=None, min_interval_seconds=10, sms_per_month=2)
    monkeypatch.setattr("alerts.recipients.sms_quota.limits_of", lambda workspace: few)
    assert take_quota(workspace, 2, now=now)
    assert not take_quota(workspace, 1, now=now)
    assert sent_this_month(workspace, now=now) == 2
    assert take_quota(workspace, 1, now=now + timedelta(days=31))


def test_without_a_provider_there_is_no_sms_action(monitor, add_sms):
    with pytest.raises(Invalid, match="No SMS provider is set"):
        add_sms(monitor, [ADA])


@pytest.mark.parametrize(
    ("given", "pointers"),
    [
        (None, ["/phoneNumbers"]),
        ([], ["/phoneNumbers"]),
        ([ADA] * 11, ["/phoneNumbers"]),
        (ADA, ["/phoneNumbers"]),
        ([ADA, "015112345678", "+0123456789"], ["/phoneNumbers/1", "/phoneNumbers/2"]),
        (["+49", "+1234567890123456", 5], ["/phoneNumbers/0", "/phoneNumbers/1", "/phoneNumbers/2"]),
    ],
)  # fmt: skip
def test_each_wrong_number_is_named(monitor, add_sms, twilio, given, pointers):
    with pytest.raises(Invalid) as caught:
        add_sms(monitor, given)
    assert [error.pointer for error in caught.value.errors] == pointers
    assert not PhoneNumber.objects.exists()


def test_numbers_count_once_however_they_are_written(monitor, add_sms, twilio):
    assert add_sms(monitor, ["+49 151 1234-5678", ADA]).channel.config == {"phone_numbers": [ADA]}


class TestTheFake:
    """It answers as Twilio's documents of the Messages resource say."""

    def post(self, twilio, **form):
        address = f"{twilio.url}/2010-04-01/Accounts/{twilio_fake.ACCOUNT}/Messages.json"
        return requests.post(address, data=form, auth=(twilio_fake.ACCOUNT, twilio_fake.TOKEN), timeout=10)

    def test_a_message_is_created_queued_and_found_again(self, twilio):
        made = self.post(twilio, To=ADA, From=twilio_fake.SENDER, Body="Hi")
        assert made.status_code == 201
        body = made.json()
        assert re.fullmatch(r"SM[0-9a-f]{32}", body["sid"])
        assert (body["status"], body["direction"], body["error_code"]) == ("queued", "outbound-api", None)
        auth = (twilio_fake.ACCOUNT, twilio_fake.TOKEN)
        assert requests.get(twilio.url + body["uri"], auth=auth, timeout=10).json() == body

    @pytest.mark.parametrize(
        ("form", "code"),
        [
            ({"To": INVALID}, 21211), ({"To": "+15005550009"}, 21614), ({"To": "+15005550004"}, 21610),
            ({"To": ""}, 21604), ({"Body": ""}, 21602), ({"From": ""}, 21603), ({"Body": "x" * 1601}, 21617),
            ({"From": "+15005550001"}, 21212),
        ],
    )  # fmt: skip
    def test_what_is_wrong_has_twilios_code(self, twilio, form, code):
        answer = self.post(twilio, **{"To": ADA, "From": twilio_fake.SENDER, "Body": "Hi"} | form)
        assert answer.status_code == answer.json()["status"] == 400
        assert answer.json()["code"] == code
        assert answer.json()["more_info"].endswith(f"/errors/{code}")

    def test_a_wrong_token_is_401_with_20003(self, twilio):
        answer = requests.post(f"{twilio.url}/2010-04-01/Accounts/x/Messages.json", auth=("x", "y"), timeout=10)
        assert (answer.status_code, answer.json()["code"]) == (401, 20003)
