"""HTTP monitors against a real nginx: versions, client certificates, proxies, logins, addresses."""

import selectors
import shutil
import socket
import subprocess
import time
from contextlib import closing, suppress

import pytest
import trustme

from common.addresses import AddressPolicy
from monitors.probes.http_settings import wrong_http
from tests.monitors.probes.scripted import closed_port, tcp_server

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
CONFIG = """
daemon off;
master_process off;
pid {directory}/pid;
error_log {directory}/error;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    ssl_certificate {directory}/server.pem;
    ssl_certificate_key {directory}/server.key;
    server {{
        listen 127.0.0.1:{plain};
        location / {{ return 200 "$request_method $http_x_word $server_protocol"; }}
        location /login {{ auth_basic "here"; auth_basic_user_file {directory}/people; alias {directory}/page; }}
        location /large {{ gzip on; gzip_min_length 0; gzip_types *; alias {directory}/; }}
    }}
    server {{
        listen 127.0.0.1:{modern} ssl http2;
        location / {{ return 200 "$server_protocol"; }}
    }}
    server {{
        listen 127.0.0.1:{old} ssl;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache shared:sessions:1m;
        location /resumed {{ return 200 "$ssl_protocol $ssl_session_reused"; }}
        location / {{ return 200 "$server_protocol"; }}
    }}
    server {{
        listen 127.0.0.1:{mutual} ssl;
        ssl_client_certificate {directory}/clients.pem;
        ssl_verify_client on;
        location / {{ return 200 "$ssl_client_verify $ssl_client_s_dn"; }}
        location /away {{ return 302 https://localhost:{optional}/; }}
    }}
    server {{
        listen 127.0.0.1:{optional} ssl;
        ssl_client_certificate {directory}/clients.pem;
        ssl_verify_client optional;
        location / {{ return 200 "client $ssl_client_verify"; }}
    }}
}}
"""
PORTS = ("plain", "modern", "old", "mutual", "optional")


@pytest.fixture(scope="module")
def clients():
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


@pytest.fixture(scope="module")
def nginx(authority, clients, tmp_path_factory):
    """Ports of a running nginx, by what each is for."""
    directory = tmp_path_factory.mktemp("nginx")
    ports = {name: closed_port() for name in PORTS}
    issued = authority._authority.issue_cert("localhost", "127.0.0.1")
    (directory / "server.pem").write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    (directory / "server.key").write_bytes(issued.private_key_pem.bytes())
    (directory / "clients.pem").write_bytes(clients.cert_pem.bytes())
    (directory / "people").write_text("alice:{PLAIN}secret\n")
    (directory / "page").write_bytes(b"words " * 100_000)
    config = directory / "nginx.conf"
    config.write_text(CONFIG.format(directory=directory, **ports))
    process = subprocess.Popen([NGINX, "-p", str(directory), "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        _wait_for(ports["optional"], process)
        yield ports
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port, process):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), 1)):
            return
        time.sleep(0.05)
    raise RuntimeError("nginx did not start")


@pytest.fixture(scope="module")
def identity(clients):
    issued = clients.issue_cert("checker@example.org")
    chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems).decode()
    return {"client_certificate": chain, "client_key": issued.private_key_pem.bytes().decode()}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_methods_and_headers_arrive(look, nginx, method):
    result = look(f"http://127.0.0.1:{nginx['plain']}/", method=method, headers={"X-Word": "tea"})
    assert (result.ok, result.body_excerpt) == (True, f"{method} tea HTTP/1.1".encode())


@pytest.mark.parametrize(
    ("port", "version", "body"),
    [
        ("modern", None, b"HTTP/2.0"),
        ("modern", "2", b"HTTP/2.0"),
        ("modern", "1.1", b"HTTP/1.1"),
        ("old", None, b"HTTP/1.1"),
    ],
)
def test_the_version_is_the_servers_best_or_the_one_asked_for(look, nginx, port, version, body):
    result = look(f"https://localhost:{nginx[port]}/", http_version=version)
    assert (result.ok, result.body_excerpt) == (True, body), result.detail


@pytest.mark.parametrize("version", [None, "1.1"])
def test_no_session_is_resumed_for_a_resumed_one_shows_no_certificate(look_again, nginx, version):
    for _ in range(3):
        result = look_again(f"https://localhost:{nginx['old']}/resumed", http_version=version)
        assert (result.ok, result.body_excerpt) == (True, b"TLSv1.3 ."), result.detail
        assert result.certificate is not None


def test_without_the_version_asked_for_it_fails(look, nginx):
    result = look(f"https://localhost:{nginx['old']}/", http_version="2")
    assert (result.failure_class, result.detail) == ("assertion", "localhost answered in HTTP/1, not in HTTP/2.")


