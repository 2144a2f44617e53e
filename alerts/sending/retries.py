"""When a delivery is tried again. Pure."""

MAX_ATTEMPTS = 12
FIRST_DELAY_SECONDS = 10.0
# Eleven delays that grow by this add up to 24 hours.
GROWTH = 2.3415
JITTER = 0.1


def retry_delay(attempt: int, random: float) -> float | None:
    """Seconds to wait after failed attempt number `attempt` (from 1), or None when it was the last.

    `random` in [0, 1) spreads the delay by 10 % to either side, so that receivers that fail together are not hit
    together again.
    """
    if attempt >= MAX_ATTEMPTS:
        return None
    spread = 1 + JITTER * (2 * random - 1)
    return float(FIRST_DELAY_SECONDS * GROWTH ** (attempt - 1) * spread)
