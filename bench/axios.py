"""Drives axios in Node, as a peer of the engine; installed with npm into a folder of its own when it is first asked."""

import shutil
import subprocess
from pathlib import Path

VERSION = "1.7.9"
_PEER = Path(__file__).with_name("axios_peer.mjs")


def install(folder: Path) -> Path | None:
    """The script beside its library; None where there is no Node or no npm, or the package cannot be had."""
    if not shutil.which("node") or not shutil.which("npm"):
        return None
    folder.mkdir(exist_ok=True)
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), f"axios@{VERSION}"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=120)
    except subprocess.TimeoutExpired:
        return None
    return Path(shutil.copy(_PEER, folder)) if done.returncode == 0 else None


def rate(script: Path, url: str, in_flight: int, seconds: float, ca_file: str) -> tuple[float, float]:
    """Checks per CPU-second of Node, and per second of wall time."""
    command = ["node", str(script), url, str(in_flight), str(seconds), ca_file]
    per_cpu, per_wall = subprocess.check_output(command, text=True, timeout=seconds + 60).split()
    return float(per_cpu), float(per_wall)
