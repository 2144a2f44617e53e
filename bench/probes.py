"""Measures the probe engine beside blackbox_exporter and axios, and how true its times are when paced.

    python -m bench.probes [--seconds 4] [--rounds 2]

Every check is a fresh connection with phases, a keyword assertion and the address guard; over HTTPS with the
certificate parsed as well. CPU is user and system time of the whole process. The best of the rounds counts:
other work on the machine can only make a round worse.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import trustme

from bench import axios
from bench.blackbox import BINARY, blackbox
from bench.report import machine, table
from common.addresses import AddressPolicy
from monitors.engine.engine import Engine, prepare_process
from monitors.engine.loop import ProbeLoop
from monitors.probes.base import Check, Claim, Result

IN_FLIGHT = (50, 200, 1000)
PACED_PER_SECOND = 1000
POLICY = AddressPolicy(allow_private=True)
KEYWORD = {"source": "body", "comparison": "contains", "target": "up"}


def check(url: str, number: int, scheduled_at: float) -> Check:
    """A check with a keyword assertion."""
    settings = {"url": url, "assertions": [KEYWORD]}
    return Check(
        monitor_id=number,
        region_id=1,
        type="http",
        settings=settings,
        scheduled_at=scheduled_at,
        timeout_ms=10_000,
    )


class ClosedLoop:
    """Keeps a number of checks under way: each that ends makes place for another."""

    def __init__(self, url: str, in_flight: int, ca_file: str) -> None:
        self.done = 0
        self._url = url
        self._going = True
        self._loop = ProbeLoop(POLICY, self._on_results, verify_with=ca_file)
        self._loop.submit(self._checks(in_flight))
        self._thread = threading.Thread(target=self._loop.run)

    def _checks(self, number: int) -> list[Check]:
        now = time.time()
        return [check(self._url, index, now) for index in range(number)]

    def _on_results(self, results: Sequence[Result]) -> None:
        for result in results:
            assert result.ok, result
        self.done += len(results)
        if self._going:
            self._loop.submit(self._checks(len(results)))

    def rate(self, seconds: float) -> tuple[float, float]:
        """Checks per CPU-second and per second of wall time."""
        self._thread.start()
        time.sleep(1.0)
        done, cpu, began = self.done, time.process_time(), time.monotonic()
        time.sleep(seconds)
        done, cpu, wall = self.done - done, time.process_time() - cpu, time.monotonic() - began
        self._going = False
        self._loop.drain()
        self._thread.join()
        self._loop.close()
        return done / cpu, done / wall


class PacedStore:
    """Gives out checks at an even rate and keeps what comes back."""

    def __init__(self, url: str, per_second: int, seconds: float) -> None:
        first = time.time() + 1.5
        self._waiting = [check(url, n, first + n / per_second) for n in range(int(per_second * seconds))]
        self.results: list[Result] = []
        self.expected = len(self._waiting)

    def claim(self, *, now: float, until: float, limit: int) -> Claim:
        due = [one for one in self._waiting[:limit] if one.scheduled_at < until]
        self._waiting = self._waiting[len(due) :]
        return Claim(due, False)

    def record(self, results: Sequence[Result]) -> None:
        self.results.extend(results)

    def pass_on(self) -> None:
        raise AssertionError("nothing is left")

    def close(self) -> None:
        pass


def paced(url: str, ca_file: str, seconds: float) -> tuple[list[Result], float]:
    """Run the whole engine at 1,000 checks a second. Returns its results and its share of one core."""
    store = PacedStore(url, PACED_PER_SECOND, seconds)
    engine = Engine(store, "bench", POLICY, 5000, verify_with=ca_file)
    cpu, began = time.process_time(), time.monotonic()
    engine.start()
    while len(store.results) < store.expected and time.monotonic() - began < seconds + 30:
        time.sleep(0.5)
        engine.wake()
    share = (time.process_time() - cpu) / (time.monotonic() - began)
    engine.stop(10)
    return store.results, share


@contextmanager
def target(*arguments: str) -> Iterator[int]:
    """Run the target server; yields its port."""
    command = [sys.executable, str(Path(__file__).with_name("probe_target.py")), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


def best(measure: Callable[[], tuple[float, float]], rounds: int) -> tuple[float, float]:
    return max(measure() for _ in range(rounds))


def compare(url: str, ca_file: str, seconds: float, rounds: int, peer: Path | None) -> Iterator[list[object]]:
    """One row for each number in flight."""
    scheme = url.partition(":")[0].upper()
    for in_flight in IN_FLIGHT:
        ours, our_wall = best(lambda n=in_flight: ClosedLoop(url, n, ca_file).rate(seconds), rounds)
        theirs, their_wall, ratio = "–", "–", "–"
        if BINARY.exists():
            with blackbox(ca_file) as exporter:
                rate, wall = best(lambda n=in_flight: exporter.rate(url, n, seconds), rounds)
            theirs, their_wall, ratio = f"{rate:,.0f}", f"{wall:,.0f}", f"{ours / rate:.1f} ×"
        nodes = "–"
        if peer is not None:
            nodes = f"{best(lambda n=in_flight: axios.rate(peer, url, n, seconds, ca_file), rounds)[0]:,.0f}"
        yield [f"{scheme}, {in_flight}", f"{ours:,.0f}", theirs, ratio, nodes, f"{our_wall:,.0f}", their_wall]


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def paced_row(results: Sequence[Result], share: float) -> list[object]:
    first_bytes = [result.phases.first_byte or 0.0 for result in results]
    lags = [result.lag_ms for result in results]
    shown = [f"{percentile(values, part):.1f}" for values in (first_bytes, lags) for part in (0.5, 0.99)]
    good = sum(result.ok for result in results)
    return [f"50 ms endpoint, {PACED_PER_SECOND:,}/s", f"{good:,}/{len(results):,}", *shown, f"{share:.0%}"]


def run(seconds: float, rounds: int, directory: Path) -> None:
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    issued = authority.issue_cert("localhost", "127.0.0.1", key_type=trustme.KeyType.ECDSA)
    ca_file, certificate, key = (str(directory / name) for name in ("ca.pem", "cert.pem", "key.pem"))
    authority.cert_pem.write_to_path(ca_file)
    issued.private_key_pem.write_to_path(key)
    for position, blob in enumerate(issued.cert_chain_pems):
        blob.write_to_path(certificate, append=position > 0)
    print(machine(), flush=True)
    prepare_process(ca_file)
    header = ["in flight", "ours / CPU-s", "blackbox / CPU-s", "ratio", "axios / CPU-s", "ours / s", "blackbox / s"]
    with target() as plain, target(certificate, key) as secure:
        urls = (f"http://127.0.0.1:{plain}/", f"https://127.0.0.1:{secure}/")
        peer = axios.install(directory / "axios")
        rows = [row for url in urls for row in compare(url, ca_file, seconds, rounds, peer)]
        print(f"\n{table(header, rows)}", flush=True)
        runs = [paced_row(*paced(f"http://127.0.0.1:{plain}/slow", ca_file, seconds * 2)) for _ in range(rounds)]
    header = ["paced", "ok", "first byte p50 ms", "p99", "lag p50 ms", "p99", "core"]
    print(f"\n{table(header, runs)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        run(arguments.seconds, arguments.rounds, Path(directory))


if __name__ == "__main__":
    main()
