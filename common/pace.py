"""How long work in many small steps goes on, and how much it rests between them: others need the same core."""

import time
from dataclasses import dataclass, field
from math import inf


@dataclass(slots=True)
class Pace:
    """`rest` is a share of what the step before it took: 3 leaves three quarters of the time to others."""

    rest: float = 0.0
    seconds: float = inf
    _began: float = field(default_factory=time.monotonic)
    _step_began: float = field(default_factory=time.monotonic)

    def goes_on(self) -> bool:
        """Rests after a step; False once `seconds` are over."""
        now = time.monotonic()
        if now - self._began >= self.seconds:
            return False
        time.sleep((now - self._step_began) * self.rest)
        self._step_began = time.monotonic()
        return True
