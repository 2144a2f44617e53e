"""A listener over a real socket in a thread of its own, with its pings on the real database."""

import asyncio
import smtplib
import threading
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from signals.mail.listener import Listener

DOMAIN = "ping.example.org"


@dataclass
class Running:
    """Where it listens, and its loop for tests that look inside."""

    port: int
    listener: Listener
    loop: asyncio.AbstractEventLoop

    def client(self):
        return smtplib.SMTP("127.0.0.1", self.port, local_hostname="job.example.org", timeout=30)

    def send(self, local, body=b"", sender="cron@job.example.org"):
        """One mail to `local`@the domain; the answer to it, (code, text)."""
        with self.client() as client:
            client.ehlo()
            client.mail(sender)
            answer = client.rcpt(local if "@" in local else f"{local}@{DOMAIN}")
            return client.data(body) if answer[0] == 250 else answer


@contextmanager
def running(**limits):
    ready, found = threading.Event(), {}

    async def serve():
        listener, stopping = Listener(DOMAIN, **limits), asyncio.Event()
        found.update(loop=asyncio.get_running_loop(), listener=listener, stopping=stopping)
        found["port"] = await listener.start("127.0.0.1", 0)
        ready.set()
        await stopping.wait()
        await listener.stop()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(30)
    try:
        yield Running(found["port"], found["listener"], found["loop"])
    finally:
        found["loop"].call_soon_threadsafe(found["stopping"].set)
        thread.join(60)
    assert not thread.is_alive()


@pytest.fixture
def mail(transactional_db):
    """A listener as `manage.py mail_listener` starts it."""
    with running() as found:
        yield found
