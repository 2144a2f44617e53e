"""Sizes, names, first lines, and what no file may hold."""

import ast
import re

from tests.layout.repository import files, name

LONGEST = 400
CATCH_ALL_NAMES = {"utils.py", "helpers.py", "misc.py", "utilities.py", "common.py", "signals.py"}
# Written in two pieces so that this file does not find itself.
LEFTOVERS = re.compile(
    "|".join(
        [
            r"\bTO" + "DO" + r"\b",
            r"\bFIX" + "ME" + r"\b",
            r"\bXX" + "X" + r"\b",
            "NotImplemented" + "Error",
            r"# type: " + r"ignore\s*$",
            r"mark\." + "xfail",
            r"except Exception:\s*pa" + "ss",
        ]
    ),
    re.MULTILINE,
)
THIS_MACHINE = re.compile(
    "|".join(
        [
            r"(?<![\w.$}])/wo" + "rk/",
            r"(?<![\w.$}])/ro" + "ot/",
            "pyp" + r"i\.org",
            "python" + "hosted",
            r"registry\.npm" + "js",
            "npm" + r"js\.(com|org)",
            "deb" + r"\.debian\.org",
            r"/opt/" + "(pypi|wheels)",
        ]
    )
)


def found(paths, pattern):
    return [
        f"{name(path)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]


def ours(*suffixes):
    return [path for path in files(*suffixes) if "migrations" not in path.parts]


def test_no_file_is_past_400_lines():
    sizes = {name(path): len(path.read_text().splitlines()) for path in ours(".py", ".html", ".js", ".css")}
    assert {path: size for path, size in sizes.items() if size > LONGEST} == {}


def test_no_file_is_called_after_nothing():
    assert [name(path) for path in files(".py") if path.name in CATCH_ALL_NAMES] == []


def test_each_module_says_first_what_it_is_for():
    silent = [name(path) for path in ours(".py") if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_nothing_is_left_for_later():
    assert found(ours(".py", ".js", ".html", ".css"), LEFTOVERS) == []


def test_no_file_names_this_machine_or_a_registry():
    assert found(files(), THIS_MACHINE) == []


def test_every_function_outside_tests_is_shorter_than_60_lines():
    long = []
    for path in ours(".py"):
        if {"tests", "bench", "bin"} & set(path.parts):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno - node.lineno >= 60:
                long.append(f"{name(path)}:{node.lineno} {node.name}")
    assert long == []
