"""Settings that several types of probe share."""

from monitors.probes.comparisons import COMPARISONS
from monitors.probes.schema import Field

_HOST = "A host name or an IP address, without a scheme or a port: db.example.com, 192.0.2.7 or 2001:db8::7."
HOST = Field(name="host", kind="host", required=True, minimum=1, maximum=253, help=_HOST)
IP_VERSION = Field(
    name="ip_version",
    kind="choice",
    choices=(None, 4, 6),
    nullable=True,
    help="Dial only IPv4 or only IPv6; by default IPv4 first, then IPv6.",
)
VERIFY_TLS = Field(
    name="verify_tls",
    kind="boolean",
    default=True,
    help="On by default. Off: any certificate will do, one signed by itself too; it is still recorded.",
)
LATENCY_THRESHOLD = Field(
    name="latency_threshold_ms",
    kind="integer",
    nullable=True,
    minimum=1,
    maximum=60_000,
    help="Milliseconds, such as 1500. Slower answers make the monitor DEGRADED and fail no check; by default none do.",
)


def port(default: int | None = None) -> Field:
    """The port to dial; required when there is no usual one."""
    return Field(
        name="port",
        kind="integer",
        default=default,
        required=default is None,
        minimum=1,
        maximum=65_535,
        help=f"The port to dial; by default {default}." if default else "The port to dial, such as 5432.",
    )


def tls_mode(help: str, *modes: str) -> Field:
    """Whether and how to secure a connection; the first mode is the default."""
    return Field(name="tls", kind="choice", choices=modes, default=modes[0], help=help)


def assertions(*sources: str) -> Field:
    """What an answer must be, looked at through `sources`."""
    one = (
        Field(name="source", kind="choice", choices=sources, required=True, help="What to look at."),
        Field(
            name="property",
            kind="text",
            nullable=True,
            maximum=500,
            help="A JSONPath without filters, such as $.status, or a certificate's property; by default days_left.",
        ),
        Field(name="comparison", kind="choice", choices=COMPARISONS, required=True, help="How to compare it."),
        Field(
            name="target",
            kind="any",
            nullable=True,
            help="What to compare it with: ok, or 500; a pair for between, [200, 299]; a list for in.",
        ),
    )
    return Field(
        name="assertions", kind="list", default=[], maximum=20, fields=one, help="What the answer must be besides."
    )
