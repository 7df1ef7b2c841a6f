# SPDX-License-Identifier: LGPL-3.0-only
"""Clusters made of another one: a streaming replica, and a return to a past moment."""

import shutil
import time
from pathlib import Path

from .cluster import ADMIN, PORT, Cluster
from .settings import ROOT

CONFIGURATION = ROOT / "deploy" / "postgresql"


def settings(name: str, **values: object) -> str:
    """The text of deploy/postgresql/NAME.conf with its `{…}` filled in."""
    return (CONFIGURATION / f"{name}.conf").read_text().format(**values)


class BaseBackup(Cluster):
    """A cluster that begins as a copy of another, taken while that one runs."""

    def copy(self, source: Cluster, *options: str) -> None:
        """Copy all of a running cluster; `options` are those of pg_basebackup."""
        self.remove()
        self._make_folders()
        self._run(
            "pg_basebackup",
            f"--pgdata={self.data}",
            f"--host={source.sockets}",
            f"--port={PORT}",
            f"--username={ADMIN}",
            "--checkpoint=fast",
            *options,
        )
        self.configure(f"unix_socket_directories = '{self.sockets}'\n")
        self.configure(self.settings)


class Replica(BaseBackup):
    """A server that follows another one and can take its place."""

    def follow(self, source: Cluster, slot: str) -> None:
        """Make it anew as a replica of a running cluster, and start it.

        What the primary knows it by is its `cluster_name`.
        """
        self.copy(source, "--write-recovery-conf", "--create-slot", f"--slot={slot}")
        self.start()

    def promote(self) -> None:
        """Make a primary of it: it takes writes from now on, and waits for nobody."""
        self.configure("synchronous_standby_names = ''\n")
        self._control("promote", "-w")


class PastMoment(BaseBackup):
    """A cluster brought to a past moment from a base backup and the archived log."""

    def recover(self, archive: Path, moment: str) -> None:
        """Replay the archive up to `moment` (as SQL writes it, UTC) and take writes."""
        self.configure(
            f"restore_command = 'cp {archive}/%f %p'\n"
            f"recovery_target_time = '{moment}'\n"
            "recovery_target_action = 'promote'\n"
            # That of the base backup: a replica that took over has begun another.
            "recovery_target_timeline = 'current'\n"
            "synchronous_standby_names = ''\n"
            "archive_mode = off\n"
        )
        signal = self.data / "recovery.signal"
        signal.touch()
        shutil.chown(signal, self.system_user)
        self.start()
        # It can be read before it is there.
        while self.standby():
            time.sleep(0.1)
