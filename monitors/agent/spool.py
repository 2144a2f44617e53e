"""Unsent results on disk: each batch a file, written whole or not at all, the oldest first."""

import fcntl
import logging
import os
import time
from itertools import count
from pathlib import Path

log = logging.getLogger(__name__)

MOST_BYTES = 100 * 1024 * 1024


class SpoolTaken(OSError):
    """Another agent uses this folder."""


class Spool:
    """Batches in `folder`, at most `most_bytes` of them: the oldest go first, and the log says so.

    Survives a kill at any moment. For one thread that adds and one that takes away. Raises SpoolTaken.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._number = count()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = (folder / "lock").open("a")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise SpoolTaken(f"Another agent uses {folder}: give each its own DATA_DIR.") from error
        for unfinished in folder.glob("*.part"):
            unfinished.unlink()

    def add(self, batch: bytes) -> None:
        """On disk when this returns."""
        name = f"{time.time_ns():020d}-{next(self._number):06d}"
        part = self._folder / f"{name}.part"
        with part.open("wb") as file:
            file.write(batch)
            file.flush()
            os.fsync(file.fileno())
        part.rename(self._folder / f"{name}.gz")
        self._shrink()

    def oldest(self) -> Path | None:
        """The batch that waits longest, or None."""
        return min(self._folder.glob("*.gz"), default=None)

    def remove(self, batch: Path) -> None:
        """It has arrived."""
        batch.unlink(missing_ok=True)

    def __len__(self) -> int:
        return sum(1 for _ in self._folder.glob("*.gz"))

    def note(self, name: str, text: str) -> None:
        """Keeps a word for the next start."""
        (self._folder / name).write_text(text)

    def noted(self, name: str) -> str:
        """The word kept under this name, or an empty one."""
        path = self._folder / name
        return path.read_text() if path.exists() else ""

    def close(self) -> None:
        """Another agent may use the folder."""
        self._lock.close()

    def _shrink(self) -> None:
        sizes = [(path, path.stat().st_size) for path in sorted(self._folder.glob("*.gz"))]
        excess = sum(size for _, size in sizes) - self._most_bytes
        for path, size in sizes:
            if excess <= 0:
                return
            log.error("Unsent results are dropped: %s is full", self._folder)
            path.unlink(missing_ok=True)
            excess -= size
