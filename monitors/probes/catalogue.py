"""Every probe type there is; a new one is one module and one line here."""

from monitors.probes.http import probe_http
from monitors.probes.http_settings import HTTP_FIELDS
from monitors.probes.schema import ProbeType

PROBES = {
    "http": ProbeType(probe_http, HTTP_FIELDS),
}
