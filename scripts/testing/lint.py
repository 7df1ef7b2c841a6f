# SPDX-License-Identifier: LGPL-3.0-only
"""Static checks; each tool counts as one check."""

import os
import subprocess
from pathlib import Path

from stack.settings import ADDONS, PYTHON, ROOT, TEST_ADDONS, odoo_dir

from .results import Result

TOOLS = PYTHON.parent
PYTHON_FOLDERS = ("addons", "scripts", "tests")
# Order of XML attributes, a service's name limit and the README's format.
MATTERS_OF_TASTE = (
    "xml-tag-position",
    "weblate-component-too-long",
    "prefer-readme-rst",
)


def run_lint() -> Result:
    """Run every tool; the output of those that fail is printed."""
    result = Result("lint")
    for name, command in _commands().items():
        failure = _failure(command)
        print(f"{name}: {'failed' if failure else 'passed'}")
        if failure:
            print(failure)
            result.fail(f"{name} complains")
        else:
            result.passed += 1
    return result


def _commands() -> dict[str, list[str]]:
    python = [name for name in PYTHON_FOLDERS if (ROOT / name).exists()]
    modules = [
        str(path.parent.relative_to(ROOT))
        for folder in (ADDONS, TEST_ADDONS)
        for path in sorted(folder.glob("*/__manifest__.py"))
    ]
    translations = [
        str(path.relative_to(ROOT)) for path in sorted(ADDONS.glob("*/i18n/*.po*"))
    ]
    commands = {
        "ruff rules": ["ruff", "check", "--quiet", *python],
        "ruff format": ["ruff", "format", "--check", "--quiet", "--diff", *python],
        "pylint-odoo": ["pylint", "--rcfile=.pylintrc", *modules],
        "manifests, XML, CSV": [
            "oca-checks-odoo-module",
            f"--disable={','.join(MATTERS_OF_TASTE)}",
            *modules,
        ],
    }
    core = odoo_dir() / "odoo" / "addons"
    commands["licences"] = [
        "manifestoo",
        "--no-addons-path-from-import-odoo",
        f"--addons-path={ADDONS},{core}",
        f"--select-addons-dir={ADDONS}",
        "--odoo-series=19.0",
        "check-licenses",
    ]
    if translations:
        commands["translations"] = ["oca-checks-po", *translations]
    return commands


def _failure(command: list[str]) -> str:
    """Output of the command when it fails, else an empty string."""
    environment = os.environ | {"PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [str(Path(TOOLS) / command[0]), *command[1:]],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return (done.stdout.strip() or "no output") if done.returncode else ""
