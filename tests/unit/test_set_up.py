# SPDX-License-Identifier: LGPL-3.0-only
"""What the Makefile and scripts/setup.sh ask of a machine."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from stack.settings import ROOT

SET_UP = "echo installing"
#: A machine on which nothing is installed.
BARE = """\
. scripts/setup/common.sh
. scripts/setup/debian.sh
command() { return 1; }
has_package() { return 1; }
has_initdb() { return 1; }
on_debian() { return 0; }
missing_packages
"""
BROWSER = {"chromium", "libnss3-tools", "libatomic1"}
PRODUCT = {"wkhtmltopdf", "fonts-noto-cjk", "fonts-dejavu-core"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A Makefile whose set-up only says that it was called."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "scripts").mkdir()
    write_program(tmp_path / "scripts" / "setup.sh", SET_UP)
    return tmp_path


def write_program(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def with_python(checkout: Path, line: str) -> Path:
    """Give it an interpreter that does what a line of shell says."""
    folder = checkout / ".local" / "venv" / "bin"
    folder.mkdir(parents=True)
    write_program(folder / "python", line)
    return checkout


def make(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    left_out = {"KEYS", "DATABASE", "FOLDER", "KEYS_FOLDER", "MAKEFLAGS", "MAKELEVEL"}
    return subprocess.run(
        ["make", *words],
        cwd=checkout,
        env={name: text for name, text in os.environ.items() if name not in left_out},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("target", ["backup", "restore"])
def test_backup_installs_something(checkout: Path, target: str):
    """M-KEEP: what runs every night as Odoo's user asks for no browser and no root."""
    done = make(checkout, target)
    assert (done.returncode, done.stdout) == (2, "")
    assert "run scripts/setup.sh once" in done.stderr
    done = make(with_python(checkout, 'echo "$*"'), target)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"scripts/backup.py {target} ")


@pytest.mark.parametrize("side", ["producer", "regulator"])
def test_backup_takes_the_key_file_of_another_database(checkout: Path, side: str):
    """M-KEEP X-CRYPTO: the default is that of the database that is named."""
    with_python(checkout, 'echo "$*"')
    done = make(checkout, "backup", f"DATABASE=recall_demo_{side}")
    assert f"--keys .local/keys/demo-{side}.json " in done.stdout
    done = make(checkout, "backup", "DATABASE=recall")
    assert (done.returncode, done.stdout) == (2, "")
    assert "KEYS=FILE is missing: the key file of recall." in done.stderr
    done = make(checkout, "backup", "DATABASE=recall", "KEYS=/etc/recall/keys.json")
    assert "--keys /etc/recall/keys.json " in done.stdout


@pytest.mark.parametrize("target", ["demo", "pictures", "test"])
def test_demo_without_a_browser_ends_in_a_traceback(checkout: Path, target: str):
    """It says in a sentence which variable left the browser out."""
    lacks = 'echo "No module named playwright" >&2; exit 1'
    done = make(with_python(checkout, lacks), target, "RECALL_DEV=0")
    assert (done.returncode, done.stdout) == (2, "installing\n")
    first, *_own_words = done.stderr.splitlines()
    assert "run it without RECALL_DEV=0" in first


@pytest.mark.parametrize(
    ("variables", "lacking", "present"),
    [
        ({}, set(), {*BROWSER, *PRODUCT, "postgresql"}),
        ({"RECALL_DEV": "0"}, BROWSER, {*PRODUCT, "postgresql"}),
        ({"PGHOST": "db"}, {"postgresql"}, {*BROWSER, *PRODUCT, "postgresql-client"}),
    ],
)
def test_production_is_given_a_browser(
    variables: dict[str, str], lacking: set[str], present: set[str]
):
    """Only with the tools; fonts stay, for letters to owners."""
    done = subprocess.run(
        ["bash", "-euc", BARE],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    missing = set(done.stdout.split())
    assert present <= missing and not lacking & missing
