# SPDX-License-Identifier: LGPL-3.0-only
"""Tests that pytest runs: of the pure Python tools, and of the whole system."""

import os
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from stack.settings import LOCAL, LOGS, PYTHON, ROOT

from .results import Result
from .server_log import refused_lines


def run_unit() -> Result:
    """tests/unit: no database, no server."""
    return _pytest("unit")


def run_system() -> Result:
    """tests/system: real servers; their logs must hold no warning either."""
    return _run_servers("system")


def run_security() -> Result:
    """tests/security: attacks on a real server; its log tells of no fault of ours."""
    return _run_servers("security")


def _run_servers(kind: str) -> Result:
    for path in _logs(kind):
        path.unlink()
    result = _pytest(kind)
    logs = _logs(kind)
    if not logs:
        result.fail(f"no server has written a log of {kind}")
    for path in logs:
        for line in refused_lines(path.read_text(errors="replace")):
            result.fail(f"{path.relative_to(LOGS)}: {line}")
    return result


def run_faults() -> Result:
    """tests/faults: parts are killed; what the servers log of it is meant."""
    return _pytest("faults")


def _logs(kind: str) -> list[Path]:
    return sorted(path for path in LOGS.glob(f"{kind}*/**/*.log") if path.is_file())


def _pytest(kind: str) -> Result:
    report = LOCAL / f"tests-{kind}.xml"
    report.unlink(missing_ok=True)
    command = [str(PYTHON), "-m", "pytest", f"tests/{kind}", "-q"]
    command += [f"--junitxml={report}"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts")}
    code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    result = _read(kind, report)
    if code and not result.failed:
        result.fail(f"pytest ended with exit code {code}")
    return result


def _read(kind: str, report: Path) -> Result:
    result = Result(kind)
    if not report.exists():
        return result
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):  # noqa: S314
        counts = {key: int(suite.get(key, 0)) for key in COUNTED}
        result.failed += counts["failures"] + counts["errors"]
        result.skipped += counts["skipped"]
        result.passed += counts["tests"] - sum(counts[key] for key in COUNTED[1:])
    return result


COUNTED = ("tests", "failures", "errors", "skipped")
