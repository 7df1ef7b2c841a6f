# SPDX-License-Identifier: LGPL-3.0-only
"""The disk under the tables is full."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

from hard_days import HardDays
from small_disk import SmallDisk, small_disk
from stack.cluster import Cluster
from supervisor import HEALING

#: Reports that need new pages in any table.
MANY, FEW = 100, 5
#: How long the disk stays full while work is tried again and again.
FULL_SECONDS = 4
TABLES_MB = 32


def do(cluster: Cluster, database: str, *statements: str) -> None:
    with closing(cluster.connect(database, admin=True)) as line:
        with line.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


@contextmanager
def tables_on(disk: SmallDisk, days: HardDays) -> Iterator[None]:
    """The repair reports of both sides lie on a disk of their own."""
    cluster = days.world.stack.cluster
    names = [site.database.name for site in days.world.stack.sites]
    do(cluster, "postgres", f"CREATE TABLESPACE small LOCATION '{disk.folder}'",
       "GRANT CREATE ON TABLESPACE small TO PUBLIC")  # fmt: skip
    for name in names:
        do(cluster, name, "ALTER TABLE recall_completion SET TABLESPACE small")
    try:
        yield
    finally:
        for name in names:
            do(cluster, name, "ALTER TABLE recall_completion SET TABLESPACE pg_default")
        do(cluster, "postgres", "DROP TABLESPACE small")


def try_while_full(
    disk: SmallDisk, days: HardDays, work: Callable[[], None], side: str
) -> float:
    """Have work done on a full disk; returns the seconds it took once there is room."""
    disk.fill()
    with ThreadPoolExecutor(1) as threads:
        try:
            future = threads.submit(work)
            time.sleep(FULL_SECONDS)
            assert not future.done(), "nothing was written"
            stored = days.count(side)
        finally:
            disk.clear()
        cleared = time.monotonic()
        future.result()
    assert stored < len(days.sent), "all was stored on a full disk"
    return time.monotonic() - cleared


def test_full_disk_under_the_tables_loses_a_record_or_needs_a_person(
    days: HardDays, supervisor, record_property
):
    """X-FAULT E-COLLECT M-RECEIVE: what cannot be stored is not confirmed, and all goes
    on when there is room."""
    cluster = days.world.stack.cluster
    folder = cluster.home / "small"
    days.size = MANY
    try:
        with small_disk(folder, TABLES_MB, cluster.system_user) as disk:
            with tables_on(disk, days):
                seconds = [try_while_full(disk, days, days.send, "producer")]
                days.confirm()
                seconds += [try_while_full(disk, days, days.pull, "regulator")]
                days.compare()
    finally:
        days.size = FEW
    record_property("healed_s", [round(one, 1) for one in seconds])
    assert max(seconds) < HEALING
