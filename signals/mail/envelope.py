"""One mail on its way in: its recipients, read and known."""

from aiosmtpd.smtp import Envelope as SmtpEnvelope

from signals.ingest.address import Address


class Envelope(SmtpEnvelope):
    """`heartbeats`: what each recipient's address says, and the token that it stands for."""

    def __init__(self) -> None:
        super().__init__()
        self.heartbeats: list[tuple[Address, str]] = []
