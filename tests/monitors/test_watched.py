"""What an engine keeps of monitors: read once a version, equal parts kept once."""

import pytest

from monitors.services import create_monitor, edit_monitor
from monitors.watched import WatchedCache

pytestmark = pytest.mark.django_db


@pytest.fixture
def make(workspace, by_alice, now):
    def made(url, **request):
        fields = {"name": url, "type": "http", "settings": {"url": url, "request": request}}
        return create_monitor(workspace=workspace, by=by_alice, now=now, fields=fields)

    return made


def test_a_version_is_read_once_and_an_edited_one_again(make, by_alice, now, django_assert_num_queries):
    cache, monitor = WatchedCache(), make("http://shop.example/")
    with django_assert_num_queries(1):
        for _ in range(3):
            assert cache.get_many({monitor.pk: 1})[monitor.pk].settings["url"] == "http://shop.example/"
    fields = {"settings": {"url": "http://other.example/"}}
    version = edit_monitor(monitor=monitor, by=by_alice, now=now, fields=fields).version
    assert cache.get_many({monitor.pk: version})[monitor.pk].settings["url"] == "http://other.example/"


def test_parts_of_settings_that_are_equal_are_kept_once(make):
    monitors = [make("http://a.example/"), make("http://b.example/"), make("http://c.example/", max_redirects=1)]
    one, two, three = WatchedCache().get_many({each.pk: 1 for each in monitors}).values()
    assert [each.settings for each in (one, two, three)] == [each.settings for each in monitors]
    assert one.settings["request"] is two.settings["request"]
    assert one.settings["request"] is not three.settings["request"]


def test_what_is_shared_stays_bounded(make):
    monitors = [make(f"http://{place}.example/", max_redirects=place) for place in range(8)]
    cache = WatchedCache(most_shared=4)
    found = cache.get_many({each.pk: 1 for each in monitors})
    assert [found[each.pk].settings for each in monitors] == [each.settings for each in monitors]
    assert len(cache._shared) <= 4
