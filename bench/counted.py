"""Runs a command of manage.py and says on its output what it does to the database, for `bench/sweep.py`.

    python bench/counted.py worker --region default

A line `S seconds statements` ten times a second, and `L seconds id …` when monitors are committed as LATE. BEGIN and
COMMIT are not counted, savepoints are.
"""

import sys
import threading
import time

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402
from django.db.backends.signals import connection_created  # noqa: E402

from monitors.events import statuses_changed  # noqa: E402

EVERY_SECONDS = 0.1
statements = 0


def count(execute, sql, params, many, context):
    global statements
    statements += 1
    return execute(sql, params, many, context)


def count_on(connection, **_):
    if count not in connection.execute_wrappers:
        connection.execute_wrappers.append(count)


def say(kind, *words):
    sys.stdout.write(f"{kind} {time.time():.3f} {' '.join(map(str, words))}\n")
    sys.stdout.flush()


def note_late(changes, **_):
    late = [one.monitor.pk for one in changes if one.change.after == "LATE"]
    if late:
        transaction.on_commit(lambda: say("L", *late))


def tell():
    while True:
        time.sleep(EVERY_SECONDS)
        say("S", statements)


if __name__ == "__main__":
    connection_created.connect(count_on)
    statuses_changed.connect(note_late)
    threading.Thread(target=tell, daemon=True).start()
    call_command(*sys.argv[1:])
