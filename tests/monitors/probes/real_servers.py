"""Servers of other people's making, as processes of a test's own on loopback."""

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager

import pytest

PATHS = f"{os.environ['PATH']}:/usr/sbin:/usr/bin:/sbin"


def program(name, package):
    """Where it is; without it the test is skipped."""
    found = shutil.which(name, path=PATHS)
    if found is None:
        pytest.skip(f"needs Debian's {package}")
    return found


def run(command):
    """Run what prepares a server; it must go well."""
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd="/")
    assert ran.returncode == 0, ran.stdout + ran.stderr


@contextmanager
def running(command, port):
    """A server that listens on `port`, ended afterwards."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
    try:
        for _ in range(600):
            with socket.socket() as sock:
                if sock.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
            time.sleep(0.05)
        else:
            pytest.fail(f"{command[0]} does not listen on {port}")
        yield
    finally:
        process.terminate()
        process.wait(30)


def open_to_others(folder):
    """Let whoever a server becomes go into `folder` and what is above it."""
    for one in (folder, *folder.parents):
        if not one.stat().st_mode & 0o001:
            one.chmod(one.stat().st_mode | 0o011)
