"""Measures the probe engine beside blackbox_exporter and axios, and how true its times are when paced.

    python bench/probes.py                     # six minutes: both tables
    python bench/probes.py --only paced        # half a minute; or --only peers
    python bench/probes.py --seconds 8 --rounds 3

Every check is a fresh connection with phases, a keyword assertion and the address guard; over HTTPS with the
certificate parsed as well. CPU is user and system time of the whole process. The best of the rounds counts:
other work on the machine can only make a round worse. blackbox_exporter is Debian's prometheus-blackbox-exporter;
axios comes from npm into a folder that goes afterwards. Where one cannot be had, its columns say so.
HTTPS is HTTP/1.1 here and goes through rustls; a server that chooses HTTP/2 (Debian's nginx-light, which axios asks in
HTTP/1.1) is libcurl's.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import trustme

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from bench import axios  # noqa: E402
from bench.blackbox import BINARY, blackbox  # noqa: E402
from bench.nginx import http2_target  # noqa: E402
from bench.probe_target import ADDRESSES  # noqa: E402
from bench.report import machine, table  # noqa: E402
from common.addresses import AddressPolicy  # noqa: E402
from monitors.engine.engine import Engine, prepare_process  # noqa: E402
from monitors.engine.loop import ProbeLoop  # noqa: E402
from monitors.probes.base import Check, Claim, Result  # noqa: E402

IN_FLIGHT = (50, 200, 1000)
FIRST_BYTE_TARGETS = {1000: 54, 2000: 56, 4000: 70}  # p99 in ms by checks a second
BLACKBOX_TARGETS, AXIOS_TARGETS = {"HTTP": "≥ 4 ×", "HTTPS": "≥ 1.5 ×"}, {"HTTP": "≥ 3 ×", "HTTPS": "≥ 3 ×"}
POLICY = AddressPolicy(allow_private=True)
KEYWORD = {"source": "body", "comparison": "contains", "target": "up"}


def check(url: str, number: int, scheduled_at: float) -> Check:
    """A check with a keyword assertion."""
    settings = {"url": url.replace(ADDRESSES[0], ADDRESSES[number % len(ADDRESSES)]), "assertions": [KEYWORD]}
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
        # Numbers alone: thousands of whole results would be the collector's work in no real engine.
        self.results: list[tuple[float, float, bool]] = []
        self.expected = len(self._waiting)

    def claim(self, *, now: float, until: float, limit: int) -> Claim:
        due = [one for one in self._waiting[:limit] if one.scheduled_at < until]
        self._waiting = self._waiting[len(due) :]
        return Claim(due, more=len(due) == limit)

    def record(self, results: Sequence[Result]) -> None:
        self.results.extend((one.phases.first_byte or 0.0, one.lag_ms, one.ok) for one in results)

    def pass_on(self) -> None:
        """There is nobody to pass it to."""

    def close(self) -> None:
        pass


def paced(url: str, ca_file: str, per_second: int, seconds: float) -> tuple[list[tuple[float, float, bool]], float]:
    """Run the whole engine at so many checks a second. Returns its results and its share of one core."""
    store = PacedStore(url, per_second, seconds)
    engine = Engine(store, "bench", POLICY, 3 * per_second, verify_with=ca_file)
    cpu, began = time.process_time(), time.monotonic()
    engine.start()
    while len(store.results) < store.expected and time.monotonic() - began < seconds + 30:
        time.sleep(0.5)
        engine.wake()
    share = (time.process_time() - cpu) / (time.monotonic() - began)
    engine.stop(10)
    return store.results, share


@contextmanager
def target(*arguments: str) -> Iterator[tuple[int, int]]:
    """Run the target server; yields its port and its process id."""
    command = [sys.executable, str(Path(__file__).with_name("probe_target.py")), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline()), process.pid
    finally:
        process.terminate()
        process.wait()


def best(measure: Callable[[], tuple[float, float]], rounds: int) -> tuple[float, float]:
    return max(measure() for _ in range(rounds))


def compare(
    name: str, url: str, ca_file: str, seconds: float, rounds: int, peer: Path | None
) -> Iterator[list[object]]:
    """One row for each number in flight."""
    for in_flight in IN_FLIGHT:
        ours, our_wall = best(lambda n=in_flight: ClosedLoop(url, n, ca_file).rate(seconds), rounds)
        yield [
            f"{name}, {in_flight}",
            f"{ours:,.0f}",
            f"{our_wall:,.0f}",
            *beside_blackbox(ours, url, in_flight, ca_file, seconds, rounds),
            BLACKBOX_TARGETS.get(name, "–"),
            *beside_axios(ours, url, in_flight, ca_file, seconds, rounds, peer),
            AXIOS_TARGETS.get(name, "–"),
        ]


def beside_blackbox(ours: float, url: str, in_flight: int, ca_file: str, seconds: float, rounds: int) -> list[str]:
    if not BINARY.exists():
        return ["not installed", "–", "–"]
    with blackbox(ca_file) as exporter:
        rate, wall = best(lambda: exporter.rate(url, in_flight, seconds), rounds)
    return [f"{rate:,.0f}", f"{wall:,.0f}", f"{ours / rate:.1f} ×"]


def beside_axios(
    ours: float, url: str, in_flight: int, ca_file: str, seconds: float, rounds: int, peer: Path | None
) -> list[str]:
    if peer is None:
        return ["not installed", "–"]
    rate, _ = best(lambda: axios.rate(peer, url, in_flight, seconds, ca_file), rounds)
    return [f"{rate:,.0f}", f"{ours / rate:.1f} ×"]


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def paced_row(per_second: int, results: Sequence[tuple[float, float, bool]], share: float) -> list[object]:
    first_bytes, lags, verdicts = zip(*results, strict=True)
    shown = [f"{percentile(values, part):.1f}" for values in (first_bytes, lags) for part in (0.5, 0.99)]
    shown.insert(2, f"≤ {FIRST_BYTE_TARGETS[per_second]}")
    good = sum(verdicts)
    return [f"{per_second:,} / s", f"{good:,}/{len(results):,}", *shown, f"{share:.0%}"]


def run(only: str | None, seconds: float, rounds: int, directory: Path) -> None:
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    issued = authority.issue_cert("localhost", *ADDRESSES, key_type=trustme.KeyType.ECDSA)
    ca_file, certificate, key = (str(directory / name) for name in ("ca.pem", "cert.pem", "key.pem"))
    authority.cert_pem.write_to_path(ca_file)
    issued.private_key_pem.write_to_path(key)
    for position, blob in enumerate(issued.cert_chain_pems):
        blob.write_to_path(certificate, append=position > 0)
    print(machine(), flush=True)
    prepare_process(ca_file)
    with (
        target() as (plain, _),
        target(certificate, key) as (secure, _),
        http2_target(directory / "nginx", certificate, key) as modern,
    ):
        urls = {"HTTP": f"http://127.0.0.1:{plain}/", "HTTPS": f"https://127.0.0.1:{secure}/"}
        if modern is not None:
            urls["HTTPS, HTTP/2"] = f"https://127.0.0.1:{modern}/"
        if only != "paced":
            print_peers(urls, ca_file, seconds, rounds, directory)
        if only != "peers":
            print_paced(f"{urls['HTTP']}slow", ca_file, seconds * 2)


def print_peers(urls: Mapping[str, str], ca_file: str, seconds: float, rounds: int, directory: Path) -> None:
    peer = axios.install(directory / "axios")
    if not BINARY.exists():
        print("blackbox_exporter is left out: install prometheus-blackbox-exporter.")
    if peer is None:
        print("axios is left out: it needs node, npm and npm's registry.")
    rows = [row for name, url in urls.items() for row in compare(name, url, ca_file, seconds, rounds, peer)]
    header = ["in flight", "ours / CPU-s", "ours / s", "blackbox / CPU-s", "blackbox / s", "ratio", "target",
              "axios / CPU-s", "ratio", "target"]  # fmt: skip
    print(f"\n{table(header, rows)}", flush=True)


def print_paced(url: str, ca_file: str, seconds: float) -> None:
    rows = [paced_row(rate, *paced(url, ca_file, rate, seconds)) for rate in FIRST_BYTE_TARGETS]
    header = ["50 ms endpoint", "ok", "first byte p50 ms", "p99", "target", "lag p50 ms", "p99", "core"]
    print(f"\n{table(header, rows)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("peers", "paced"))
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        run(arguments.only, arguments.seconds, arguments.rounds, Path(directory))


if __name__ == "__main__":
    main()
