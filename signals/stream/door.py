"""Where callers are judged: a thread beside the event loop, and one database connection while anybody waits."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

from signals.stream.viewers import Refused

Answer = TypeVar("Answer")


class Door:
    """Runs reads of the database one after the other. A thousand open streams hold no connection between them."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="stream-door")
        self._asked = self._answered = 0

    async def ask(self, work: Callable[[], Answer]) -> Answer:
        """What `work` returns or raises; called in the event loop."""
        self._asked += 1
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._answer, work)

    def close(self) -> None:
        """Ends its thread; it can be asked no more."""
        self._thread.shutdown()

    def _answer(self, work: Callable[[], Answer]) -> Answer:
        is_broken = True
        try:
            answer = work()
            is_broken = False
            return answer
        except Refused:
            is_broken = False
            raise
        finally:
            self._answered += 1
            # To open a connection costs more than to judge; the next in line takes this one over.
            if is_broken or self._answered == self._asked:
                connections.close_all()
