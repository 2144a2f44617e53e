"""How the SQL probe proves that it knows a password, by the standards' own examples."""

import hashlib

import pytest

from monitors.probes.mysql import _proof
from monitors.probes.scram import Scram
from monitors.probes.sql_answer import SqlError


def drive(steps):
    """Run what a generator asks to have done aside."""
    try:
        operation = next(steps)
        while True:
            operation = steps.send(operation.work())
    except StopIteration as end:
        return end.value


def test_scram_is_as_rfc_7677_has_it():
    scram = Scram("pencil", "user", b"rOprNGfwEbeRWgbNEkqO")
    assert scram.first == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    nonce = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    final = drive(scram.answer(nonce + b",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"))
    assert final == b"c=biws," + nonce + b",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    with pytest.raises(SqlError):
        scram.check(b"v=AAAA")
    scram.check(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
    assert scram.is_proved


@pytest.mark.parametrize(
    "challenge",
    [b"", b"r=x,s=AAAA,i=1", b"r=n1,s=?,i=1", b"r=n1,s=AAAA,i=0", b"r=n1,s=AAAA,i=999999999", b"r=n1,s=AAAA,i=x"],
)
def test_a_challenge_that_is_wrong_or_too_much_work_is_refused(challenge):
    with pytest.raises(SqlError):
        drive(Scram("x", nonce=b"n").answer(challenge))


def test_mysqls_proofs_are_what_its_servers_check():
    salt = bytes(range(20))
    for plugin, digest, salt_first in (
        ("mysql_native_password", "sha1", True),
        ("caching_sha2_password", "sha256", False),
    ):
        proof = _proof(plugin, "secret", salt, known_only=True)
        stored = hashlib.new(digest, hashlib.new(digest, b"secret").digest()).digest()
        mask = hashlib.new(digest, salt + stored if salt_first else stored + salt).digest()
        once = bytes(a ^ b for a, b in zip(proof, mask, strict=True))
        assert hashlib.new(digest, once).digest() == stored
    assert _proof("client_ed25519", "secret", salt, known_only=False) == b""
    with pytest.raises(SqlError):
        _proof("client_ed25519", "secret", salt, known_only=True)
