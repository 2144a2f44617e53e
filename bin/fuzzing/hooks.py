"""What the fuzzer must leave alone, and which refusals of a body that fits its schema are right."""

import json
import os

import schemathesis

OWN = {
    "DELETE /api/tokens/{id}": os.environ.get("FUZZ_TOKEN_ID"),
    "DELETE /api/v1/user/{id}": os.environ.get("FUZZ_USER_ID"),
}
# Codes of errors about what no schema says: rows of the database, one field against another, the clock, a language
# of its own (RRULE, cron, time zones, addresses, names of headers, secrets), a field that another type of monitor has.
# A refusal with any other code is a schema that promises too much.
BEYOND_A_SCHEMA = {
    "unknown_id", "order", "cursor", "past", "unused", "rule", "zone", "taken", "cycle", "mismatch", "assertion",
    "blocked", "immutable", "not_held", "secret", "name", "url", "email", "no_provider", "signature",
}  # fmt: skip
# Either this or the service group is needed; within years of now; one after the other; a name of the zone database;
# a member has nothing else to change.
BEYOND_HERE = {
    ("/monitorIds", "required"), ("/timeoutMs", "range"), ("/startDate", "invalid"), ("/startDate", "too_long"),
    ("/timezone", "invalid"), ("/role", "required"), ("/scope/monitorId", "unknown"),
    ("/scope/serviceGroupId", "unknown"),
    *((f"/{name}", "range") for name in ("startsAt", "endsAt", "scheduledStartAt", "scheduledEndAt")),
}  # fmt: skip
# Each of these has a language of its own, told apart by another field: the kind of a schedule, the type of a channel,
# the act of a change, the conditions of a rule; and rows of the database.
OWN_LANGUAGES = ("/schedule", "/config", "/changes/", "/when", "/channelIds/")
# A monitor's schema has the settings of all types; each type needs some of them and refuses a body with the others.
OF_ANOTHER_TYPE = {"unused", "unknown"}
NEEDED_BY_ALL = {"/name", "/type"}


@schemathesis.hook
def filter_case(context, case):
    """Everything but the token and the person that the fuzzer itself acts with."""
    own = OWN.get(context.operation.label) if context.operation is not None else None
    return own is None or str((case.path_parameters or {}).get("id")) != own


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """All but the right refusals of what fits its schema."""
    if type(failure).__name__ != "RejectedPositiveData" or response.status_code != 400:
        return True
    errors = json.loads(response.content)["errors"]
    if "monitor" in case.operation.path and any(one["code"] in OF_ANOTHER_TYPE for one in errors):
        return False
    return not errors or not all(_is_beyond(case.operation.path, one["pointer"], one["code"]) for one in errors)


def _is_beyond(path, pointer, code):
    if pointer.startswith(OWN_LANGUAGES):
        return True
    if code == "required" and "monitor" in path and pointer not in NEEDED_BY_ALL:
        return True
    return code in BEYOND_A_SCHEMA or (pointer, code) in BEYOND_HERE
