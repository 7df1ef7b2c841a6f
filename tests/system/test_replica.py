# SPDX-License-Identifier: LGPL-3.0-only
"""A regulator's database has a streaming replica and an archive of its log."""

import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
import requests
from backup import back_up, restore
from simulation.fleet import Fleet
from simulation.regulator import Regulator
from stack.cluster import Cluster
from stack.database import Database
from stack.odoo_server import OdooServer
from stack.processes import free_ports
from stack.replica import PastMoment, Replica, settings
from stack.settings import LOGS, StackError
from stack.stack import make_key_file

NAME = "recall_system_kept"
SLOT = "second_building"
PRODUCERS, VEHICLES = 8, 60
#: Clause 8.3.2: after that a client breaks off.
PATIENCE = 3.0
DATA_TIME = re.compile(rb"<time>([^<]*)</time>")
CHANGE = "UPDATE recall_plan SET write_date = write_date + interval '1 day'"
VERIFY = "result = env['recall.audit.checkpoint']._verify()"
DROP_SLOTS = "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
MISTAKE = """\
SET session_replication_role = replica;
DELETE FROM recall_completion; DELETE FROM recall_plan"""


class Kept:
    """The regulator on a primary of its own, which archives its log."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self.fleet, self.folder = fleet, folder
        self.keys = folder / "keys.json"
        self.primary = Cluster("kept/primary")
        self.archive = self.primary.home / "archive"
        self.enterprises: dict[str, int] = {}

    def start(self) -> None:
        self.primary.remove()
        self._make_archive()
        self.primary.settings = settings("primary", archive=self.archive)
        self.primary.start()
        make_key_file(self.keys)
        backup = self._back_up_elsewhere()
        restore(backup, NAME, self.keys, self.primary)

    def _make_archive(self) -> None:
        self.archive.mkdir(parents=True)
        shutil.chown(self.archive, self.primary.system_user)

    def _back_up_elsewhere(self) -> Path:
        """A regulator that pulled once, as a backup made on the usual server."""
        regulator = Regulator(Regulator.site(NAME, self.keys, self.fleet))
        regulator.make(os.environ.get("RECALL_CAMPAIGN_TEMPLATE"))
        with regulator:
            regulator.connect(self.fleet.stations, self.fleet.plans())
            self.confirm_and_pull(regulator)
        backup = back_up(NAME, self.folder / "backup", self.keys, self.folder / "safe")
        regulator.database.drop()
        self.enterprises = regulator.enterprises
        return backup

    def confirm_and_pull(self, regulator: Regulator) -> None:
        for number, station in enumerate(self.fleet.stations):
            station.confirm(2 + number % 3)
        regulator.pull(self.fleet.stations)

    def regulator(self, cluster: Cluster | None = None) -> Regulator:
        """The regulator on this server, if not on the primary."""
        site = Regulator.site(NAME, self.keys, self.fleet)
        site.cluster = cluster or self.primary
        regulator = Regulator(site)
        regulator.enterprises = self.enterprises
        return regulator

    def remove(self) -> None:
        self.primary.remove()
        Database(Cluster(), NAME).drop()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    folder = tmp_path_factory.mktemp("kept")
    Cluster().start()
    with Fleet(PRODUCERS, folder, vehicles=VEHICLES) as fleet:
        kept = Kept(fleet, folder)
        try:
            kept.start()
            yield kept
        finally:
            kept.remove()


@pytest.fixture
def replica(kept: Kept) -> Iterator[Replica]:
    """A replica for which each commit of the primary waits."""
    replica = Replica(
        "kept/replica", settings("replica", replica=SLOT, archive=kept.archive)
    )
    try:
        replica.follow(kept.primary, SLOT)
        kept.primary.configure(f"synchronous_standby_names = '{SLOT}'\n")
        yield replica
    finally:
        replica.remove()
        kept.primary.start()  # after its loss, too
        kept.primary.configure("synchronous_standby_names = ''\n")
        ask(kept.primary, DROP_SLOTS, "postgres")


@pytest.fixture
def server(kept: Kept, replica: Replica) -> Iterator[OdooServer]:
    """A server of the public pages that reads from the replica."""
    server = OdooServer(
        "system/replica",
        kept.primary,
        NAME,
        tuple(free_ports(2)),
        workers=0,
        cron_threads=0,
        environment={"RECALL_KEY_FILE": str(kept.keys)},
        options=(
            f"--db_replica_host={replica.sockets}",
            "--db_replica_port=5432",
        ),
    )
    server.start()
    yield server
    server.stop()


def ask(cluster: Cluster, query: str, database: str = NAME) -> list[tuple]:
    """Rows of a query as the superuser; none of a statement that gives none."""
    connection = cluster.connect(database, admin=True)
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def look_up(server: OdooServer, vin: str) -> str:
    """The date of the data with which a look-up is answered, within the patience."""
    started = time.monotonic()
    answer = requests.post(f"{server.url}/recall", data={"vin": vin}, timeout=10)
    assert answer.status_code == 200, answer.text
    assert time.monotonic() - started < PATIENCE
    return DATA_TIME.search(answer.content)[1].decode()


def test_look_up_asks_the_primary_or_hides_how_old_its_data_are(
    kept: Kept, replica: Replica, server: OdooServer
):
    """S-QUERY M-KEEP: look-ups read the replica; its data's date is shown."""
    vin = kept.fleet.stations[0].vins[0]
    before = look_up(server, vin)
    ask(replica, "SELECT pg_wal_replay_pause()")
    ask(kept.primary, CHANGE)
    assert look_up(server, vin) == before
    ask(replica, "SELECT pg_wal_replay_resume()")
    deadline = time.monotonic() + 10
    while look_up(server, vin) == before:
        assert time.monotonic() < deadline, "the replica does not catch up"
        time.sleep(0.1)


