"""Which lines reach the log."""

import logging
import logging.config

import pytest
from django.utils.log import DEFAULT_LOGGING

from websignal.logging import logging_config

LOGGERS = ["websignal", "django.request", "celery", "uvicorn"]


@pytest.fixture
def configured():
    """Sets the log up as Django does, and puts back what was there."""
    known = [
        logging.getLogger(),
        *map(logging.getLogger, ["django", "django.server", "uvicorn", "celery", "kombu", "mail.log"]),
    ]
    before = [(logger, logger.level, list(logger.handlers), logger.propagate) for logger in known]

    def configure(level):
        logging.config.dictConfig(DEFAULT_LOGGING)
        logging.config.dictConfig(logging_config("text", level))

    yield configure
    for logger, level, handlers, propagate in before:
        logger.setLevel(level)
        logger.handlers, logger.propagate = handlers, propagate


@pytest.mark.parametrize("name", LOGGERS)
def test_nothing_below_the_level_is_logged(configured, capsys, name):
    configured("ERROR")
    logging.getLogger(name).warning("a broken request")
    logging.getLogger(name).error("a broken server")
    told = capsys.readouterr().err
    assert "a broken request" not in told
    assert told.count("a broken server") == 1
