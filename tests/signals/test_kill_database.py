"""The database server is killed in the middle of pings: what was acknowledged is stored when it is back."""

import os
import pwd
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from django.conf import settings

from tests.platform import MANAGE, ROOT
from tests.signals.servers import free_port, web
from tests.signals.test_kill_web import Pinger, wait_for

pytestmark = pytest.mark.slow
CLIENTS = 6


class Cluster:
    """A PostgreSQL server of this test alone, with its default durability."""

    def __init__(self, folder, binaries):
        self.folder, self.binaries, self.port = folder, binaries, free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self.process = None
        # PostgreSQL refuses to run as root, so its own user runs it there.
        self.user = "postgres" if os.geteuid() == 0 else None

    def run(self, name, *arguments):
        return subprocess.Popen(
            [str(self.binaries / name), *arguments], user=self.user, cwd="/", stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def make(self):
        data = str(self.folder / "data")
        assert self.run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N").wait(120) == 0

    def start(self):
        self._launch()
        wait_for(self.answers_at_last, 120)

    def _launch(self):
        self.process = self.run(
            "postgres", "-D", str(self.folder / "data"), "-p", str(self.port), "-c", "listen_addresses=127.0.0.1",
            "-c", f"unix_socket_directories={self.folder}",
        )  # fmt: skip

    def kill(self):
        """As the kernel does when memory runs out: the server, then its children, which lead groups of their own."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        os.kill(pid, signal.SIGKILL)
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        self.process.wait(20)

    def answers_at_last(self):
        """A server does not start while a child of the killed one still holds its memory: tried again until it does."""
        if self.process.poll() is not None:
            self._launch()
        return self.answers()

    def answers(self):
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def rows(self, statement):
        with psycopg.connect(self.url) as connection:
            return connection.execute(statement).fetchall()


@pytest.fixture
def cluster():
    folder = Path("/usr/lib/postgresql")
    found = sorted(folder.glob("*/bin/initdb"))
    if not found:
        pytest.skip("only where PostgreSQL's own programs are installed")
    with _open_folder() as place:
        made = Cluster(place, found[-1].parent)
        made.make()
        made.start()
        yield made
        if made.process.poll() is None:
            made.kill()


@contextmanager
def _open_folder():
    """A folder that the user of PostgreSQL reaches and owns; pytest closes its own to others whenever it starts."""
    with TemporaryDirectory() as place:
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(place, owner.pw_uid, owner.pw_gid)
        yield Path(place)


SEED = """
import django
django.setup()
from accounts.actor import SYSTEM
from accounts.services import create_user
from common import clock
from monitors.services import create_monitor
workspace = create_user(email="kill@example.org", password=None, by=SYSTEM).workspaces.get()
for number in range(10):
    schedule = {"kind": "interval", "interval_seconds": 3600}
    fields = {"name": f"job {number}", "type": "heartbeat", "settings": {"schedule": schedule}}
    print(create_monitor(workspace=workspace, by=SYSTEM, now=clock.now(), fields=fields).heartbeat.token)
"""


class Job:
    """A heartbeat as `Pinger` sees it."""

    def __init__(self, token):
        self.token = token


def seeded(cluster, tmp_path):
    environment = {
        **os.environ, "DATABASE_URL": cluster.url, "DATA_DIR": str(tmp_path), "REDIS_URL": "",
        "PYTHONWARNINGS": "ignore", "DJANGO_SETTINGS_MODULE": "websignal.settings",
        "PYTHONPATH": str(ROOT), "SECRET_KEY": settings.SECRET_KEY,
    }  # fmt: skip
    subprocess.run([*MANAGE, "migrate", "-v0"], env=environment, cwd=ROOT, check=True)
    told = subprocess.check_output([MANAGE[0], "-c", SEED], env=environment, cwd=ROOT, text=True)
    return [Job(token) for token in told.split()]


class Stubborn(Pinger):
    """Goes on while the database is away, as a job that pings again does."""

    def __init__(self, port, number, heartbeats):
        super().__init__(port, number, heartbeats)
        self.is_over = False

    def run(self):
        while not self.is_over:
            super().run()
            time.sleep(0.05)

    def ping_on(self, connection):
        self.number = f"{self.number}."
        super().ping_on(_Until(connection, self))


class _Until:
    """A connection that ends its pinger when that is over."""

    def __init__(self, connection, pinger):
        self.connection, self.pinger = connection, pinger

    def request(self, *arguments):
        if self.pinger.is_over:
            raise OSError("over")
        self.connection.request(*arguments)

    def getresponse(self):
        return self.connection.getresponse()


def acknowledged(pingers):
    return set().union(*[set(one.acknowledged) for one in pingers])


def test_nothing_acknowledged_is_lost_when_the_database_is_killed(cluster, tmp_path):
    jobs = seeded(cluster, tmp_path)
    with web(tmp_path, DATABASE_URL=cluster.url, REDIS_URL="") as server:
        pingers = [Stubborn(server.port, str(number), jobs) for number in range(CLIENTS)]
        for one in pingers:
            one.start()
        wait_for(lambda: len(acknowledged(pingers)) > 200, 120)
        cluster.kill()
        cluster.start()
        before = len(acknowledged(pingers))
        wait_for(lambda: len(acknowledged(pingers)) > before + 50, 120)
        for one in pingers:
            one.is_over = True
        for one in pingers:
            one.join(30)
    said = acknowledged(pingers)
    stored = {payload for (payload,) in cluster.rows("SELECT payload FROM signals_signal WHERE method <> ''")}
    assert len(said) > 250
    assert said <= stored
