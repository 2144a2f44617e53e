"""Processes while something is measured: ours with their children, and those of the servers beside them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    """The fields of proc(5) from the third on; None of a process that has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _all():
    """Every process: {id: fields}."""
    found = {int(path.name): _stat(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()}
    return {pid: fields for pid, fields in found.items() if fields}


def _own_and_reaped(fields):
    """CPU seconds of a process and of its children that have ended."""
    return sum(int(field) for field in fields[11:15]) / TICKS


def cpu_of_servers(name):
    """CPU seconds so far of all processes of this name, those that have ended included."""
    named = [fields for pid, fields in _all().items() if _name(pid) == name]
    return sum(_own_and_reaped(fields) for fields in named)


def _name(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _kilobytes(pid, name):
    """A line of smaps_rollup (proc(5)): `Rss`, or `Pss`, in which a page that n processes share counts 1/n in each."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)


class Process:
    """A process with its children, and what they have used."""

    def __init__(self, pid):
        self.pid = pid

    def cpu(self):
        """CPU seconds so far."""
        found = _all()
        return sum(_own_and_reaped(found[pid]) for pid in self._family(found))

    def threads(self):
        """CPU seconds so far of each thread of the process itself, without its children."""
        found = {path.name: _stat(f"{self.pid}/task/{path.name}") for path in Path(f"/proc/{self.pid}/task").iterdir()}
        return {name: (int(fields[11]) + int(fields[12])) / TICKS for name, fields in found.items() if fields}

    def megabytes(self, name="Pss"):
        """In memory now: what is shared with others in parts (`Pss`), or whole in each that shares it (`Rss`)."""
        return sum(_kilobytes(pid, name) for pid in self._family(_all())) / 1024

    def _family(self, found):
        family = {self.pid} & found.keys()
        while more := {pid for pid, fields in found.items() if int(fields[1]) in family} - family:
            family |= more
        return family


class Running(Process):
    """One of our processes."""

    def __init__(self, command, env):
        self.process = subprocess.Popen([sys.executable, *command], env=env, cwd=ROOT, stdout=subprocess.DEVNULL)
        super().__init__(self.process.pid)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
