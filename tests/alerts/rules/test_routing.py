"""Whom an event goes to: a table of cases, and what holds for all of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.rules.routing import (
    ACKNOWLEDGED,
    OPEN,
    REMINDER,
    RESOLVED,
    RuleView,
    Subject,
    in_scope,
    is_covered,
    matches,
    reminder_every,
    route,
)

SUBJECT = Subject(monitor_id=7, service_group_id=3, tags=("prod", "eu"))
FACTS = {"severity": "CRITICAL", "status_code": 500, "tag": ["prod", "eu"]}


def rule(id=1, events=(OPEN, RESOLVED), channel_ids=(10,), **fields):
    return RuleView(id=id, events=events, channel_ids=channel_ids, **fields)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, True),
        ({"monitor_id": 7}, True),
        ({"monitor_id": 8}, False),
        ({"service_group_id": 3}, True),
        ({"service_group_id": 4}, False),
        ({"tag": "eu"}, True),
        ({"tag": "us"}, False),
    ],
)
def test_scope(fields, expected):
    assert in_scope(rule(**fields), SUBJECT) is expected


def test_what_no_monitor_opened_is_watched_by_rules_for_all_only():
    nothing = Subject()
    assert in_scope(rule(), nothing)
    assert not in_scope(rule(monitor_id=7), nothing)
    assert not in_scope(rule(service_group_id=3), nothing)
    assert not in_scope(rule(tag="prod"), nothing)


@pytest.mark.parametrize(
    ("fields", "event", "expected"),
    [
        ({}, OPEN, True),
        ({}, ACKNOWLEDGED, False),
        ({"is_enabled": False}, OPEN, False),
        ({"when": {"all": [{"field": "status_code", "op": "gte", "value": 500}]}}, OPEN, True),
        ({"when": {"all": [{"field": "status_code", "op": "lt", "value": 500}]}}, OPEN, False),
        ({"reminder_seconds": 60}, REMINDER, True),
        ({"events": (REMINDER,)}, REMINDER, True),
        ({}, REMINDER, False),
    ],
)
def test_matches(fields, event, expected):
    assert matches(rule(**fields), event=event, subject=SUBJECT, facts=FACTS) is expected


def test_one_channel_gets_one_message_however_many_rules_name_it():
    found = route([rule(2, channel_ids=(10, 11)), rule(1, channel_ids=(10,))], event=OPEN, subject=SUBJECT, facts=FACTS)
    assert found.channels == {10: 1, 11: 2}
    assert not found.to_owners


@pytest.mark.parametrize(
    ("rules", "covered"),
    [
        ([], False),
        ([rule(monitor_id=8)], False),
        ([rule(is_enabled=False)], False),
        ([rule(channel_ids=())], False),
        ([rule(events=(RESOLVED,))], False),
        ([rule(when={"all": [{"field": "severity", "op": "eq", "value": "MINOR"}]})], True),
        ([rule(monitor_id=7)], True),
    ],
)
def test_owners_are_told_where_no_rule_covers(rules, covered):
    assert is_covered(rules, SUBJECT) is covered
    assert route(rules, event=OPEN, subject=SUBJECT, facts=FACTS).to_owners is not covered
    assert route(rules, event=RESOLVED, subject=SUBJECT, facts=FACTS).to_owners is not covered
    assert not route(rules, event=ACKNOWLEDGED, subject=SUBJECT, facts=FACTS).to_owners


def test_a_channel_that_is_owed_the_resolution_gets_it_though_no_rule_names_it():
    assert route([], event=RESOLVED, subject=SUBJECT, facts=FACTS, owed=[10]).channels == {10: None}


def test_reminder_interval():
    assert reminder_every(rule()) is None
    assert reminder_every(rule(reminder_seconds=300)) == 300
    assert reminder_every(rule(events=(OPEN, REMINDER))) == 3600


rules_of_any_kind = st.lists(
    st.builds(
        RuleView,
        id=st.integers(1, 50),
        monitor_id=st.sampled_from([None, 7, 8]),
        service_group_id=st.sampled_from([None, 3, 4]),
        tag=st.sampled_from(["", "prod", "us"]),
        when=st.sampled_from(
            [{}, {"any": [{"field": "status_code", "op": "eq", "value": 404}]}, {"all": [], "any": []}]
        ),
        events=st.lists(st.sampled_from([OPEN, ACKNOWLEDGED, RESOLVED, REMINDER]), unique=True),
        channel_ids=st.lists(st.integers(1, 6), unique=True),
        is_enabled=st.booleans(),
        reminder_seconds=st.sampled_from([None, 60]),
    ),
    max_size=6,
    unique_by=lambda one: one.id,
)
any_event = st.sampled_from([OPEN, ACKNOWLEDGED, RESOLVED, REMINDER])


@given(rules=rules_of_any_kind, event=any_event)
def test_every_channel_named_by_a_matching_rule_is_told_and_no_other(rules, event):
    found = route(rules, event=event, subject=SUBJECT, facts=FACTS)
    matching = [one for one in rules if matches(one, event=event, subject=SUBJECT, facts=FACTS)]
    assert set(found.channels) == {pk for one in matching for pk in one.channel_ids}


@given(rules=rules_of_any_kind, more=rules_of_any_kind, event=any_event)
def test_a_further_rule_takes_no_channel_away(rules, more, event):
    taken = {one.id for one in rules}
    more = [one for one in more if one.id not in taken]
    before = route(rules, event=event, subject=SUBJECT, facts=FACTS)
    after = route(rules + more, event=event, subject=SUBJECT, facts=FACTS)
    assert set(before.channels) <= set(after.channels)


@given(rules=rules_of_any_kind)
def test_an_opening_is_never_silently_unwatched(rules):
    found = route(rules, event=OPEN, subject=SUBJECT, facts=FACTS)
    choosy = any(one.when.get("any") for one in rules)
    assert found.channels or found.to_owners or choosy


@given(rules=rules_of_any_kind, event=any_event, seed=st.randoms())
def test_the_order_of_rules_does_not_matter(rules, event, seed):
    shuffled = list(rules)
    seed.shuffle(shuffled)
    assert route(rules, event=event, subject=SUBJECT, facts=FACTS) == route(
        shuffled, event=event, subject=SUBJECT, facts=FACTS
    )
