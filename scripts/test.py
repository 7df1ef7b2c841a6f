#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-only
"""`make test`: every kind of test, one table, one closing line."""

import argparse
import sys
import time

from stack.cluster import Cluster
from stack.settings import StackError
from testing.lint import run_lint
from testing.odoo_tests import run_odoo
from testing.pytest_runs import run_faults, run_security, run_system, run_unit
from testing.results import Result, closing_line, table

KINDS = {
    "lint": run_lint,
    "unit": run_unit,
    "odoo": run_odoo,
    "system": run_system,
    "security": run_security,
    "faults": run_faults,
}


def main() -> int:
    """Run the kinds asked for in their order; 1 when anything failed."""
    kinds = _arguments()
    results = []
    for kind in kinds:
        print(f"\n== {kind} ==", flush=True)
        results.append(_run(kind))
    Cluster().stop_unless_used()
    for result in results:
        for problem in result.problems:
            print(f"{result.kind}: {problem}")
    print(f"\n{table(results)}\n\n{closing_line(results)}")
    return int(any(result.failed for result in results))


def _run(kind: str) -> Result:
    started = time.monotonic()
    try:
        result = KINDS[kind]()
    except StackError as error:
        result = Result(kind, failed=1, problems=[str(error)])
    result.seconds = time.monotonic() - started
    return result


def _arguments() -> list[str]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    asked = parser.parse_args().kinds or KINDS
    unknown = set(asked) - set(KINDS)
    if unknown:
        parser.error(f"no such kind: {', '.join(sorted(unknown))}; {', '.join(KINDS)}")
    return [kind for kind in KINDS if kind in asked]


if __name__ == "__main__":
    sys.exit(main())