def test_look_up_fails_when_the_replica_dies(
    kept: Kept, replica: Replica, server: OdooServer
):
    """S-ANSWER X-FAULT: the primary answers in its place, within the time limit."""
    vin = kept.fleet.stations[0].vins[0]
    for _visitor in range(4):
        look_up(server, vin)
    replica.kill()
    for _visitor in range(8):
        look_up(server, vin)


def test_writing_stands_still_after_the_replica_is_given_up(
    kept: Kept, replica: Replica
):
    """M-KEEP X-FAULT: without its replica the primary goes on when it is told to."""
    with kept.regulator() as regulator:
        replica.kill()
        pull = Thread(target=kept.confirm_and_pull, args=(regulator,))
        pull.start()
        pull.join(2)
        assert pull.is_alive(), "a commit did not wait for the replica"
        kept.primary.configure("synchronous_standby_names = ''\n")
        pull.join(60)
        assert not pull.is_alive()
        assert not regulator.compare(kept.fleet.stations, arrived=True)


def test_acknowledged_record_is_lost_with_the_primary(kept: Kept, replica: Replica):
    """M-KEEP X-FAULT: the primary dies in a pull; its replica takes over with all."""
    losing = kept.regulator()
    # Its errors are meant: they are no fault of the other tests.
    losing.database.log = LOGS / "lost" / f"{NAME}.log"
    with losing as regulator:
        kept.confirm_and_pull(regulator)
        pull = Thread(target=_pull_until_lost, args=(kept, regulator))
        pull.start()
        time.sleep(0.3)
        kept.primary.kill()
        pull.join(60)
        assert not pull.is_alive()
    replica.promote()
    with kept.regulator(replica) as regulator:
        assert not regulator.compare(kept.fleet.stations, arrived=False)
        regulator.pull(kept.fleet.stations)
        kept.confirm_and_pull(regulator)
        assert not regulator.compare(kept.fleet.stations, arrived=True)
        assert regulator.wrong_counters() == []
        assert regulator.run(VERIFY) is None


def _pull_until_lost(kept: Kept, regulator: Regulator) -> None:
    with pytest.raises(StackError):
        while True:
            kept.confirm_and_pull(regulator)


def test_mistake_cannot_be_undone_from_the_archive(kept: Kept):
    """M-KEEP: base backup and archived log bring back the moment before a mistake."""
    past = PastMoment("kept/past")
    try:
        _undo(kept, past)
    finally:
        past.remove()


def _undo(kept: Kept, past: PastMoment) -> None:
    past.copy(kept.primary)
    with kept.regulator() as regulator:
        kept.confirm_and_pull(regulator)
    rows = "SELECT count(*) FROM recall_completion"
    before = ask(kept.primary, rows)
    [(moment,)] = ask(kept.primary, "SELECT clock_timestamp()::text")
    ask(kept.primary, MISTAKE)
    assert ask(kept.primary, rows) == [(0,)]
    ask(kept.primary, "SELECT pg_switch_wal()")
    _wait_archived(kept)
    past.recover(kept.archive, moment)
    assert ask(past, rows) == before != [(0,)]
    with kept.regulator(past) as regulator:
        assert not regulator.compare(kept.fleet.stations, arrived=True)
        assert regulator.wrong_counters() == []


def _wait_archived(kept: Kept) -> None:
    deadline = time.monotonic() + 30
    waiting = kept.primary.data / "pg_wal" / "archive_status"
    while any(waiting.glob("*.ready")):
        assert time.monotonic() < deadline, "the log is not archived"
        time.sleep(0.1)
