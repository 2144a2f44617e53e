"""A target that speaks HTTP/2: nginx of the system, on the same addresses as bench/probe_target.py."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from bench.probe_target import ADDRESSES

BINARY = shutil.which("nginx") or "/usr/sbin/nginx"
START_SECONDS = 10
CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    ssl_protocols TLSv1.3;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    server {{
        {listen}
        location / {{ return 200 '{{"status": "up"}}'; }}
    }}
}}
"""


@contextmanager
def http2_target(folder: Path, certificate: str, key: str) -> Iterator[int | None]:
    """Run it; yields its port, or None where there is no nginx."""
    if not Path(BINARY).exists():
        yield None
        return
    with closing(socket.create_server((ADDRESSES[0], 0))) as free:
        port = free.getsockname()[1]
    folder.mkdir()
    listen = "\n        ".join(f"listen {address}:{port} ssl http2;" for address in ADDRESSES)
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, certificate=certificate, key=key, listen=listen))
    process = subprocess.Popen([BINARY, "-p", str(folder), "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), closing(socket.create_connection((ADDRESSES[0], port), 1)):
            return
        time.sleep(0.05)
    raise RuntimeError("nginx did not start")
