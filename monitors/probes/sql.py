"""The SQL probe: log in to PostgreSQL, MySQL or MariaDB, run one read-only query, look at its rows."""

import time
from collections.abc import Generator
from typing import Any

import orjson

from monitors.probes import mysql, postgresql
from monitors.probes.base import ProbeFailed, Result
from monitors.probes.fields import HOST, IP_VERSION, LATENCY_THRESHOLD, VERIFY_TLS, assertions, tls_mode
from monitors.probes.handles import Handles
from monitors.probes.judging import conclude
from monitors.probes.operations import Deadline, Operation, Steps
from monitors.probes.postgresql import Login
from monitors.probes.schema import Field
from monitors.probes.secured import secure_for_host
from monitors.probes.sql_answer import MOST_BYTES, MOST_ROWS, Rows, SqlError
from monitors.probes.stream import Stream, open_stream

_PORTS = {"postgresql": 5432, "mysql": 3306}
SQL_FIELDS = (
    Field(
        name="engine",
        kind="choice",
        choices=tuple(_PORTS),
        required=True,
        help="The database's protocol; MariaDB speaks mysql.",
    ),
    HOST,
    Field(
        name="port",
        kind="integer",
        nullable=True,
        minimum=1,
        maximum=65_535,
        help="By default 5432 for postgresql and 3306 for mysql.",
    ),
    Field(
        name="database",
        kind="text",
        nullable=True,
        maximum=100,
        help="Its name, such as shop; by default the user's own, if any.",
    ),
    Field(
        name="username",
        kind="text",
        required=True,
        minimum=1,
        maximum=100,
        help="One that may only read is best, such as monitor.",
    ),
    Field(name="password", kind="text", nullable=True, maximum=500, secret=True, help="Never sent in clear text."),
    Field(
        name="query",
        kind="text",
        default="SELECT 1",
        minimum=1,
        maximum=4_096,
        help="One statement, such as SELECT stale_orders(); by default SELECT 1. Run in a transaction that may only "
        f"read; the first {MOST_ROWS} rows count.",
    ),
    tls_mode("tls: the server must offer it; none.", "tls", "none"),
    VERIFY_TLS,
    IP_VERSION,
    assertions("json", "body", "certificate", "latency"),
    LATENCY_THRESHOLD,
)


def probe_sql(result: Result, handles: Handles, deadline: Deadline) -> Steps:
    """Run the query; the body is its rows as JSON, a list of objects, `facts` get `version` and `rows`.

    Raises ProbeFailed: `assertion` when the database refuses the login or the query.
    """
    settings = result.check.settings
    port = settings.get("port") or _PORTS[settings["engine"]]
    stream: Stream = yield from open_stream(settings["host"], port, result, handles, deadline)
    stream.limit = MOST_BYTES
    try:
        rows = yield from _ask(stream, result, handles, deadline)
        stream.note_phases()
    except SqlError as error:
        raise ProbeFailed("assertion", f"{stream.server}: {error}.") from error
    except (IndexError, ValueError) as error:
        raise ProbeFailed("assertion", f"{stream.server} does not speak {settings['engine']}'s protocol.") from error
    finally:
        stream.close()
    result.facts["rows"] = len(rows.rows)
    yield from conclude(result, orjson.dumps(rows.rows))


def _ask(stream: Stream, result: Result, handles: Handles, deadline: Deadline) -> Generator[Operation, Any, Rows]:
    settings = result.check.settings
    login = Login(settings["username"], settings.get("password") or "", settings.get("database") or "")
    text = settings.get("query") or "SELECT 1"
    if settings["engine"] == "mysql":
        yield from _enter_mysql(stream, login, result, handles)
        protocol: Any = mysql
    else:
        yield from _enter_postgresql(stream, login, result, handles)
        protocol = postgresql
    left = max(int((deadline.at - time.monotonic()) * 1000), 1)
    rows: Rows = yield from protocol.query(stream, text, left)
    yield from stream.send(protocol.goodbye())
    return rows


def _enter_postgresql(
    stream: Stream, login: Login, result: Result, handles: Handles
) -> Generator[Operation, Any, None]:
    is_secure = _wants_tls(result)
    if is_secure:
        if not (yield from postgresql.request_tls(stream)):
            raise SqlError("it does not offer TLS")
        yield from secure_for_host(stream, result, handles)
    result.facts["version"] = yield from postgresql.log_in(stream, login, is_secure=is_secure)


def _enter_mysql(stream: Stream, login: Login, result: Result, handles: Handles) -> Generator[Operation, Any, None]:
    is_secure = _wants_tls(result)
    greeting = yield from mysql.greet(stream)
    result.facts["version"] = greeting.version
    if is_secure:
        if not greeting.can_tls:
            raise SqlError("it does not offer TLS")
        yield from mysql.request_tls(stream)
        yield from secure_for_host(stream, result, handles)
    yield from mysql.log_in(stream, login, greeting, is_secure=is_secure)


def _wants_tls(result: Result) -> bool:
    return (result.check.settings.get("tls") or "tls") == "tls"
