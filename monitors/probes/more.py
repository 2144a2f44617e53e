"""Probe types that are complete, and wait for the API, forms and pages to offer them."""

from monitors.probes.dns import DNS_FIELDS, probe_dns
from monitors.probes.domain import DOMAIN_FIELDS, probe_domain
from monitors.probes.grpc import GRPC_FIELDS, probe_grpc
from monitors.probes.icmp import ICMP_FIELDS, probe_icmp
from monitors.probes.imap import IMAP_FIELDS, probe_imap
from monitors.probes.redis import REDIS_FIELDS, probe_redis
from monitors.probes.schema import ProbeType
from monitors.probes.smtp import SMTP_FIELDS, probe_smtp
from monitors.probes.sql import SQL_FIELDS, probe_sql
from monitors.probes.ssh import SSH_FIELDS, probe_ssh
from monitors.probes.tcp import TCP_FIELDS, probe_tcp
from monitors.probes.tls import TLS_FIELDS, probe_tls
from monitors.probes.udp import UDP_FIELDS, probe_udp
from monitors.probes.websocket import WEBSOCKET_FIELDS, probe_websocket

MORE_PROBES = {
    "tcp": ProbeType(probe_tcp, TCP_FIELDS),
    "udp": ProbeType(probe_udp, UDP_FIELDS),
    "tls": ProbeType(probe_tls, TLS_FIELDS),
    "dns": ProbeType(probe_dns, DNS_FIELDS),
    "smtp": ProbeType(probe_smtp, SMTP_FIELDS),
    "imap": ProbeType(probe_imap, IMAP_FIELDS),
    "ssh": ProbeType(probe_ssh, SSH_FIELDS),
    "redis": ProbeType(probe_redis, REDIS_FIELDS),
    "icmp": ProbeType(probe_icmp, ICMP_FIELDS),
    "websocket": ProbeType(probe_websocket, WEBSOCKET_FIELDS),
    "grpc": ProbeType(probe_grpc, GRPC_FIELDS),
    "sql": ProbeType(probe_sql, SQL_FIELDS),
    "domain": ProbeType(probe_domain, DOMAIN_FIELDS),
}
