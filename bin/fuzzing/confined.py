"""The web process with no way out: whatever a fuzzer asks to be checked, nothing is dialled and no name looked up.

Nor does a reader of the change feed wait: tests/accounts/test_waiting.py does that.
"""

from ipaddress import ip_network

from common import addresses, resolve
from websignal.asgi import EventsApp, application

__all__ = ["application"]


def _no_name(host, ip_version, answer, done):
    answer.append(OSError("names are not looked up here"))
    resolve._threads.release()
    done.set()


resolve._look_up = _no_name
addresses._NEVER = tuple((ip_network(network), "out of bounds") for network in ("0.0.0.0/0", "::/0"))
EventsApp.takes = staticmethod(lambda scope: False)
