"""What the fuzzer must leave alone, and which refusals of a body that fits its schema are right."""

import json
import os
import re
import sys
from itertools import count
from typing import NamedTuple

import schemathesis

OWN = {
    "DELETE /api/tokens/{id}": os.environ.get("FUZZ_TOKEN_ID"),
    "PUT /api/tokens/{id}": os.environ.get("FUZZ_TOKEN_ID"),
    "PATCH /api/tokens/{id}": os.environ.get("FUZZ_TOKEN_ID"),
    "POST /api/tokens/{id}/rotate": os.environ.get("FUZZ_TOKEN_ID"),
    "DELETE /api/v1/user/{id}": os.environ.get("FUZZ_USER_ID"),
}


class Refusal(NamedTuple):
    """What no JSON schema can say: the operations and the pointers (patterns), the codes of the errors, and why."""

    operations: str
    pointers: str
    codes: set
    why: str


MONITOR = r".* /api/(v1/)?monitors?(-?test)?(/.*)?"
EDITED_MONITOR = r"(PATCH|PUT) /api/(v1/)?monitors?(/\{id\})?|POST /api/monitors/bulk"
RIGHT = [
    Refusal(".*", ".*", {"unknown_id"}, "which rows there are is known to the database"),
    Refusal(".*", r"/(channelIds/\d+|channelId|scope/\w+)", {"unknown"}, "the same"),
    Refusal(r"POST .*/(code|confirm)", r"/(phoneNumber|code)", {"unknown", "code"}, "the same, and what was sent"),
    Refusal(".*", r"/regions|\?region", {"choice", "unknown"}, "the same"),
    Refusal(".*", r"/(name|slug|token|externalKey)", {"taken"}, "what is unique is known to the database"),
    Refusal(".*", r"/dependsOn", {"cycle"}, "what depends on what is known to the database"),
    Refusal(".*", r"\?cursor", {"cursor"}, "only what a list has handed out leads on"),
    Refusal(".*", r"/scopes/\d+", {"not_held"}, "a token gives no scope that it has not itself"),
    Refusal(".*", r"/expiresAt", {"past"}, "the clock"),
    Refusal(".*", r"/(startsAt|endsAt|scheduledStartAt|scheduledEndAt)", {"range"}, "within years of the clock"),
    Refusal(r"POST .*/report(s|/generate)", r"/startDate", {"invalid", "too_long"}, "the clock, and the other date"),
    Refusal(".*", r"[/?](endDate|endsAt|scheduledEndAt|startDate)", {"order"}, "one instant against another"),
    Refusal(r"GET .*", r"\?startDate", {"invalid", "too_long"}, "the clock, and the other date"),
    Refusal(r"GET .*", r"\?interval", {"too_many"}, "how many fit between the dates"),
    Refusal(".*", r"/(schedule/)?timezone", {"zone", "invalid", "invalid_choice"}, "names of the time zone database"),
    Refusal(".*", r"/schedule/expression", {"invalid"}, "cron and OnCalendar are languages, and must come again"),
    Refusal(".*", r"/rrule", {"rule"}, "RRULE is a language"),
    Refusal(".*", r"/slug", {"reserved"}, "words that have a meaning in the addresses of pings"),
    Refusal(".*", r"/(config/)?(url|link|server|request/proxy)", {"url", "blocked"}, "addresses are a language"),
    Refusal(".*", r"/(config/)?recipients/\d+|/email", {"email"}, "addresses of mail are too"),
    Refusal(".*", r"/(config/|request/)?headers/.*", {"reserved", "masked"}, "names that a sender sets, case aside"),
    Refusal("POST .*smsactiongroup|POST /api/channels", ".*", {"no_provider"}, "the operator's settings"),
    Refusal("POST /api/v1/stripewebhook", "", {"signature"}, "a signature"),
    Refusal("PATCH .*", r"/monitorIds", {"required"}, "either monitors or a group: the other may be stored"),
    Refusal("PATCH .*", r"/(monitorIds|serviceGroupId)", {"unused"}, "the `covers` that the stored schedule has"),
    Refusal(MONITOR, r"/timeoutMs", {"range"}, "not longer than the interval in the same body"),
    Refusal(MONITOR, r"/(request/)?headers/.*", {"text"}, "one line of what Unicode calls printable"),
    Refusal(MONITOR, r"/assertions/\d+/(property|target)", {"assertion"}, "JSONPath and RE2, a header needs a name"),
    Refusal(MONITOR, r"/request/(auth|proxy|client)\w*(/\w+)?", {"setting"}, "a login, a certificate and its key"),
    Refusal(MONITOR, r"/(url|hostname|resolver|expected/\d+|hostKey)", {"setting"}, "names and addresses, by type"),
    Refusal(MONITOR, r"/(host|hostname|server|servername|resolver)", {"host"}, "names of hosts are a language"),
    Refusal(".*", r"/.*", {"too_large", "too_deep"}, "numbers fit 64 bits wherever any value may stand"),
    Refusal("PUT /api/monitors", r"/externalKey", {"mismatch"}, "the body against the address"),
    Refusal(EDITED_MONITOR, r"/type", {"immutable"}, "the type that the stored monitor has"),
    Refusal(EDITED_MONITOR, r"/.*", {"unknown", "unused", "required", "choice"}, "what the stored one's type takes"),
    Refusal(EDITED_MONITOR, r"/port", {"range"}, "whether the stored one's type does without a port"),
    Refusal("(PUT|PATCH) /api/deployments.*", r"/.*", {"immutable"}, "a deployment that has started, or ended, stays"),
    Refusal("PUT .*/trial", r"/status", {"choice"}, "the trial that is stored: only a payment makes it CONVERTED"),
    Refusal("PATCH /api/channels.*", r"/config/.*", {"unknown"}, "what the stored channel's type takes"),
    Refusal("(PUT|PATCH) /api/channels.*", r"/type", {"immutable"}, "the type that the stored channel has"),
]  # fmt: skip


