"""Drives prometheus-blackbox-exporter over its own /probe API, to compare with."""

import asyncio
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import uvloop

from bench.report import cpu_seconds

BINARY = Path("/usr/bin/prometheus-blackbox-exporter")
_CONFIGURATION = """
modules:
  http:
    prober: http
    timeout: 10s
    http:
      preferred_ip_protocol: ip4
      fail_if_body_not_matches_regexp: ["up"]
      tls_config: {{ca_file: {ca_file}}}
"""


class Blackbox:
    """A running exporter."""

    def __init__(self, pid: int, port: int) -> None:
        self.pid = pid
        self.port = port

    def rate(self, url: str, in_flight: int, seconds: float) -> tuple[float, float]:
        """Checks per CPU-second of the exporter, and per second of wall time, with `in_flight` under way."""
        uvloop.run(self._probe(url, in_flight, 1.0))
        spent, began = cpu_seconds(self.pid), time.monotonic()
        checks = uvloop.run(self._probe(url, in_flight, seconds))
        return checks / (cpu_seconds(self.pid) - spent), checks / (time.monotonic() - began)

    async def _probe(self, url: str, in_flight: int, seconds: float) -> int:
        ends = time.monotonic() + seconds
        request = f"GET /probe?module=http&target={quote(url, safe='')} HTTP/1.1\r\nHost: b\r\n\r\n".encode()
        return sum(await asyncio.gather(*(self._one(request, ends) for _ in range(in_flight))))

    async def _one(self, request: bytes, ends: float) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        checks = 0
        while time.monotonic() < ends:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            body = await _body(reader, head)
            assert b"\nprobe_success 1\n" in body, body
            checks += 1
        writer.close()
        return checks


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    lowered = head.lower()
    if b"content-length:" in lowered:
        return await reader.readexactly(int(lowered.partition(b"content-length:")[2].partition(b"\r\n")[0]))
    body = b""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return body


@contextmanager
def blackbox(ca_file: str) -> Iterator[Blackbox]:
    """Run the exporter on a free port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as configuration:
        configuration.write(_CONFIGURATION.format(ca_file=ca_file))
        configuration.flush()
        listen = f"--web.listen-address=127.0.0.1:{port}"
        process = subprocess.Popen(
            [BINARY, listen, f"--config.file={configuration.name}", "--log.level=error"],
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_until_ready(port)
            yield Blackbox(process.pid, port)
        finally:
            process.terminate()
            process.wait()


def _wait_until_ready(port: int) -> None:
    for _ in range(100):
        try:
            urlopen(f"http://127.0.0.1:{port}/-/healthy", timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the exporter does not answer")
