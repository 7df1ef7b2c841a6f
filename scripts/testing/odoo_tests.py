# SPDX-License-Identifier: LGPL-3.0-only
"""Tests inside Odoo: all add-ons together, and each product add-on installed alone."""

import shutil
import subprocess
from pathlib import Path

from stack.cluster import Cluster
from stack.database import Database, make_core_template, own_modules
from stack.odoo_server import command_line
from stack.processes import free_ports
from stack.settings import ADDONS, LOGS, StackError
from stack.stack import make_key_file

from .results import Result
from .server_log import count_tests, failure_blocks, refused_lines, tells_failed_test

LOG_FOLDER = LOGS / "odoo-tests"
# Odoo's own checks of manifests, routes, indexes and tests read our add-ons too.
CORE_CHECKS = (
    "/test_lint:ManifestLinter",
    "/test_lint:TestTestHoles",
    "/test_lint:RoutesLinter",
    "/test_lint:TestIndex",
    "/test_lint:TestNaming",
)
BROWSERS = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")


def run_odoo() -> Result:
    """All tests of all add-ons in a fresh database, then each add-on alone."""
    if not any(map(shutil.which, BROWSERS)):
        raise StackError("no Chromium in PATH for browser tests: run scripts/setup.sh")
    shutil.rmtree(LOG_FOLDER, ignore_errors=True)
    LOG_FOLDER.mkdir(parents=True)
    cluster = Cluster()
    cluster.start()
    result = Result("odoo")
    modules = sorted(own_modules())
    core = make_core_template(cluster, modules)
    _together(cluster, core, modules, result)
    for path in sorted(ADDONS.glob("*/__manifest__.py")):
        _alone(cluster, path.parent.name, result)
    return result


def _together(cluster: Cluster, core: str, modules: list[str], result: Result) -> None:
    log = LOG_FOLDER / "together.log"
    keys = LOG_FOLDER / "keys.json"
    make_key_file(keys)
    database = Database(cluster, "recall_odoo_tests", log)
    database.copy_from(core)
    tags = ",".join([*(f"/{module}" for module in modules), *CORE_CHECKS])
    http_port, gevent_port = free_ports(2)
    command, environment = command_line(
        cluster,
        [
            f"--database={database.name}",
            f"--init={','.join([*modules, 'test_lint'])}",
            f"--test-tags={tags}",
            "--skip-auto-install",
            "--stop-after-init",
            "--workers=0",
            "--max-cron-threads=0",
            f"--http-port={http_port}",
            f"--gevent-port={gevent_port}",
        ],
    )
    code = _run(command, environment | {"RECALL_KEY_FILE": str(keys)}, log)
    database.drop()
    _take_in(log, code, result)


def _run(command: list[str], environment: dict[str, str], log: Path) -> int:
    with log.open("wb") as output:
        return subprocess.run(
            command, env=environment, stdout=output, stderr=output, cwd="/", check=False
        ).returncode


def _take_in(log: Path, code: int, result: Result) -> None:
    text = log.read_text(errors="replace")
    counts = count_tests(text)
    result.failed += counts.failed
    result.skipped += counts.skipped
    # One test can fail more than once, in its parts.
    result.passed += max(0, counts.run - counts.failed - counts.skipped)
    if not counts.run:
        result.fail("no test ran: the add-ons did not install")
    elif code and not counts.failed:
        result.fail(f"Odoo ended with exit code {code}")
    lines = refused_lines(text)
    for line in lines:
        if tells_failed_test(line):
            result.problems.append(line)
        else:
            result.fail(line)
    if lines or code:
        print(f"{failure_blocks(text)}\nall of it: {log}")


def _alone(cluster: Cluster, module: str, result: Result) -> None:
    """The add-on installs with nothing of ours but what it depends on, and its demo
    data do: what fails in these is a warning of Odoo's."""
    log = LOG_FOLDER / f"alone-{module}.log"
    database = Database(cluster, f"recall_alone_{module}", log)
    try:
        database.copy_from(make_core_template(cluster, [module]))
        database.allow_demo()
        database.odoo(f"--init={module}", "--with-demo")
    except StackError as error:
        result.fail(f"{module} alone: {error}")
        return
    finally:
        database.drop()
    lines = refused_lines(log.read_text(errors="replace"))
    for line in lines:
        result.fail(f"{module} alone: {line}")
    if not lines:
        result.passed += 1
