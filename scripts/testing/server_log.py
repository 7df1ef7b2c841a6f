# SPDX-License-Identifier: LGPL-3.0-only
"""Reading Odoo's log: counts of tests, and lines that must not be there."""

import re
from dataclasses import dataclass
from pathlib import Path

LINE = re.compile(
    r"^\d{4}-\d\d-\d\d [\d:,]+ \d+ (?P<level>[A-Z]+) \S+ (?P<logger>\S+): (?P<text>.*)"
)
COUNTS = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests")
SKIPPED = re.compile(r"skipped \S+ : ")
# What the runner itself says of tests that are counted already.
OF_FAILED_TEST = re.compile(
    r": (FAIL|ERROR): |: Module \S+: \d+ failures|: At least one test failed"
    r"|: \d+ failed, \d+ error"
)
# A longer traceback is in the log file.
BLOCK_LINES = 40
REFUSED_LEVELS = {"WARNING", "ERROR", "CRITICAL"}
ALLOWED = Path(__file__).with_name("allowed_log_lines.txt")


@dataclass
class TestCounts:
    """Tests that an Odoo process ran."""

    run: int = 0
    failed: int = 0
    skipped: int = 0


def count_tests(log: str) -> TestCounts:
    """Counts of the last result line of a log, zeros when no test ran."""
    counts = TestCounts(skipped=len(SKIPPED.findall(log)))
    for failures, errors, run in COUNTS.findall(log):
        counts.run, counts.failed = int(run), int(failures) + int(errors)
    return counts


def refused_lines(log: str) -> list[str]:
    """Lines of level WARNING and above that no rule allows, each once."""
    rules = _allowed()
    found = {}
    for line in log.splitlines():
        match = LINE.match(line)
        if not match or match["level"] not in REFUSED_LEVELS:
            continue
        text = f"{match['level']} {match['logger']}: {match['text']}"
        if not any(rule.search(text) for rule in rules):
            found[text] = None
    return list(found)


def failure_blocks(log: str) -> str:
    """The lines about failed tests with their tracebacks, shortened each."""
    shown, room = [], 0
    for line in log.splitlines():
        match = LINE.match(line)
        if match:
            failed = match["level"] == "ERROR" and OF_FAILED_TEST.search(line)
            room = BLOCK_LINES if failed else 0
        if room:
            shown.append(line)
            room -= 1
    return "\n".join(shown)


def tells_failed_test(line: str) -> bool:
    """Whether a refused line only repeats a test failure that is counted."""
    return bool(OF_FAILED_TEST.search(line))


def _allowed() -> list[re.Pattern[str]]:
    """The patterns of the allow-list: each follows a comment with its reason."""
    lines = ALLOWED.read_text().splitlines()
    return [re.compile(line) for line in lines if line and not line.startswith("#")]
