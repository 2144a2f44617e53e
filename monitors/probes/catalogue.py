"""Every probe type there is; a new one is one module and one entry here."""

from monitors.probes.dns import DNS_FIELDS, probe_dns, wrong_dns
from monitors.probes.domain import DOMAIN_FIELDS, probe_domain, wrong_domain
from monitors.probes.grpc import GRPC_FIELDS, probe_grpc
from monitors.probes.http import probe_http
from monitors.probes.http_settings import HTTP_FIELDS, wrong_http
from monitors.probes.icmp import ICMP_FIELDS, probe_icmp
from monitors.probes.imap import IMAP_FIELDS, probe_imap
from monitors.probes.mail_login import wrong_login
from monitors.probes.redis import REDIS_FIELDS, probe_redis
from monitors.probes.schema import ProbeType
from monitors.probes.smtp import SMTP_FIELDS, probe_smtp
from monitors.probes.sql import SQL_FIELDS, probe_sql
from monitors.probes.ssh import SSH_FIELDS, probe_ssh, wrong_ssh
from monitors.probes.tcp import TCP_FIELDS, probe_tcp
from monitors.probes.tls import TLS_FIELDS, probe_tls
from monitors.probes.udp import UDP_FIELDS, probe_udp
from monitors.probes.websocket import WEBSOCKET_FIELDS, probe_websocket, wrong_websocket

PROBES = {
    "http": ProbeType(
        probe_http,
        HTTP_FIELDS,
        label="Website or API (HTTP)",
        summary="Asks a web address for an answer and looks at its status, headers and content.",
        problems=wrong_http,
        has_expiry=True,
    ),
    "tls": ProbeType(
        probe_tls,
        TLS_FIELDS,
        label="Certificate (TLS)",
        summary="Shakes hands with a server and judges its certificate: dates, chain and names.",
        has_expiry=True,
    ),
    "domain": ProbeType(
        probe_domain,
        DOMAIN_FIELDS,
        label="Domain registration",
        summary="Asks the registry when a domain's registration ends, and who keeps it.",
        problems=wrong_domain,
        has_expiry=True,
    ),
    "dns": ProbeType(
        probe_dns,
        DNS_FIELDS,
        label="DNS records",
        summary="Asks a name server for records and notices when the answer changes.",
        problems=wrong_dns,
    ),
    "tcp": ProbeType(
        probe_tcp,
        TCP_FIELDS,
        label="TCP port",
        summary="Connects to a port; can send a line and look at what comes back.",
    ),
    "udp": ProbeType(
        probe_udp,
        UDP_FIELDS,
        label="UDP port",
        summary="Sends a datagram to a port and looks at what comes back.",
    ),
    "icmp": ProbeType(
        probe_icmp,
        ICMP_FIELDS,
        label="Ping (ICMP)",
        summary="Pings a host a few times: reachability, lost pings, round trip and jitter.",
    ),
    "websocket": ProbeType(
        probe_websocket,
        WEBSOCKET_FIELDS,
        label="WebSocket",
        summary="Opens a WebSocket; can send a message and wait for one back.",
        problems=wrong_websocket,
        has_expiry=True,
    ),
    "grpc": ProbeType(
        probe_grpc,
        GRPC_FIELDS,
        label="gRPC health",
        summary="Asks a gRPC server's health service whether it is serving.",
        has_expiry=True,
    ),
    "smtp": ProbeType(
        probe_smtp,
        SMTP_FIELDS,
        label="Mail server (SMTP)",
        summary="Greets a server that takes mail; secures the connection and logs in where asked to.",
        problems=wrong_login,
        has_expiry=True,
    ),
    "imap": ProbeType(
        probe_imap,
        IMAP_FIELDS,
        label="Mailbox server (IMAP)",
        summary="Greets a server that keeps mailboxes; secures the connection and logs in where asked to.",
        problems=wrong_login,
        has_expiry=True,
    ),
    "ssh": ProbeType(
        probe_ssh,
        SSH_FIELDS,
        label="SSH server",
        summary="Reads an SSH server's banner and notices when its host key changes.",
        problems=wrong_ssh,
    ),
    "sql": ProbeType(
        probe_sql,
        SQL_FIELDS,
        label="SQL database",
        summary="Logs in to PostgreSQL, MySQL or MariaDB and runs a query that only reads.",
        has_expiry=True,
    ),
    "redis": ProbeType(
        probe_redis,
        REDIS_FIELDS,
        label="Redis",
        summary="Sends PING to a Redis server and waits for PONG.",
        has_expiry=True,
    ),
}
