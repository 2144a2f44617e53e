"""The SQL probe's logins against real databases of its own: passwords of each kind, and TLS as the servers do it."""

import os
import shutil
from pathlib import Path

import pytest

from tests.monitors.probes.real_servers import open_to_others, program, run, running
from tests.monitors.probes.scripted import closed_port

pytestmark = pytest.mark.slow
PASSWORD = "correct horse"
USERS = {"native": "", "secured": " REQUIRE SSL"}


@pytest.fixture(scope="module")
def mariadb(certificate, tmp_path_factory):
    install, server = (program(name, "mariadb-server") for name in ("mariadb-install-db", "mariadbd"))
    folder, port = tmp_path_factory.mktemp("mariadb"), closed_port()
    data, start = folder / "data", folder / "start.sql"
    user = [f"--user={'root' if os.geteuid() == 0 else os.environ.get('USER', '')}"]
    run(
        [
            install,
            "--no-defaults",
            f"--datadir={data}",
            "--skip-test-db",
            "--auth-root-authentication-method=normal",
            *user,
        ]
    )
    made = [f"CREATE USER {name} IDENTIFIED BY '{PASSWORD}'{need};" for name, need in USERS.items()]
    made.append(f"CREATE USER modern IDENTIFIED VIA ed25519 USING PASSWORD('{PASSWORD}');")
    start.write_text("\n".join([*made, ""]))
    options = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder}/socket", f"--pid-file={folder}/pid"]
    options += ["--skip-name-resolve"]  # else its own nameless user of localhost comes first
    options += ["--plugin-load-add=auth_ed25519"]
    tls = [f"--ssl-cert={certificate}/server.pem", f"--ssl-key={certificate}/server.key"]
    files = [f"--datadir={data}", f"--init-file={start}", f"--log-error={folder}/log"]
    with running([server, "--no-defaults", *files, *options, *tls, *user], port):
        yield port


@pytest.fixture(scope="module")
def postgresql(certificate, tmp_path_factory):
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders:
        pytest.skip("needs Debian's postgresql")
    folder, port = tmp_path_factory.mktemp("postgresql"), closed_port()
    data, word = folder / "data", folder / "password"
    word.write_text(PASSWORD)
    for name in ("server.pem", "server.key"):
        shutil.copy(certificate / name, folder / name)
    as_owner = owned(folder)
    (folder / "server.key").chmod(0o600)
    run([*as_owner, f"{folders[-1]}/initdb", "-D", data, "-U", "ada", "-A", "scram-sha-256", "--pwfile", word, "-N"])
    rules = ["hostssl all ada 127.0.0.1/32 scram-sha-256", "host all old 127.0.0.1/32 md5"]
    (data / "pg_hba.conf").write_text("\n".join([*rules, "local all ada trust", ""]))
    settings = {
        "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder, "ssl": "on", "fsync": "off",
        "ssl_cert_file": folder / "server.pem", "ssl_key_file": folder / "server.key", "log_min_messages": "panic",
    }  # fmt: skip
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    make = f"SET password_encryption = md5; CREATE ROLE old LOGIN PASSWORD '{PASSWORD}'"
    with running([*as_owner, f"{folders[-1]}/postgres", "-D", data, *options], port):
        run([f"{folders[-1]}/psql", "-h", folder, "-p", str(port), "-U", "ada", "-d", "postgres", "-c", make])
        yield port


def owned(folder):
    """How to run what refuses to run as root."""
    if os.geteuid() != 0:
        return []
    for one in (folder, *folder.iterdir()):
        shutil.chown(one, "postgres", "postgres")
    open_to_others(folder)
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]


@pytest.fixture
def ask(probe):
    def asked(engine, port, username, **more):
        settings = {"host": "localhost", "password": PASSWORD, "tls": "none", "query": "SELECT 1 AS n"} | more
        return probe("sql", engine=engine, port=port, username=username, timeout_ms=10_000, **settings)

    return asked


def test_mariadb_takes_a_password_plain_and_under_its_own_tls(ask, mariadb):
    plain = ask("mysql", mariadb, "native")
    assert (plain.ok, plain.facts.get("rows"), plain.certificate) == (True, 1, None), plain.detail
    secured = ask("mysql", mariadb, "secured", tls="tls")
    assert secured.ok, secured.detail
    assert "localhost" in secured.certificate.names
    for wrong in (ask("mysql", mariadb, "native", password="x"), ask("mysql", mariadb, "secured")):
        assert (wrong.failure_class, "Access denied" in wrong.detail) == ("assertion", True), wrong.detail


def test_a_password_of_a_kind_that_is_not_known_here_is_said_and_not_sent(ask, mariadb):
    result = ask("mysql", mariadb, "modern", tls="tls")
    assert (result.failure_class, "client_ed25519" in result.detail) == ("assertion", True), result.detail


@pytest.mark.parametrize("engine", ["mysql", "postgresql"])
def test_databases_of_an_authority_that_nobody_trusts_hear_no_password(ask, request, stranger, engine):
    port = request.getfixturevalue({"mysql": "mariadb"}.get(engine, engine))
    username = {"mysql": "secured"}.get(engine, "ada")
    settings = {"tls": "tls", "verify_with": stranger} | ({"database": "postgres"} if engine == "postgresql" else {})
    assert ask(engine, port, username, **settings).failure_class == "tls"
    assert ask(engine, port, username, verify_tls=False, **settings).ok


def test_postgresql_takes_scram_under_tls_and_an_old_password(ask, postgresql):
    secured = ask("postgresql", postgresql, "ada", tls="tls", database="postgres")
    assert secured.ok, secured.detail
    assert "localhost" in secured.certificate.names
    old = ask("postgresql", postgresql, "old", database="postgres")
    assert (old.ok, old.facts.get("rows")) == (True, 1), old.detail
    wrong = ask("postgresql", postgresql, "ada", tls="tls", database="postgres", password="x")
    assert (wrong.failure_class, "password authentication failed" in wrong.detail) == ("assertion", True), wrong.detail
    unsecured = ask("postgresql", postgresql, "ada", database="postgres")
    assert (unsecured.failure_class, "no pg_hba.conf entry" in unsecured.detail) == ("assertion", True)
