# SPDX-License-Identifier: LGPL-3.0-only
"""The variables of `make demo` and `make test`, and the paths that follow."""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
LOGS = LOCAL / "log"
RUN = LOCAL / "run"
DATA = LOCAL / "odoo-data"
PYTHON = LOCAL / "venv" / "bin" / "python"
ADDONS = ROOT / "addons"
TEST_ADDONS = ROOT / "tests" / "addons"
LOG_OWNER = ROOT / "deploy" / "postgresql"


class StackError(Exception):
    """Something on this machine is in the way; the message says what to do."""


@dataclass(frozen=True)
class Variable:
    """An environment variable: its name, default and meaning."""

    name: str
    default: str
    meaning: str

    @property
    def value(self) -> str:
        return os.environ.get(self.name) or self.default

    @property
    def number(self) -> int:
        try:
            return int(self.value)
        except ValueError:
            raise StackError(f"{self.name} must be a whole number") from None


# Read by scripts/setup.
PYTHON_VARIABLE = Variable("PYTHON", "python3", "interpreter for .local/venv")
DEV = Variable("RECALL_DEV", "1", "0 leaves out browser and tools of tests and demo")
BENCH = Variable("RECALL_BENCH", "0", "1 adds load tool and peers of benchmarks")
JAVA = Variable("RECALL_JAVA", "0", "1 adds Java for a test; `make test` sets it")
ODOO_DIR = Variable("ODOO_DIR", "", "an installed Odoo 19: folder of package odoo")
ODOO_SUITE = Variable("ODOO_SUITE", "sid", "Debian suite that carries odoo-19")
ODOO_DEBS = Variable("ODOO_DEBS", "", "folder with the .deb files, no download")

PRODUCER_PORT = Variable("RECALL_PRODUCER_PORT", "8443", "HTTPS of the producer")
REGULATOR_PORT = Variable("RECALL_REGULATOR_PORT", "9443", "HTTPS of the regulator")
ODOO_PORT = Variable(
    "RECALL_ODOO_PORT", "18069", "first of the Odoo servers' own ports (loopback)"
)
LISTEN = Variable("RECALL_LISTEN", "127.0.0.1", "address the gateway listens on")
HOST_NAMES = Variable(
    "RECALL_HOST_NAMES", "", "more names for the certificate, comma between"
)
WORKERS = Variable("RECALL_WORKERS", "2", "request processes of each Odoo server")
PG_HOST = Variable("PGHOST", "", "an existing PostgreSQL (with the other PG* ones)")
DATA_DIR = Variable("ODOO_DATA_DIR", "", "an existing Odoo's files: its data_dir")
ADDRESS_RATE = Variable(
    "RECALL_ADDRESS_RATE", "2000", "requests in 10 s that one address may send"
)
TOKEN_RATE = Variable(
    "RECALL_TOKEN_RATE", "1000", "requests in 10 s that one token may send"
)
ADDRESS_LARGE = Variable(
    "RECALL_ADDRESS_LARGE", "4", "large requests of one address at the same time"
)
QUEUE = Variable(
    "RECALL_QUEUE", "2000", "requests that wait for one server; more are refused"
)
# Short: browsers apply it to every port of localhost.
HSTS_SECONDS = Variable("RECALL_HSTS_SECONDS", "300", "lifetime of the HTTPS rule")

VARIABLES = (
    PRODUCER_PORT,
    REGULATOR_PORT,
    ODOO_PORT,
    LISTEN,
    HOST_NAMES,
    WORKERS,
    ADDRESS_RATE,
    TOKEN_RATE,
    ADDRESS_LARGE,
    QUEUE,
    HSTS_SECONDS,
    PG_HOST,
    DATA_DIR,
    ODOO_DIR,
    ODOO_SUITE,
    ODOO_DEBS,
    PYTHON_VARIABLE,
    DEV,
    BENCH,
    JAVA,
)


def odoo_dir() -> Path:
    """The folder in which the Python package `odoo` lies."""
    given = ODOO_DIR.value
    if given:
        return Path(given)
    return LOCAL / "odoo" / "usr" / "lib" / "python3" / "dist-packages"


def data_dir() -> Path:
    """The folder in which Odoo keeps files and sessions."""
    return Path(DATA_DIR.value or DATA)


def describe() -> str:
    """All variables as lines `NAME (default): meaning`, for `make help`."""
    width = max(len(variable.name) for variable in VARIABLES)
    return "\n".join(
        f"  {v.name:<{width}}  {v.meaning}" + (f" [{v.default}]" if v.default else "")
        for v in VARIABLES
    )