def test_a_client_certificate_opens_what_asks_for_one(look, nginx, identity):
    url = f"https://localhost:{nginx['mutual']}/"
    assert look(url).status_code == 400
    shown = look(url, **identity)
    assert (shown.ok, shown.body_excerpt[:7]) == (True, b"SUCCESS"), shown.detail


def test_another_origin_gets_no_client_certificate(look, nginx, identity):
    result = look(f"https://localhost:{nginx['mutual']}/away", **identity)
    assert (result.ok, result.body_excerpt) == (True, b"client NONE"), result.detail
    again = look(f"https://localhost:{nginx['optional']}/")
    assert again.body_excerpt == b"client NONE"


def test_a_basic_login_is_taken(look, nginx):
    url = f"http://127.0.0.1:{nginx['plain']}/login"
    assert look(url).status_code == 401
    result = look(url, auth={"type": "basic", "username": "alice", "password": "secret"})
    assert (result.ok, result.body_excerpt[:6]) == (True, b"words ")


def test_a_compressed_body_is_read_whole(look, nginx):
    wanted = {"source": "body", "comparison": "contains", "target": "words words"}
    result = look(f"http://127.0.0.1:{nginx['plain']}/large/page", assertions=[wanted])
    assert result.ok, result.detail
    assert ("Content-Encoding", "gzip") in result.headers


def _relay(heard):
    """A proxy that tunnels what CONNECT asks for, and answers anything else itself."""

    def script(connection):
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        heard.append(head.decode())
        verb, target, _ = head.decode().split(" ", 2)
        if verb != "CONNECT":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy")
            return
        host, _, port = target.rpartition(":")
        with socket.create_connection(("127.0.0.1" if host == "localhost" else host, int(port))) as other:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _pump(connection, other)

    return script


def _pump(one, other):
    with selectors.DefaultSelector() as chosen:
        chosen.register(one, selectors.EVENT_READ, other)
        chosen.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _ in chosen.select(20):
                data = key.fileobj.recv(65_536)
                if not data:
                    return
                key.data.sendall(data)


def test_a_proxy_gets_the_request_and_its_own_login_only(look, nginx):
    heard = []
    with tcp_server(_relay(heard)) as port:
        request = {"proxy": f"http://127.0.0.1:{port}", "proxy_username": "me", "proxy_password": "pw"}
        result = look("http://name-that-only-the-proxy-knows.example/page", **request)
    assert (result.ok, result.body_excerpt, result.address) == (True, b"proxy", "127.0.0.1")
    assert heard[0].startswith("GET http://name-that-only-the-proxy-knows.example/page ")
    assert "Proxy-Authorization: Basic bWU6cHc=" in heard[0]


def test_a_secure_url_is_tunnelled_and_its_certificate_seen(look, nginx):
    heard = []
    with tcp_server(_relay(heard)) as port:
        result = look(f"https://localhost:{nginx['modern']}/", proxy=f"http://127.0.0.1:{port}")
    assert (result.ok, result.body_excerpt) == (True, b"HTTP/2.0"), result.detail
    assert heard[0].startswith(f"CONNECT localhost:{nginx['modern']} ")
    assert "localhost" in result.certificate.names


def test_a_proxy_on_a_private_address_is_not_dialled(look):
    with tcp_server(lambda connection: connection.sendall(b"never")) as port:
        result = look("http://shop.example/", proxy=f"http://127.0.0.1:{port}", policy=AddressPolicy())
    assert (result.failure_class, "loopback" in result.detail) == ("blocked", True)


def test_a_dead_proxy_is_refused(look):
    result = look("http://shop.example/", proxy=f"http://127.0.0.1:{closed_port()}")
    assert result.failure_class == "refused"


def test_only_the_address_family_asked_for_is_dialled(look, nginx):
    assert look(f"http://localhost:{nginx['plain']}/", ip_version=4).address == "127.0.0.1"
    assert look(f"http://localhost:{nginx['plain']}/", ip_version=6).failure_class in ("refused", "dns")


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({}, []),
        ({"client_key": None}, ["/request/clientKey"]),
        ({"client_certificate": None}, ["/request/clientCertificate"]),
        ({"client_certificate": "nonsense"}, ["/request/clientCertificate"]),
        ({"client_key": "nonsense"}, ["/request/clientKey"]),
        ({"proxy": "https://proxy.example"}, ["/request/proxy"]),
        ({"proxy": "http://me:pw@proxy.example"}, ["/request/proxy"]),
        ({"proxy_password": "pw"}, ["/request/proxy"]),
    ],
)
def test_what_does_not_fit_together_is_named(identity, change, wrong):
    found = wrong_http({"request": {**identity, **change}})
    assert [pointer for pointer, _ in found] == wrong


def test_another_certificates_key_is_named(identity, clients):
    other = clients.issue_cert("other@example.org").private_key_pem.bytes().decode()
    assert wrong_http({"request": {**identity, "client_key": other}})[0][0] == "/request/clientKey"