SENDABLE_KEY = re.compile(r"[!-~]{1,200}")
numbers = count()


@schemathesis.hook
def before_call(context, case, kwargs):
    """Gives each request a key of its own: one key with another body is 409, whatever is in that body."""
    if SENDABLE_KEY.fullmatch(str((case.headers or {}).get("Idempotency-Key", ""))):
        case.headers["Idempotency-Key"] = f"request-{next(numbers)}"


@schemathesis.hook
def filter_case(context, case):
    """Everything but the token and the person that the fuzzer itself acts with."""
    own = OWN.get(context.operation.label) if context.operation is not None else None
    return own is None or str((case.path_parameters or {}).get("id")) != own


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """All but the right refusals of what fits its schema, and what bulk says of a wrong entry among others."""
    if type(failure).__name__ == "AcceptedNegativeData" and case.operation.label == "POST /api/monitors/bulk":
        return not any(one["outcome"] == "failed" for one in json.loads(response.content)["items"])
    if type(failure).__name__ != "RejectedPositiveData" or response.status_code != 400:
        return True
    errors = json.loads(response.content)["errors"]
    wrong = [one for one in errors if not _is_right(case.operation.label, one["pointer"], one["code"])]
    if wrong:
        # The report cuts a long answer off.
        print(f"{case.operation.label} should have taken: {json.dumps(wrong)}", file=sys.stderr)
    return not errors or bool(wrong)


def _is_right(label, pointer, code):
    # An entry of a bulk request is judged as a request of its own.
    pointer = re.sub(r"^/changes/\d+", "", pointer)
    return any(
        re.fullmatch(one.operations, label) and re.fullmatch(one.pointers, pointer) and one.codes & {code, ".*"}
        for one in RIGHT
    )
