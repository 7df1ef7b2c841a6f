# SPDX-License-Identifier: LGPL-3.0-only
"""`make conformance`: docs/conformance.md from the tests that name requirements.

A test names the requirements it shows at the beginning of its docstring. What is still
missing of a requirement is told by docs/requirements.csv.
"""

import ast
import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "conformance.md"
REQUIREMENTS = ROOT / "docs" / "requirements.csv"
TEST_FILES = ("addons/*/tests/test_*.py", "tests/**/test_*.py")
HEAD = """\
# Conformance

Made by `make conformance` from the tests that name a requirement and from
`requirements.csv`; do not edit. "Shown" means that the tests listed show it and that
nothing is known to be missing; "partly" and "not yet" say what is missing.

| ID | Requirement | Clause | State | Tests | Missing |
|---|---|---|---|---|---|
"""


def main() -> int:
    """Write the document; with --check only tell whether it is up to date."""
    text = render()
    if "--check" not in sys.argv[1:]:
        DOCUMENT.write_text(text)
        return 0
    if DOCUMENT.read_text() == text:
        return 0
    print("docs/conformance.md is out of date: run `make conformance`")
    return 1


def render() -> str:
    with REQUIREMENTS.open(newline="") as stream:
        requirements = list(csv.DictReader(stream))
    tests = find_tests({row["id"] for row in requirements})
    rows = "".join(_row(row, tests[row["id"]]) for row in requirements)
    lists = "".join(_list(row["id"], tests[row["id"]]) for row in requirements)
    return f"{HEAD}{rows}\n## Tests of each requirement\n{lists}"


def find_tests(ids: set[str]) -> dict[str, list[str]]:
    """Tests of each requirement as ``file: name``."""
    found: dict[str, list[str]] = {one: [] for one in ids}
    for pattern in TEST_FILES:
        for path in sorted(ROOT.glob(pattern)):
            for name, named in _tests_of(path):
                for one in named & ids:
                    found[one].append(f"{path.relative_to(ROOT)}: {name}")
    return found


def _tests_of(path: Path) -> Iterator[tuple[str, set[str]]]:
    """Test functions of a file with the IDs before the colon of their docstring."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            before = (ast.get_docstring(node) or "").partition(":")[0]
            named = set(re.findall(r"\b[EMSX]-[A-Z]+\b", before))
            if named:
                yield node.name, named


def _row(row: dict[str, str], tests: list[str]) -> str:
    if not tests or row["missing"].startswith("everything"):
        state = "not yet"
    else:
        state = "partly" if row["missing"] else "shown"
    cells = (row["id"], row["requirement"], row["clause"], state, len(tests))
    return f"| {' | '.join(map(str, cells))} | {row['missing']} |\n"


def _list(one: str, tests: list[str]) -> str:
    if not tests:
        return ""
    return f"\n### {one}\n\n" + "".join(f"- {test}\n" for test in tests)


if __name__ == "__main__":
    raise SystemExit(main())
