"""The SSH probe: host keys of each type, proved or not, a real sshd, and servers that speak otherwise."""

import base64
import hashlib
import os
import shutil
import socket
import struct
import subprocess
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from monitors.probes.ssh_wire import Reader, packet, string
from tests.monitors.probes.scripted import closed_port, forever, hang, tcp_server

VERSION = b"SSH-2.0-test_server"


def mpint(number):
    return string(number.to_bytes(number.bit_length() // 8 + 1))


def ecdsa_signer(key, hashed):
    r, s = decode_dss_signature(key.sign(hashed, ec.ECDSA({256: SHA256, 384: SHA384}[key.key_size]())))
    return mpint(r) + mpint(s)


KEYS = {
    "ssh-ed25519": (ed25519.Ed25519PrivateKey.generate(), lambda key, hashed: key.sign(hashed)),
    "ecdsa-sha2-nistp256": (ec.generate_private_key(ec.SECP256R1()), ecdsa_signer),
    "ecdsa-sha2-nistp384": (ec.generate_private_key(ec.SECP384R1()), ecdsa_signer),
    "rsa-sha2-512": (
        rsa.generate_private_key(65537, 2048),
        lambda key, hashed: key.sign(hashed, padding.PKCS1v15(), SHA512()),
    ),
}


def blob_of(name):
    line = KEYS[name][0].public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return base64.b64decode(line.split()[1])


def fingerprint_of(name):
    digest = hashlib.sha256(blob_of(name)).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def ssh_server(name, *, banner=b"", sign_other=False, guess_wrong=False, noise=b""):
    """A script that exchanges keys with the named host key, as RFC 4253 and RFC 8731 say."""

    def read(stream):
        size = int.from_bytes(stream.read(4))
        body = stream.read(size)
        if not body:
            raise ConnectionError
        return body[1 : size - body[0]]

    def script(connection):
        with connection.makefile("rb") as stream:
            serve(connection, stream)

    def serve(connection, stream):
        connection.sendall(banner + VERSION + b"\r\n")
        their_version = stream.readline().rstrip(b"\r\n")
        exchanges = b"nonsense,curve25519-sha256" if guess_wrong else b"curve25519-sha256"
        lists = [exchanges, name.encode(), *[b"aes128-ctr"] * 2, *[b"hmac-sha2-256"] * 2, b"none", b"none", b"", b""]
        follows = b"\x01" if guess_wrong else b"\0"
        offer = b"\x14" + bytes(16) + b"".join(map(string, lists)) + follows + bytes(4)
        connection.sendall(packet(offer) + noise)
        if guess_wrong:
            connection.sendall(packet(b"\x1fguess"))
        theirs = read(stream)
        their_public = Reader(read(stream)[1:]).string()
        private = X25519PrivateKey.generate()
        public = private.public_key().public_bytes_raw()
        secret = private.exchange(X25519PublicKey.from_public_bytes(their_public))
        blob = blob_of(name)
        parts = [their_version, VERSION, theirs, offer, blob, their_public, public]
        whole = b"".join(map(string, parts)) + mpint(int.from_bytes(secret))
        hashed = hashlib.sha256(b"other" if sign_other else whole).digest()
        key, sign = KEYS[name]
        signature = string(name.encode()) + string(sign(key, hashed))
        connection.sendall(packet(b"\x1f" + string(blob) + string(public) + string(signature)))
        hang(connection)

    return script


@pytest.mark.parametrize("name", KEYS)
def test_each_type_of_host_key_is_learned(probe, name):
    with tcp_server(ssh_server(name)) as port:
        result = probe("ssh", host="127.0.0.1", port=port, host_key=fingerprint_of(name))
    assert (result.ok, result.detail) == (True, "")
    assert result.facts["banner"] == VERSION.decode()
    assert result.facts["host_key"] == fingerprint_of(name)
    assert result.body_excerpt == VERSION


def test_lines_before_the_version_messages_to_ignore_and_a_wrong_guess_are_passed_over(probe):
    noise = packet(b"\x02" + string(b"ignore me")) + packet(b"\x04\x00" + string(b"debug") + string(b""))
    script = ssh_server("ssh-ed25519", banner=b"Welcome\r\nto us\r\n", noise=noise)
    with tcp_server(script) as port:
        assert probe("ssh", host="127.0.0.1", port=port).ok
    with tcp_server(ssh_server("ssh-ed25519", guess_wrong=True)) as port:
        assert probe("ssh", host="127.0.0.1", port=port).ok


def test_another_key_than_expected_fails_and_is_recorded(probe):
    with tcp_server(ssh_server("ssh-ed25519")) as port:
        result = probe("ssh", host="127.0.0.1", port=port, host_key="SHA256:something")
    assert result.failure_class == "assertion"
    assert fingerprint_of("ssh-ed25519") in result.detail
    assert result.facts["host_key"] == fingerprint_of("ssh-ed25519")


def test_a_key_that_is_shown_but_not_held_is_no_key(probe):
    with tcp_server(ssh_server("ssh-ed25519", sign_other=True)) as port:
        result = probe("ssh", host="127.0.0.1", port=port)
    assert result.failure_class == "assertion"
    assert "did not prove" in result.detail
    assert "host_key" not in result.facts


def test_a_type_of_key_the_server_lacks_is_said(probe):
    with tcp_server(ssh_server("ssh-ed25519")) as port:
        result = probe("ssh", host="127.0.0.1", port=port, key_type="rsa")
    assert "no host key of the type asked for" in result.detail


def say(*parts):
    def script(connection):
        connection.sendall(b"".join(parts))
        hang(connection)

    return script


@pytest.mark.parametrize(
    ("script", "failure_class"),
    [
        (hang, "timeout"),
        (lambda connection: None, "reset"),
        (forever(b"x"), "too_large"),
        (forever(b"lines\n"), "assertion"),
        (say(b"SSH-1.5-old\r\n"), "assertion"),
        (say(b"SSH-2.0-x\r\n", struct.pack(">I", 2**31)), "assertion"),
        (say(b"SSH-2.0-x\r\n", packet(b"\x14short")), "assertion"),
        (say(b"SSH-2.0-x\r\n", struct.pack(">IB", 8, 200), bytes(7)), "assertion"),
        (say(b"SSH-2.0-x\r\n", packet(b"\x01\0\0\0\x02" + string(b"too many") + string(b""))), "assertion"),
        (forever(b"SSH-2.0-x\r\n" + packet(b"\x02" + string(b"x" * 100))), "any"),
    ],
)
def test_what_speaks_otherwise_ends_in_its_class(probe, script, failure_class):
    with tcp_server(script) as port:
        result = probe("ssh", host="127.0.0.1", port=port, timeout_ms=500)
    assert not result.ok
    assert failure_class in ("any", result.failure_class)


@pytest.fixture
def sshd(tmp_path):
    program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("needs Debian's openssh-server")
    for kind in ("ed25519", "ecdsa", "rsa"):
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(tmp_path / kind)], check=True, timeout=20)
    port = closed_port()
    keys = [option for kind in ("ed25519", "ecdsa", "rsa") for option in ("-h", str(tmp_path / kind))]
    listen = ["-o", f"ListenAddress=127.0.0.1:{port}", "-o", "PidFile=none", "-f", "/dev/null"]
    running = subprocess.Popen([program, "-D", *keys, *listen], stderr=subprocess.PIPE)
    for _ in range(100):
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                break
        if running.poll() is not None:
            pytest.skip(f"sshd does not run here: {running.communicate(timeout=5)[1].decode()[:200]}")
        time.sleep(0.02)
    yield port, tmp_path
    running.terminate()
    running.communicate(timeout=5)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_real_servers_key_is_the_one_ssh_keygen_shows(probe, sshd, kind):
    port, folder = sshd
    shown = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(folder / kind)], capture_output=True, text=True, check=True, timeout=20
    )
    result = probe("ssh", host="127.0.0.1", port=port, key_type=kind, host_key=shown.stdout.split()[1])
    assert (result.ok, result.detail) == (True, "")
    assert "OpenSSH" in result.facts["banner"]
