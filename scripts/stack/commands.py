# SPDX-License-Identifier: LGPL-3.0-only
"""What `scripts/recall COMMAND …` does, for developers and for the Makefile."""

import os
import shutil
import sys
from collections.abc import Callable
from itertools import pairwise

from . import odoo_server, settings
from .cluster import Cluster, named_clusters
from .processes import running_servers

# Left by `clean`: Odoo, the Python environment and the stamps of scripts/setup.sh.
MADE_BY_RUNNING = (
    settings.DATA,
    settings.LOGS,
    settings.RUN,
    settings.LOCAL / "keys",
    settings.LOCAL / "tls",
)
USAGE = """\
scripts/recall COMMAND [ARGUMENT…]
  odoo ARGUMENT…        Odoo with this checkout's add-ons and database server; the
                        database named by -d is made when it does not exist
  createdb NAME [FROM]  make a database, empty or as a copy
  dropdb NAME           delete a database
  databases             list the databases
  guard NAME            give log and repair reports to a role of their own
  release NAME          give them back to Odoo's role, before an update
  psql NAME [OPTION…]   SQL prompt on a database
  start                 start the database server
  stop                  stop every server of this checkout
  clean                 stop, then delete databases, logs and run files
  variables             list the variables that can be set
"""


def odoo(arguments: list[str]) -> None:
    cluster = Cluster()
    cluster.start()
    name = _database_name(arguments)
    if name and not cluster.exists(name):
        cluster.create_database(name)
    command, environment = odoo_server.command_line(cluster, arguments)
    os.execvpe(command[0], command, environment)  # noqa: S606 our own argument list


def _database_name(arguments: list[str]) -> str | None:
    for option, value in pairwise(arguments):
        if option in ("-d", "--database"):
            return value
    return None


def createdb(arguments: list[str]) -> None:
    _started().create_database(*arguments)


def dropdb(arguments: list[str]) -> None:
    _started().drop_database(*arguments)


def guard(arguments: list[str]) -> None:
    _started().run_file(*arguments, settings.LOG_OWNER / "log_owner.sql")


def release(arguments: list[str]) -> None:
    _started().run_file(*arguments, settings.LOG_OWNER / "log_owner_release.sql")


def databases(_arguments: list[str]) -> None:
    print(*_started().databases(), sep="\n")


def psql(arguments: list[str]) -> None:
    environment = os.environ | _started().environment()
    os.execvpe("psql", ["psql", *arguments], environment)  # noqa: S606


def start(_arguments: list[str]) -> None:
    _started()


def stop(_arguments: list[str]) -> None:
    for server in running_servers():
        server.stop()
    for cluster in _clusters():
        cluster.stop()


def clean(arguments: list[str]) -> None:
    stop(arguments)
    for cluster in _clusters():
        cluster.remove()
    for folder in MADE_BY_RUNNING:
        shutil.rmtree(folder, ignore_errors=True)


def _clusters() -> list[Cluster]:
    return [*named_clusters(), Cluster()]


def variables(_arguments: list[str]) -> None:
    print(settings.describe())


def usage(_arguments: list[str]) -> None:
    print(USAGE, end="")


def _started() -> Cluster:
    cluster = Cluster()
    cluster.start()
    return cluster


COMMANDS: dict[str, Callable[[list[str]], None]] = {
    "odoo": odoo,
    "createdb": createdb,
    "dropdb": dropdb,
    "databases": databases,
    "guard": guard,
    "release": release,
    "psql": psql,
    "start": start,
    "stop": stop,
    "clean": clean,
    "variables": variables,
    "help": usage,
}


def main(arguments: list[str]) -> int:
    """Run one command; a StackError is one line on standard error and exit 1."""
    command = COMMANDS.get(arguments[0] if arguments else "help")
    if command is None:
        print(f"no such command: {arguments[0]}\n{USAGE}", file=sys.stderr)
        return 2
    try:
        command(arguments[1:])
    except settings.StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
