"""The pages' template tags and the components that use them, rendered without a database."""

from datetime import UTC, datetime, timedelta

import pytest
from django import forms
from django.template import engines
from django.utils.safestring import mark_safe

from dashboard.menus import Item

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


def render(source, **context):
    template = engines["django"].from_string("{% load ui %}" + source)
    return template.render({"now": NOW} | context)


def component(name, **context):
    return engines["django"].get_template(f"components/{name}.html").render({"now": NOW} | context)


def test_icon_is_decoration_unless_it_has_a_label():
    assert 'aria-hidden="true"' in render('{% icon "bell" %}')
    assert 'role="img" aria-label="Alerts"' in render('{% icon "bell" "Alerts" %}')


def test_icon_escapes_its_label():
    assert "<script>" not in render("{% icon 'bell' label %}", label='"><script>')


def test_what_is_drawn_once_is_the_component():
    assert render('{% drawn "components/status.html" status="LATE" is_pill=True %}') == component(
        "status", status="LATE", is_pill=True
    )


def test_what_is_drawn_once_escapes_what_was_safe_elsewhere():
    source = '{% drawn "components/tag.html" label=label %}'
    assert "<b>new</b>" in render(source, label=mark_safe("<b>new</b>"))
    assert "&lt;b&gt;new&lt;/b&gt;" in render(source, label="<b>new</b>")


def test_when_is_relative_with_the_exact_moment_on_hover():
    html = render("{% when at %}", at=NOW - timedelta(minutes=3))
    assert 'datetime="2026-11-21T11:57:00Z" data-relative title="21 Nov 2026, 11:57:00 UTC"' in html
    assert "3\N{NO-BREAK SPACE}min ago" in html


def test_when_without_a_moment_is_a_dash():
    assert "–" in render("{% when at %}", at=None)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ 192|duration }}", "3\N{NO-BREAK SPACE}min 12\N{NO-BREAK SPACE}s"),
        ("{{ 0.9998|percent }}", "99.98\N{NO-BREAK SPACE}%"),
        ("{{ 84.2|ms }}", "84\N{NO-BREAK SPACE}ms"),
        ("{{ 10000|number }}", "10,000"),
        ("{{ 'DEGRADED'|status_word }}", "Degraded"),
        ("{{ 'DEGRADED'|status_shape }}", "triangle"),
        ("{{ 'DEGRADED'|status_class }}", "is-late"),
        ("{{ 'Ada King Lovelace'|initials }}", "AL"),
        ("{{ 'ada@example.com'|initials }}", "A"),
        ("{{ ''|initials }}", ""),
        ("{{ 'Machine: acts by: itself'|name_and_text|join:'/' }}", "Machine/Acts by: itself"),
        ("{{ 'At an interval'|name_and_text|join:'/' }}", "At an interval/"),
        ("{% load facts %}{{ 'FREQ=WEEKLY'|repeats }}", "Every week"),
        ("{% load facts %}{{ 'FREQ=WEEKLY;BYDAY=SU'|repeats }}", "FREQ=WEEKLY;BYDAY=SU"),
    ],
)
def test_filters(source, text):
    assert render(source).replace("min\N{NO-BREAK SPACE}12", "min 12") == text


def test_status_differs_by_word_shape_and_colour():
    down, ok = component("status", status="DOWN"), component("status", status="OK")
    assert "Down" in down
    assert "<rect" in down
    assert "is-down" in down
    assert "OK" in ok
    assert "<circle" in ok
    assert "is-ok" in ok


def test_status_may_say_another_word():
    assert "Delivered" in component("status", status="OK", word="Delivered")


def test_a_menu_leads_acts_and_asks():
    items = [
        Item(label="Edit", icon="pencil", href="/edit"),
        Item(label="Pause", icon="pause", action="/pause"),
        Item(label="Delete", icon="trash-2", href="/edit#delete", is_danger=True, dialog="delete"),
    ]
    html = render('{% menu items label="Actions" size="small" %}', items=items)
    assert 'class="button button-quiet button-icon button-small" aria-label="Actions"' in html
    assert '<a class="menu-item" href="/edit">' in html
    assert '<button class="menu-item" form="menu-act" formaction="/pause">' in html
    assert '<a class="menu-item menu-item-danger" href="/edit#delete" data-dialog-open="delete">' in html


def test_a_menu_escapes_what_it_is_given():
    html = render("{% menu items label %}", items=[Item(label="<b>", icon="x", action='/"><b>')], label='"><b>')
    assert "<b>" not in html


def test_a_row_without_results_has_a_line_that_says_so():
    assert 'aria-label="&lt;Latency&gt;: Not enough results yet"' in render(
        "{% sparkline values label %}", values=[1], label="<Latency>"
    )


def test_button_is_a_link_when_it_leads_somewhere():
    assert component("button", label="Edit", href="/x").strip().startswith('<a href="/x"')
    assert component("button", label="Save").strip().startswith('<button type="submit"')


def test_chart_rows_are_the_same_data_newest_first():
    chart = {"times": [0, 60], "unit": "ms", "series": [{"label": "DNS", "values": [1, None]}]}
    html = component("chart", id="latency", label="Response time", chart=chart)
    assert '<script id="latency" type="application/json">' in html
    assert html.index("00:01:00") < html.index("00:00:00")


class MonitorForm(forms.Form):
    name = forms.CharField(help_text="Shown in alerts.")
    regions = forms.MultipleChoiceField(choices=[("fra", "Frankfurt")], widget=forms.CheckboxSelectMultiple)
    is_paused = forms.BooleanField()


def test_field_ties_label_help_and_error_to_its_control():
    html = component("field", field=MonitorForm({})["name"])
    assert '<label for="id_name">' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html
    assert 'aria-invalid="true"' in html


def test_a_field_of_choices_is_a_fieldset():
    assert "<legend>Regions" in component("field", field=MonitorForm()["regions"])


def test_error_summary_links_every_error_to_its_field():
    html = component("error_summary", form=MonitorForm({}))
    assert "3 things need a change" in html
    assert all(target in html for target in ('href="#id_name"', 'href="#id_regions_set"', 'href="#id_is_paused"'))


def test_error_summary_of_a_good_form_is_nothing():
    assert component("error_summary", form=MonitorForm()).strip() == ""


def test_uptime_bar_keeps_quiet_days_out_of_the_tab_order():
    days = [
        {"date": NOW.date(), "availability": 1.0, "coverage": 1.0, "incident_count": count, "state": "OK", "href": "/d"}
        for count in (0, 1)
    ]
    assert component("uptime_bar", days=days).count('tabindex="-1"') == 1


def test_names_of_people_are_escaped():
    assert "<b>" not in component("timeline_item", title="<b>", by="<b>", text="<b>", at=NOW)


def test_a_sentence_that_is_not_there_leaves_the_word_to_the_next():
    drawn = engines["django"].from_string(
        '{% load ui %}{% firstof cause.detail|told "Opened by hand" %}{{ text|told }}'
    )
    assert drawn.render({"cause": {}, "text": None}) == "Opened by hand"
