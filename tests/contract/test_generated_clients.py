"""Clients that generators make from /openapi.json alone, used as a pipeline does: make a monitor, wait, remove it."""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.platform import Platform
from tests.targets import Target

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parent / "typescript"
PYTHON = Path(__file__).parent / "python_client.py"


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    """A whole platform with a token, on a database of its own."""
    with Platform(tmp_path_factory.mktemp("platform"), DATABASE_URL="", REDIS_URL="") as running:
        running.new_token()
        yield running


@pytest.fixture
def document(platform, tmp_path):
    file = tmp_path / "openapi.json"
    with urllib.request.urlopen(f"{platform.url}/openapi.json", timeout=30) as answer:
        file.write_bytes(answer.read())
    return file


def run(*command, cwd, **environment):
    done = subprocess.run(command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, f"{command}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
    return done.stdout


def used(platform, *command, cwd):
    """What a client prints that watches a target: the status it saw first and whether the monitor is gone."""
    with Target() as target:
        told = run(*command, cwd=cwd, API_URL=platform.url, API_TOKEN=platform.token, TARGET_URL=target.url("/health"))
        assert target.requests
    assert json.loads(told.splitlines()[-1]) == {"status": "OK", "statusCode": 200, "gone": True}


def test_a_python_client_is_generated_whole_and_runs_the_pattern(platform, document, tmp_path):
    tools = Path(sys.executable).parent
    path = os.pathsep.join((str(tools), os.environ["PATH"]))
    # It has no name for a PDF of its own.
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"content_type_overrides": {"application/pdf": "application/octet-stream"}}))
    said = run(
        str(tools / "openapi-python-client"), "generate", "--path", str(document), "--meta", "none",
        "--config", str(config),
        "--output-path", str(tmp_path / "client"), "--fail-on-warning", cwd=tmp_path, PATH=path,
    )  # fmt: skip
    assert "WARNING" not in said
    run(sys.executable, "-W", "error", "-m", "compileall", "-q", "client", cwd=tmp_path)
    used(platform, sys.executable, str(PYTHON), cwd=tmp_path)


def test_a_typescript_client_compiles_strictly_and_runs_the_pattern(platform, document, tmp_path):
    if shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    for file in PROJECT.iterdir():
        if file.is_file():
            shutil.copy(file, tmp_path)
    run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=tmp_path)
    run(
        "npx",
        "--no-install",
        "openapi-typescript",
        str(document),
        "--default-non-nullable=false",
        "--output",
        "schema.d.ts",
        cwd=tmp_path,
    )
    run("npx", "--no-install", "tsc", cwd=tmp_path)
    used(platform, "node", "pattern.js", cwd=tmp_path)
