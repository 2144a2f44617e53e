"""The API under a fuzzer that knows its document: every check of schemathesis, on a real web process."""

import os
import sys

import pytest

from tests.layout.repository import ROOT
from tests.signals.servers import database_url

sys.path.insert(0, str(ROOT / "bin"))

import fuzz

pytestmark = pytest.mark.slow


def test_no_answer_is_other_than_the_document_says(transactional_db, tmp_path, settings):
    """Few examples, with links from answer to question; `make fuzz` sends more, and the edges of every schema."""
    environment = {
        "DATABASE_URL": database_url(),
        "DATA_DIR": str(tmp_path),
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,
    }
    limit = ("--phases", "fuzzing,stateful", "--no-shrink")
    with fuzz.serving(tmp_path, environment) as url:
        seed = int(os.environ.get("FUZZ_SEED", "1"))
        assert fuzz.fuzz(url, fuzz.somebody(), examples=4, seed=seed, options=limit) == 0
