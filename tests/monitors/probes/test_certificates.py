"""A certificate is read once and kept, so many and no more."""

import pytest
import trustme

from monitors.probes import certificates
from monitors.probes.certificates import read_pem


@pytest.fixture
def pems():
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    issued = [authority.issue_cert(f"{name}.example", key_type=trustme.KeyType.ECDSA) for name in "abc"]
    return [one.cert_chain_pems[0].bytes().decode() for one in issued]


def test_a_certificate_seen_again_is_not_read_again(pems):
    assert read_pem(pems[0]) is read_pem("".join(pems[0]))
    assert read_pem(pems[0]) != read_pem(pems[1])


def test_no_more_than_so_many_are_kept_and_each_is_still_read(monkeypatch, pems):
    monkeypatch.setattr(certificates, "MOST_KEPT", 2)
    monkeypatch.setattr(certificates, "_kept", {})
    for pem, name in zip(pems * 2, "abcabc", strict=True):
        assert read_pem(pem).names == (f"{name}.example",)
        assert len(certificates._kept) <= 2


def test_what_is_no_certificate_is_none_each_time():
    assert [read_pem("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----") for _ in range(2)] == [None, None]
