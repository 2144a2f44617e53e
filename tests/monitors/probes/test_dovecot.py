"""The IMAP probe against Dovecot: plain, STARTTLS, TLS from the first byte, and logins."""

import getpass
import grp
import os
import subprocess
from types import SimpleNamespace

import pytest

from tests.monitors.probes.real_servers import open_to_others, program, running
from tests.monitors.probes.scripted import closed_port

NAME, PASSWORD = "ada", "correct-hörse"
ELSEWHERE = "127.0.0.2"  # asked there by 127.0.0.1, it does not take the way for safe
# What 2.3 and 2.4 write in different words; the latter as its examples have it, not run.
WORDS = {
    "2.3": """
ssl_cert = <{certificate}/server.pem
ssl_key = <{certificate}/server.key
mail_location = maildir:{folder}/mail
passdb {{
  driver = static
  args = user={name} password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
""",
    "2.4": """
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
ssl_server_cert_file = {certificate}/server.pem
ssl_server_key_file = {certificate}/server.key
mail_driver = maildir
mail_path = {folder}/mail
passdb static {{
  password = {password}
  fields {{
    user = {name}
  }}
}}
userdb static {{
  fields {{
    uid = {uid}
    gid = {gid}
    home = {folder}/home
  }}
}}
""",
}
CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1, {elsewhere}
ssl = required
first_valid_uid = 0
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {secured}
    ssl = yes
  }}
}}
"""
# Whoever is not root can become nobody else.
ONE_USER = """
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@pytest.fixture(scope="module")
def dovecot(certificate, tmp_path_factory):
    """Its ports: `plain`, where it insists on STARTTLS, and `secured`."""
    server = program("dovecot", "dovecot-imapd")
    version = subprocess.run([server, "--version"], capture_output=True, text=True, check=True, timeout=20).stdout
    words = WORDS.get(".".join(version.split(".")[:2]))
    if words is None:
        pytest.skip(f"only for Dovecot 2.3 and 2.4, not {version}")
    folder = tmp_path_factory.mktemp("dovecot")
    open_to_others(folder)
    ports = SimpleNamespace(plain=closed_port(), secured=closed_port())
    as_root = os.geteuid() == 0
    facts = {
        "folder": folder, "certificate": certificate, "name": NAME, "password": PASSWORD, "elsewhere": ELSEWHERE,
        "uid": os.geteuid() or 65_534, "gid": os.getegid() or 65_534, "user": getpass.getuser(),
        "group": grp.getgrgid(os.getegid()).gr_name, **vars(ports),
    }  # fmt: skip
    written = folder / "dovecot.conf"
    written.write_text((words + CONFIGURATION + ("" if as_root else ONE_USER)).format(**facts))
    with running([server, "-F", "-c", written], ports.secured):
        yield ports


@pytest.fixture
def greet(probe):
    def greeted(port, tls, **more):
        return probe("imap", host="localhost", port=port, tls=tls, **more)

    return greeted


@pytest.mark.parametrize(("port", "tls"), [("plain", "none"), ("plain", "starttls"), ("secured", "tls")])
def test_a_real_server_greets_in_each_way(greet, dovecot, port, tls):
    result = greet(getattr(dovecot, port), tls)
    assert (result.ok, result.detail) == (True, "")
    assert "Dovecot" in result.facts["banner"]
    assert "IMAP4REV1" in result.facts["capabilities"]
    # What it can do is read again under TLS, where it no longer offers that.
    assert ("STARTTLS" in result.facts["capabilities"]) is (tls == "none")
    assert (result.certificate is not None) is (tls != "none")


@pytest.mark.parametrize(("port", "tls"), [("plain", "starttls"), ("secured", "tls")])
def test_a_login_is_taken_under_tls_and_a_wrong_one_is_said(greet, dovecot, port, tls):
    port = getattr(dovecot, port)
    taken = greet(port, tls, username=NAME, password=PASSWORD)
    assert (taken.ok, taken.detail) == (True, "")
    wrong = greet(port, tls, username=NAME, password="something else")
    assert (wrong.failure_class, "AUTHENTICATIONFAILED" in wrong.detail) == ("assertion", True), wrong.detail
    assert "something else" not in wrong.detail


def test_without_tls_it_offers_no_login_and_is_told_no_password(probe, dovecot):
    result = probe("imap", host=ELSEWHERE, port=dovecot.plain, tls="none", username=NAME, password=PASSWORD)
    assert (result.failure_class, "does not offer a login" in result.detail) == ("assertion", True), result.detail


def test_a_certificate_of_an_authority_that_nobody_trusts_fails_either_way(probe, dovecot, stranger):
    for port, tls in ((dovecot.plain, "starttls"), (dovecot.secured, "tls")):
        settings = {"host": "localhost", "port": port, "tls": tls}
        assert probe("imap", verify_with=stranger, **settings).failure_class == "tls"
        relaxed = probe("imap", verify_with=stranger, verify_tls=False, **settings)
        assert (relaxed.ok, "localhost" in relaxed.certificate.names) == (True, True)


def test_plain_imap_where_tls_is_spoken_ends_in_its_class(greet, dovecot):
    spoken = greet(dovecot.plain, "tls", timeout_ms=3000)
    assert spoken.failure_class == "tls", spoken.detail
    silent = greet(dovecot.secured, "none", timeout_ms=500)
    assert silent.failure_class in ("timeout", "reset"), silent.detail
