# SPDX-License-Identifier: LGPL-3.0-only
"""A home folder in which Chromium trusts the local certificate authority."""

import shutil
import subprocess
from pathlib import Path

from .settings import StackError


def make_trusting_home(folder: Path, ca_file: Path) -> dict[str, str]:
    """Make `folder` a home whose certificate store holds `ca_file`.

    Returns the environment for Chromium: with it, the browser verifies the
    gateway's certificate instead of being told to ignore it.
    """
    certutil = shutil.which("certutil")
    if not certutil:
        raise StackError("certutil is missing: run scripts/setup.sh")
    store = folder / ".pki" / "nssdb"
    shutil.rmtree(store, ignore_errors=True)
    store.mkdir(parents=True)
    database = f"sql:{store}"
    trust = ["-A", "-t", "C,,", "-n", "recall", "-i", str(ca_file)]
    for arguments in (["-N", "--empty-password"], trust):
        subprocess.run([certutil, "-d", database, *arguments], check=True)
    return {"HOME": str(folder)}
