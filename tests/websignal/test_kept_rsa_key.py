"""The key that signs ID tokens: made once, kept like the secret key, and refused when it is no good."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.core.exceptions import ImproperlyConfigured

from websignal.kept_key import kept_rsa_key, rsa_key


def pem(key, password=None):
    lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock).decode()


def test_it_is_made_once_and_kept(tmp_path):
    first = kept_rsa_key(tmp_path / "new" / "oidc.pem")
    assert kept_rsa_key(tmp_path / "new" / "oidc.pem") == first
    assert (tmp_path / "new" / "oidc.pem").stat().st_mode & 0o077 == 0
    assert serialization.load_pem_private_key(first.encode(), None).key_size == 2048


def test_a_spoilt_file_is_said(tmp_path):
    (tmp_path / "oidc.pem").write_text("spoilt")
    with pytest.raises(ImproperlyConfigured, match="holds no key"):
        kept_rsa_key(tmp_path / "oidc.pem")


def test_only_an_open_rsa_key_of_2048_bits_is_taken():
    good = rsa.generate_private_key(65537, 2048)
    assert rsa_key(pem(good)) == pem(good)
    for bad in (
        pem(rsa.generate_private_key(65537, 1024)),
        pem(ec.generate_private_key(ec.SECP256R1())),
        pem(good, b"locked"),
        "nonsense",
        "",
    ):
        with pytest.raises(ImproperlyConfigured, match="OIDC_RSA_PRIVATE_KEY"):
            rsa_key(bad)
