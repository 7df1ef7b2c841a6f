# SPDX-License-Identifier: LGPL-3.0-only
"""Places in a database's transactions at which whoever comes by is held up.

Triggers in the database of a test; the product knows nothing of them. They wait for an
advisory lock that a test takes when it wants somebody caught:

    with points.hold("recall_completion", "row") as held:
        …                                     # have somebody insert
        backend = held.wait()
        os.kill(backend, signal.SIGKILL)
"""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import psycopg2
from stack.cluster import Cluster

#: Settings of a cluster in which a commit can be held up once it is on the disk: the
#: one that asks for it waits for a replica that does not exist.
SETTINGS = """\
synchronous_standby_names = 'nobody'
synchronous_commit = local
"""
MOMENTS = ("begin", "row", "before commit", "after commit")
LOCKS = 28741
FUNCTION = f"""
CREATE FUNCTION hold_point() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_ARGV[1] != 'after commit' THEN
        PERFORM pg_advisory_xact_lock_shared({LOCKS}, TG_ARGV[0]::int);
    ELSIF NOT pg_try_advisory_xact_lock_shared({LOCKS}, TG_ARGV[0]::int) THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    RETURN NEW;
END $$
"""
TRIGGERS = {
    "begin": "CREATE TRIGGER {name} BEFORE {event} ON {table}",
    "row": "CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW",
    "before commit": "CREATE CONSTRAINT TRIGGER {name} AFTER {event} ON {table}"
    " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW",
    "after commit": "CREATE CONSTRAINT TRIGGER {name} AFTER {event} ON {table}"
    " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW",
}
WAITING = f"""
SELECT pid FROM pg_stat_activity
 WHERE datname = current_database()
   AND (wait_event = 'SyncRep' OR pid IN (
        SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
           AND classid = {LOCKS} AND objid = %s))
"""
#: Seconds in which somebody must come by, also on a busy machine.
PATIENCE = 90


class Held:
    """A point that is closed at this moment."""

    def __init__(self, line, number: int) -> None:
        self._line, self._number = line, number

    def wait(self) -> int:
        """Wait until somebody is held up; returns the process id of its backend."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if found := self._ask(WAITING, self._number):
                return found[0][0]
            time.sleep(0.01)
        raise AssertionError("nobody came by the point")

    def go_on(self, backend: int) -> None:
        """Have a commit that is held up end as a commit."""
        self._ask("SELECT pg_cancel_backend(%s)", backend)

    def end(self, backend: int) -> None:
        """End a backend whose client is dead, as the system does after a while."""
        self._ask("SELECT pg_terminate_backend(%s, 5000)", backend)

    def _ask(self, query: str, value: int) -> list[tuple]:
        with self._line.cursor() as cursor:
            cursor.execute(query, [value])
            return cursor.fetchall()


class HoldPoints:
    """The points of one database."""

    def __init__(self, cluster: Cluster, database: str) -> None:
        self.cluster, self.database = cluster, database
        self._numbers: dict[tuple[str, str], int] = {}

    def make(self, *tables: str, event: str = "INSERT") -> None:
        """Make the points of all moments of `event` on some tables."""
        with closing(self._connect()) as line, line.cursor() as cursor:
            if not self._numbers:
                cursor.execute(FUNCTION)
            for table in tables:
                for moment, trigger in TRIGGERS.items():
                    number = len(self._numbers)
                    self._numbers[table, moment] = number
                    name = f"hold_point_{number}"
                    cursor.execute(
                        trigger.format(name=name, event=event, table=table)
                        + f" EXECUTE FUNCTION hold_point({number}, '{moment}')"
                    )

    @contextmanager
    def hold(self, table: str, moment: str) -> Iterator[Held]:
        """Catch whoever comes by; let go at the end."""
        number = self._numbers[table, moment]
        line = self._connect()
        try:
            with line.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_lock(%s, %s)", [LOCKS, number])
            yield Held(line, number)
        finally:
            with suppress(psycopg2.Error):  # it may have died with the server
                line.close()

    def _connect(self):
        return self.cluster.connect(self.database, admin=True)
