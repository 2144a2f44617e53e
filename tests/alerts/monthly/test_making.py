"""Monthly reports: due once, made once, whoever is killed, late or racing."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from accounts.models import AuditEntry
from alerts import channel_services, services
from alerts.models import Channel, Delivery, MonthlyReport, ReportPurpose, ReportSchedule
from alerts.monthly import making as monthly
from alerts.monthly import schedules as report_schedules
from common.invalid import Conflict, Invalid
from monitors.grouping import create_group
from monitors.models import Monitor, StatusChange
from monitors.services import create_monitor, delete_monitor

pytestmark = pytest.mark.django_db
MADE_AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
DUE = datetime(2026, 4, 1, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def shop(workspace, by_alice):
    """OK since March began, but for six hours of the eleventh."""
    fields = {"name": "Shop", "type": "http", "settings": {"url": "https://shop.example/"}}
    made = create_monitor(workspace=workspace, by=by_alice, now=MADE_AT, fields=fields)
    first, down = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 11, tzinfo=UTC)
    for at, before, after in ((first, "NEW", "OK"), (down, "OK", "DOWN"), (down + 6 * HOUR, "DOWN", "OK")):
        StatusChange.objects.create(monitor=made, at=at, before=before, after=after)
    return made


@pytest.fixture
def hook(workspace, by_alice):
    fields = {"name": "Hook", "type": "webhook", "config": {"url": "https://hooks.example/in"}}
    return channel_services.create_channel(workspace=workspace, by=by_alice, now=MADE_AT, fields=fields).channel


@pytest.fixture
def plan(workspace, by_alice):
    """`plan(…)`: a schedule made in March."""

    def make(now=MADE_AT, **fields):
        return report_schedules.create_report_schedule(
            workspace=workspace, by=by_alice, now=now, fields={"name": "All sites", **fields}
        )

    return make


def run(now):
    """What the task does at `now`."""
    planned = monthly.plan_due(now=now)
    monthly.make_due(clock=lambda: now)
    return planned


def test_nothing_is_due_before_the_first_and_then_once(shop, hook, plan):
    schedule = plan(channel_id=hook.pk)
    assert schedule.next_due_at == DUE
    assert run(DUE - timedelta(seconds=1)) == 0
    assert run(DUE) == 1
    assert run(DUE) == 0
    report, delivery = MonthlyReport.objects.get(), Delivery.objects.get()
    assert (report.state, report.purpose, report.month) == ("DONE", "scheduled", date(2026, 3, 1))
    assert (report.delivery, delivery.channel, delivery.event) == (delivery, hook, "monthly_report")
    schedule.refresh_from_db()
    assert schedule.next_due_at == datetime(2026, 5, 1, 7, tzinfo=UTC)


def test_the_figures_are_those_of_the_month_and_of_the_one_before(shop, hook, plan):
    plan(channel_id=hook.pk)
    run(DUE)
    content = MonthlyReport.objects.get().content
    assert (content["startDate"], content["endDate"]) == ("2026-03-01T00:00:00.000Z", "2026-04-01T00:00:00.000Z")
    assert content["availability"]["downtimeSeconds"] == 6 * 3600
    assert content["availability"]["availability"] == pytest.approx(1 - 6 / (31 * 24))
    assert content["availability"]["incidentCount"] == 1
    assert content["previous"]["availability"] is None
    assert [(one["name"], one["incidentCount"]) for one in content["monitors"]] == [("Shop", 1)]
    told = Delivery.objects.get().payload
    assert told["report"]["title"] == "All sites, March 2026: 99.193 % available"
    assert told["message"] == "1 monitor, 1 downtime, 6 h in all."


def test_a_month_is_that_of_the_schedules_clock(shop, hook, plan):
    schedule = plan(channel_id=hook.pk, timezone="Europe/Berlin")
    assert schedule.next_due_at == datetime(2026, 4, 1, 5, tzinfo=UTC)
    run(DUE)
    content = MonthlyReport.objects.get().content
    assert (content["startDate"], content["endDate"]) == ("2026-02-28T23:00:00.000Z", "2026-03-31T22:00:00.000Z")


def test_an_empty_month_is_sent_and_says_so(shop, hook, plan):
    StatusChange.objects.all().delete()
    plan(channel_id=hook.pk)
    run(DUE)
    told = Delivery.objects.get().payload
    assert told["report"]["title"] == "All sites, March 2026: nothing was watched"
    assert told["message"] == "None of 1 monitor was watched in this month."
    assert bytes(MonthlyReport.objects.get().pdf).startswith(b"%PDF-")


def test_a_schedule_whose_monitors_are_gone_sends_nothing_and_says_why(shop, hook, plan, by_alice):
    schedule = plan(channel_id=hook.pk, covers="monitors", monitor_ids=[shop.pk])
    delete_monitor(monitor=shop, by=by_alice, now=MADE_AT)
    run(DUE)
    report = MonthlyReport.objects.get()
    assert (report.state, report.error) == ("SKIPPED", monthly.NO_MONITORS)
    assert not Delivery.objects.exists()
    edited = report_schedules.edit_report_schedule(
        schedule=schedule, by=by_alice, now=DUE, fields={"is_enabled": False}
    )
    assert edited.next_due_at is None


def test_what_it_covers(shop, hook, plan, workspace, by_alice):
    fields = {"name": "Blog", "type": "http", "settings": {"url": "https://blog.example/"}}
    blog = create_monitor(workspace=workspace, by=by_alice, now=MADE_AT, fields=fields)
    group = create_group(
        workspace=workspace, by=by_alice, now=MADE_AT, fields={"name": "Web", "monitor_ids": [blog.pk]}
    )
    plan(channel_id=hook.pk, name="all")
    plan(channel_id=hook.pk, name="group", covers="service_group", service_group_id=group.pk)
    plan(channel_id=hook.pk, name="chosen", covers="monitors", monitor_ids=[shop.pk])
    run(DUE)
    reports = MonthlyReport.objects.select_related("schedule")
    names = {one.schedule.name: [row["name"] for row in one.content["monitors"]] for one in reports}
    assert names == {"all": ["Shop", "Blog"], "group": ["Blog"], "chosen": ["Shop"]}


def test_without_a_channel_it_goes_to_the_owners(shop, plan):
    plan()
    run(DUE)
    assert Delivery.objects.get().channel.is_owners


def test_a_disabled_channel_gets_nothing_and_the_report_says_why(shop, hook, plan):
    plan(channel_id=hook.pk)
    Channel.objects.filter(pk=hook.pk).update(is_enabled=False, disabled_reason="The receiver answered 410 Gone.")
    run(DUE)
    report = MonthlyReport.objects.get()
    assert (report.state, report.error) == ("SKIPPED", "The channel is disabled. The receiver answered 410 Gone.")
    assert report.content["monitorCount"] == 1, "it can be read all the same"
    assert not Delivery.objects.exists()


def test_a_channel_that_a_schedule_goes_to_is_not_taken_away(shop, plan, by_alice):
    group = services.create_action_group(
        monitor=shop, type="webhook", by=by_alice, now=MADE_AT, fields={"name": "Hook", "url": "https://hooks.example/"}
    )
    plan(channel_id=group.channel.pk)
    with pytest.raises(Conflict, match="other channel"):
        channel_services.delete_channel(channel=group.channel, by=by_alice)
    services.delete_action_group(rule=group.rule, by=by_alice)
    with pytest.raises(Conflict, match="All sites"):
        channel_services.delete_channel(channel=group.channel, by=by_alice)
    other = services.create_action_group(
        monitor=shop, type="webhook", by=by_alice, now=MADE_AT, fields={"name": "Hook", "url": "https://hooks.example/"}
    )
    plan(channel_id=other.channel.pk, name="Second")
    delete_monitor(monitor=shop, by=by_alice, now=MADE_AT)
    assert Channel.objects.filter(pk__in=[group.channel.pk, other.channel.pk]).count() == 2


def test_a_workspace_goes_with_its_schedules(shop, hook, plan, workspace):
    plan(channel_id=hook.pk)
    run(DUE)
    workspace.delete()
    assert not MonthlyReport.objects.exists()
    assert not ReportSchedule.objects.exists()


def test_months_that_an_outage_of_ours_left_out_are_sent_after_it(shop, hook, plan):
    plan(channel_id=hook.pk)
    late = datetime(2026, 6, 3, tzinfo=UTC)
    assert [run(late) for _ in range(4)] == [1, 1, 1, 0]
    months = MonthlyReport.objects.order_by("pk").values_list("month", flat=True)
    assert list(months) == [date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)]


def test_a_schedule_that_was_off_sends_nothing_for_that_time(shop, hook, plan, by_alice):
    schedule = plan(channel_id=hook.pk, is_enabled=False)
    assert run(DUE + HOUR) == 0
    fields = {"is_enabled": True}
    edited = report_schedules.edit_report_schedule(schedule=schedule, by=by_alice, now=DUE + 2 * HOUR, fields=fields)
    assert edited.next_due_at == datetime(2026, 5, 1, 7, tzinfo=UTC)


def test_one_that_is_turned_off_while_it_waits_is_not_sent(shop, hook, plan, by_alice):
    schedule = plan(channel_id=hook.pk)
    monthly.plan_due(now=DUE)
    report_schedules.edit_report_schedule(schedule=schedule, by=by_alice, now=DUE, fields={"is_enabled": False})
    monthly.make_due(clock=lambda: DUE)
    assert MonthlyReport.objects.get().error == monthly.TURNED_OFF
    assert not Delivery.objects.exists()


def test_another_clock_neither_repeats_nor_leaves_out_a_month(shop, hook, plan, by_alice):
    def move(zone, now):
        return report_schedules.edit_report_schedule(
            schedule=schedule, by=by_alice, now=now, fields={"timezone": zone}
        ).next_due_at

    schedule = plan(channel_id=hook.pk)
    # Already past on the new clock: due at once.
    assert move("Asia/Tokyo", DUE - HOUR) == datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert run(DUE - HOUR) == 1
    # On the first of April in Los Angeles it is not seven yet, and March was sent.
    assert move("America/Los_Angeles", DUE) == datetime(2026, 5, 1, 14, tzinfo=UTC)
    assert run(DUE + 10 * HOUR) == 0
    assert MonthlyReport.objects.get().month == date(2026, 3, 1)


def test_a_worker_that_dies_leaves_it_to_another(shop, hook, plan, monkeypatch):
    plan(channel_id=hook.pk)
    monthly.plan_due(now=DUE)

    def killed(*_, **__):
        raise KeyboardInterrupt

    for step in ("make", "_deliver"):
        with monkeypatch.context() as patch:
            patch.setattr(monthly, step, killed)
            with pytest.raises(KeyboardInterrupt):
                monthly.make_due(clock=lambda: DUE)
        assert not Delivery.objects.exists()
        MonthlyReport.objects.update(claimed_until=DUE)
    assert monthly.make_due(clock=lambda: DUE) == 1
    assert monthly.make_due(clock=lambda: DUE + timedelta(days=1)) == 0
    assert Delivery.objects.count() == 1


def test_a_claimed_one_is_left_alone_until_its_lease_is_over(shop, hook, plan):
    plan(channel_id=hook.pk)
    monthly.plan_due(now=DUE)
    MonthlyReport.objects.update(claimed_until=DUE + monthly.LEASE)
    assert monthly.make_due(clock=lambda: DUE) == 0
    assert monthly.make_due(clock=lambda: DUE + monthly.LEASE) == 1


def test_whoever_comes_second_adds_nothing(shop, hook, plan):
    plan(channel_id=hook.pk)
    monthly.plan_due(now=DUE)
    slow = MonthlyReport.objects.get()
    assert monthly.make_due(clock=lambda: DUE) == 1
    assert not monthly._made(slow, lambda: DUE + HOUR)
    assert Delivery.objects.count() == 1


def test_one_that_cannot_be_made_is_tried_again_later_and_given_up(shop, hook, plan, monkeypatch):
    plan(channel_id=hook.pk)
    monthly.plan_due(now=DUE)

    def broken(*_, **__):
        raise ValueError("no")

    monkeypatch.setattr(monthly, "make", broken)
    at, waits = DUE, []
    while (report := MonthlyReport.objects.get()).state == "WAITING":
        monthly.make_due(clock=lambda: at)  # noqa: B023
        after = MonthlyReport.objects.get()
        if after.claimed_until:
            waits.append((after.claimed_until - at).total_seconds())
            at = after.claimed_until
    assert waits == [60, 240, 960, 3840]
    assert (report.state, report.attempts) == ("FAILED", monthly.MOST_ATTEMPTS)
    assert report.error == "It could not be made; the platform's log says why."


def test_one_that_kills_its_workers_is_given_up(shop, hook, plan):
    plan(channel_id=hook.pk)
    monthly.plan_due(now=DUE)
    MonthlyReport.objects.update(attempts=monthly.MOST_ATTEMPTS)
    assert monthly.make_due(clock=lambda: DUE) == 0
    assert MonthlyReport.objects.get().error == "It could not be made in 5 attempts."


def test_by_hand_and_preview(shop, hook, plan, by_alice):
    schedule = plan(channel_id=hook.pk)
    asked = [
        report_schedules.ask_for_report(schedule=schedule, purpose=purpose, by=by_alice, now=DUE)
        for purpose in (ReportPurpose.BY_HAND, ReportPurpose.PREVIEW)
    ]
    assert monthly.make_due(clock=lambda: DUE) == 2
    for one in asked:
        one.refresh_from_db()
    assert [one.state for one in asked] == ["DONE", "DONE"]
    assert [one.month for one in asked] == [date(2026, 3, 1)] * 2
    assert asked[0].delivery is not None
    assert asked[1].delivery is None
    assert run(DUE) == 1, "the scheduled one is sent all the same"
    assert list(AuditEntry.objects.filter(object_type="reportschedule").values_list("verb", flat=True)) == [
        "create", "send", "preview",
    ]  # fmt: skip


def test_asking_has_its_limits(shop, hook, plan, by_alice):
    schedule = plan(channel_id=hook.pk)
    for _ in range(report_schedules.MOST_WAITING):
        report_schedules.ask_for_report(schedule=schedule, purpose=ReportPurpose.PREVIEW, by=by_alice, now=DUE)
    with pytest.raises(Conflict, match="are being made"):
        report_schedules.ask_for_report(schedule=schedule, purpose=ReportPurpose.PREVIEW, by=by_alice, now=DUE)
    Channel.objects.filter(pk=hook.pk).update(is_enabled=False)
    with pytest.raises(Conflict, match="disabled"):
        report_schedules.ask_for_report(schedule=schedule, purpose=ReportPurpose.BY_HAND, by=by_alice, now=DUE)


def test_deleting_a_schedule_takes_back_what_was_not_sent(shop, hook, plan, by_alice):
    schedule = plan(channel_id=hook.pk)
    run(DUE)
    report_schedules.delete_report_schedule(schedule=schedule, by=by_alice)
    assert not Delivery.objects.exists()
    with pytest.raises(Conflict, match="deleted"):
        report_schedules.delete_report_schedule(schedule=schedule, by=by_alice)


def test_every_wrong_field_is_named(workspace, by_alice, charlie, shop, plan, monkeypatch):
    foreign = Channel.objects.create(workspace=charlie.workspaces.get(), name="Theirs", type="webhook")
    with pytest.raises(Invalid) as refused:
        plan(name=" ", covers="service_group", monitor_ids=[shop.pk], channel_id=foreign.pk, timezone="Mars/Base")
    assert [one.pointer for one in refused.value.errors] == [
        "/name", "/timezone", "/channelId", "/serviceGroupId", "/monitorIds",
    ]  # fmt: skip
    with pytest.raises(Invalid) as refused:
        plan(covers="monitors")
    assert [one.code for one in refused.value.errors] == ["required"]
    monkeypatch.setattr(report_schedules, "MOST_SCHEDULES", 0)
    with pytest.raises(Conflict):
        plan()


def test_reports_of_long_ago_are_dropped(shop, hook, plan):
    plan(channel_id=hook.pk)
    run(DUE)
    assert monthly.drop_old(now=DUE + monthly.KEPT) == 0
    assert monthly.drop_old(now=DUE + monthly.KEPT + HOUR) == 1


def test_memory_and_list_are_bounded_however_many_monitors(hook, plan, workspace, monkeypatch):
    from monitors.reports import overview

    monkeypatch.setattr(overview, "MOST_LISTED", 3)
    monkeypatch.setattr(overview, "_CHUNK", 2)
    Monitor.objects.bulk_create(Monitor(workspace=workspace, name=f"Site {number}", type="http") for number in range(7))
    bad = Monitor.objects.get(name="Site 5")
    StatusChange.objects.create(monitor=bad, at=MADE_AT, before="NEW", after="DOWN")
    plan(channel_id=hook.pk)
    run(DUE)
    content = MonthlyReport.objects.get().content
    assert (content["monitorCount"], content["watchedCount"], content["leftOut"]) == (7, 1, 4)
    assert [one["name"] for one in content["monitors"]] == ["Site 5", "Site 0", "Site 1"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_one_report(shop, hook, plan):
    schedule = plan(channel_id=hook.pk)
    start = threading.Barrier(2)

    def work():
        start.wait()
        try:
            run(DUE)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert MonthlyReport.objects.filter(schedule=schedule).count() == 1
    assert Delivery.objects.count() == 1
