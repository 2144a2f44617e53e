"""The key of the embedded default: made once, the same for all who ask, readable by its owner only."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ImproperlyConfigured

from websignal.kept_key import kept_key


def test_it_is_made_once_and_kept(tmp_path):
    first = kept_key(tmp_path / "new" / "secret_key")
    assert len(first) >= 48
    assert kept_key(tmp_path / "new" / "secret_key") == first
    assert (tmp_path / "new" / "secret_key").stat().st_mode & 0o077 == 0
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["secret_key"]


def test_all_who_start_at_once_get_the_same(tmp_path):
    with ThreadPoolExecutor(16) as threads:
        keys = set(threads.map(lambda _: kept_key(tmp_path / "secret_key"), range(64)))
    assert len(keys) == 1


def test_an_emptied_file_is_not_taken_for_a_key(tmp_path):
    (tmp_path / "secret_key").write_text("")
    with pytest.raises(ImproperlyConfigured, match="holds no key"):
        kept_key(tmp_path / "secret_key")
