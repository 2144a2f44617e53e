"""What every bench prints alike: the machine it ran on, and markdown tables."""

import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path


def machine() -> str:
    """One line: processor, cores, kernel, Python."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    cores, kernel = os.cpu_count(), platform.release()
    return f"Machine: {model}, {cores} cores, Linux {kernel}, Python {platform.python_version()}."


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A markdown table; every column but the first is aligned to the right."""
    ruler = ["---", *("---:" for _ in header[1:])]
    lines = [header, ruler, *([str(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, all its threads (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
