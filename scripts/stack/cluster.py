# SPDX-License-Identifier: LGPL-3.0-only
"""The embedded PostgreSQL cluster, or an existing server named by PG* variables."""

import contextlib
import getpass
import hashlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg2
from psycopg2 import sql

from .lock import locked
from .settings import LOCAL, PG_HOST, ROOT, StackError

ADMIN = "recall_admin"
OWNER = "recall"
PORT = 5432
# A Unix socket's path holds 107 bytes at most (sockaddr_un).
SOCKET_PATH_LIMIT = 107
MINIMUM_VERSION = 15

CONFIGURATION = """\
listen_addresses = ''
port = {port}
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0777
max_connections = 200
shared_buffers = {buffers}MB
work_mem = 16MB
maintenance_work_mem = 256MB
# Taking in at full speed writes 60 MB a second: the fewer checkpoints, the fewer pages
# are written in full.
max_wal_size = 8GB
checkpoint_timeout = 15min
random_page_cost = 1.1
fsync = on
synchronous_commit = on
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %d '
lc_messages = 'C'
"""


class Cluster:
    """A PostgreSQL server whose databases belong to the role `recall`.

    The embedded one lives under .local/pg and listens on a Unix socket only. Each
    system user connects by `peer`: no password exists. With PGHOST set, nothing is
    started: that server is used with the roles of its PG* variables.

    A `name` makes it another embedded cluster beside that one, with `settings` of its
    own (text of a postgresql.conf).
    """

    def __init__(self, name: str = "", settings: str = "") -> None:
        self.external = bool(PG_HOST.value) and not name
        self.system_user = _system_user()
        self.home = LOCAL if self.external else _home(self.system_user, name)
        self.settings = settings
        self.data = self.home / "pg"
        self.sockets = self.home / "pg-socket"

    # Life ---------------------------------------------------------------------

    def start(self) -> None:
        """Start the cluster, made on the first call; does nothing when it runs."""
        if self.external:
            self._check_external()
            return
        # Two commands at the same moment: the second one waits and finds it.
        with locked(self.home / "pg.lock"):
            if not (self.data / "PG_VERSION").exists():
                self._create()
            if not self.running():
                log = str(self.home / "pg.log")
                self._control("start", "-w", "-t", "60", "-l", log)
            if not self.standby():
                self._create_owner()

    def stop(self) -> None:
        """Stop the embedded cluster; sessions are closed."""
        if not self.external and self.running():
            self._control("stop", "-w", "-m", "fast")

    def stop_unless_used(self) -> None:
        """Stop the embedded cluster when no other program is connected to it."""
        if self.external or not self.running():
            return
        others = self._ask(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        if others[0][0] == 0:
            self.stop()

    def running(self) -> bool:
        """Whether the server process of this cluster is alive."""
        if self.external:
            return True
        if not (self.data / "postmaster.pid").exists():
            return False
        return self._control("status", check=False) == 0

    def standby(self) -> bool:
        """Whether it follows another cluster, and nothing can be written to it."""
        return self._ask("SELECT pg_is_in_recovery()")[0][0]

    def configure(self, text: str) -> None:
        """Append lines of a postgresql.conf; the last one about a setting counts."""
        with (self.data / "postgresql.conf").open("a") as stream:
            stream.write(text)
        if self.running():
            self._control("reload")

    def kill(self) -> None:
        """SIGKILL to the server and its sessions, as the loss of the machine would."""
        first = int((self.data / "postmaster.pid").read_text().split()[0])
        # Stopped first: else it would see its children die, and tidy up.
        os.kill(first, signal.SIGSTOP)
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        for pid in [*map(int, children), first]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while Path(f"/proc/{first}").exists():
            time.sleep(0.02)

    def remove(self) -> None:
        """Stop the embedded cluster and delete it with all databases."""
        if self.external:
            return
        self.stop()
        for path in (self.data, self.sockets):
            shutil.rmtree(path, ignore_errors=True)
        (self.home / "pg.log").unlink(missing_ok=True)
        if self.home != LOCAL:
            shutil.rmtree(self.home, ignore_errors=True)

    # Databases ----------------------------------------------------------------

    def environment(self) -> dict[str, str]:
        """The PG* variables with which Odoo and psql reach this server."""
        if self.external:
            return {k: v for k, v in os.environ.items() if k.startswith("PG")}
        return {"PGHOST": str(self.sockets), "PGPORT": str(PORT), "PGUSER": OWNER}

    def connect(self, database: str = "postgres", *, admin: bool = False):
        """A psycopg2 connection in autocommit mode; `admin` as the superuser."""
        if self.external:
            connection = psycopg2.connect(dbname=database)
        else:
            connection = psycopg2.connect(
                dbname=database,
                host=str(self.sockets),
                port=PORT,
                user=ADMIN if admin else OWNER,
            )
        connection.autocommit = True
        return connection

    def client(self, program: str, *words: str) -> None:
        """Run a client program of PostgreSQL on this server; StackError if it fails."""
        found = shutil.which(program)
        if not found:
            raise StackError(
                f"{program} is missing: install PostgreSQL's client programs"
            )
        result = subprocess.run(
            [found, *words],
            env=os.environ | self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            reason = result.stderr.strip().splitlines() or ["no reason given"]
            raise StackError(f"{program} failed: {reason[-1]}")

    def exists(self, name: str) -> bool:
        return bool(self._ask("SELECT 1 FROM pg_database WHERE datname = %s", (name,)))

    def databases(self, prefix: str = "") -> list[str]:
        """Names of the databases that begin with `prefix`, templates apart."""
        rows = self._ask("SELECT datname FROM pg_database WHERE NOT datistemplate")
        return sorted(name for (name,) in rows if name.startswith(prefix))

    def create_database(self, name: str, template: str | None = None) -> None:
        """Make a database as Odoo makes its own: UTF-8, C collation, pg_trgm.

        With `template`, a copy of that database; nobody may be connected to it.
        """
        statement = sql.SQL("CREATE DATABASE {} {} TEMPLATE {}").format(
            sql.Identifier(name),
            sql.SQL("" if self.external else f"OWNER {OWNER}"),
            sql.Identifier(template or "template0"),
        )
        if not template:
            statement += sql.SQL(" ENCODING 'UTF8' LC_COLLATE 'C'")
        self._do(statement)
        if not template:
            self._do(sql.SQL("CREATE EXTENSION IF NOT EXISTS pg_trgm"), name)

    def drop_database(self, name: str) -> None:
        """Delete a database, closing its sessions; none of that name is fine."""
        self._do(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
                sql.Identifier(name)
            )
        )

    def rename_database(self, old: str, new: str) -> None:
        self._do(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                sql.Identifier(old), sql.Identifier(new)
            )
        )

    def run_file(self, name: str, path: Path) -> None:
        """Run a file of SQL on a database, as the superuser."""
        self._do(sql.SQL(path.read_text()), name)

    # Details ------------------------------------------------------------------

    def _ask(self, query: str, values: tuple = ()) -> list[tuple]:
        connection = self.connect(admin=True)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query, values)
                return cursor.fetchall()
        finally:
            connection.close()

    def _do(self, statement: sql.Composable, database: str = "postgres") -> None:
        connection = self.connect(database, admin=True)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()

    def _create_owner(self) -> None:
        if not self._ask("SELECT 1 FROM pg_roles WHERE rolname = %s", (OWNER,)):
            self._do(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(OWNER)))

    def _create(self) -> None:
        self._make_folders()
        self._run("initdb", "--username", ADMIN, "--auth=peer", "--data-checksums",
                  "--encoding=UTF8", "--locale=C.UTF-8", str(self.data))  # fmt: skip
        self._configure()

    def _make_folders(self) -> None:
        for path in (self.data, self.sockets):
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir(parents=True, mode=0o700)
            shutil.chown(path, self.system_user)
        # Odoo's user must pass through to the socket.
        self.sockets.chmod(0o755)
        log = self.home / "pg.log"
        log.touch(mode=0o600)
        shutil.chown(log, self.system_user)

    def _configure(self) -> None:
        values = {"port": PORT, "sockets": self.sockets, "buffers": _buffers()}
        self.configure(CONFIGURATION.format(**values))
        self.configure(self.settings)
        (self.data / "pg_hba.conf").write_text(
            "local all all peer map=recall\nlocal replication all peer map=recall\n"
        )
        users = sorted({getpass.getuser(), self.system_user})
        lines = [f"recall {user} {role}" for user in users for role in (ADMIN, OWNER)]
        (self.data / "pg_ident.conf").write_text("\n".join(lines) + "\n")

    def _control(self, action: str, *arguments: str, check: bool = True) -> int:
        return self._run(
            "pg_ctl", action, "-D", str(self.data), *arguments, check=check
        )

    def _run(self, program: str, *arguments: str, check: bool = True) -> int:
        command = [str(_server_program(program)), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", self.system_user, "--", *command]
        # To a file, not a pipe: the server that pg_ctl starts would keep it open.
        with (LOCAL / "pg-control.log").open("w+") as output:
            code = subprocess.run(
                command, stdout=output, stderr=output, cwd="/", check=False
            ).returncode
            if code and check:
                output.seek(0)
                lines = output.read().strip().splitlines() or ["no output"]
                raise StackError(
                    f"{program} failed: {lines[-1]} (see {self.home / 'pg.log'})"
                )
        return code

    def _check_external(self) -> None:
        try:
            connection = self.connect()
        except psycopg2.OperationalError as error:
            reason = str(error).strip().splitlines()[0]
            raise StackError(
                f"PGHOST={PG_HOST.value} cannot be reached: {reason}; correct the PG* "
                "variables or unset PGHOST to use the embedded server"
            ) from error
        version = connection.server_version // 10000
        connection.close()
        if version < MINIMUM_VERSION:
            raise StackError(
                f"PGHOST={PG_HOST.value} is PostgreSQL {version}: {MINIMUM_VERSION} "
                "or newer is needed"
            )


def named_clusters() -> list[Cluster]:
    """The clusters beside the usual one that tests made, running or not."""
    names = {
        str(version.parents[1].relative_to(base))
        for base in (LOCAL, _home_elsewhere())
        for pattern in ("*/pg/PG_VERSION", "*/*/pg/PG_VERSION")
        for version in base.glob(pattern)
    }
    return [Cluster(name) for name in sorted(names)]


def _buffers() -> int:
    """MB of shared buffers: a quarter of the memory, up to 8 GB.

    The indexes that taking in reads at random places must fit. A page that nobody needs
    takes no memory.
    """
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(128, min(memory // 4 // 2**20, 8192))


def _system_user() -> str:
    """PostgreSQL refuses to run as root: there Debian's `postgres` does it."""
    return "postgres" if os.geteuid() == 0 else getpass.getuser()


def _home(user: str, name: str) -> Path:
    """Where the cluster lives: .local, unless its user or the socket cannot."""
    socket = LOCAL / name / "pg-socket" / f".s.PGSQL.{PORT}"
    if len(str(socket)) < SOCKET_PATH_LIMIT and _reachable(LOCAL, user):
        return LOCAL / name
    home = _home_elsewhere()
    home.mkdir(mode=0o755, exist_ok=True)
    if home.lstat().st_uid != os.geteuid() or home.is_symlink():
        raise StackError(f"{home} belongs to someone else: delete it or move checkout")
    return home / name


def _home_elsewhere() -> Path:
    mark = hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]
    return Path("/var/tmp") / f"recall-{mark}"  # noqa: S108 owner checked before use


def _reachable(path: Path, user: str) -> bool:
    if os.geteuid() != 0:
        return True
    path.mkdir(parents=True, exist_ok=True)
    check = subprocess.run(
        ["runuser", "-u", user, "--", "test", "-x", str(path)], check=False
    )
    return check.returncode == 0


def _server_program(name: str) -> Path:
    """`initdb` or `pg_ctl`: Debian's newest, else the one in PATH."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda folder: float(folder.parent.name),
    )
    for folder in reversed(folders):
        if (folder / name).exists() and (folder / "postgres").exists():
            return folder / name
    found = shutil.which(name)
    if not found:
        raise StackError(f"{name} is missing: run scripts/setup.sh, or set PGHOST")
    return Path(found).resolve()
