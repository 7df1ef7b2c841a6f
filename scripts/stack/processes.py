# SPDX-License-Identifier: LGPL-3.0-only
"""Servers as process groups of their own, remembered in pid files."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

from .settings import LOGS, RUN, StackError

NEVER_OUTGOING = range(20000, 32768)


class Server:
    """A server process with its children, its pid file and its log.

    The pid file holds the process id and the kernel's start time of the process, so
    that an id which was given to another process since is never signalled.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.pid_file = RUN / f"{name}.pid"
        self.log = LOGS / f"{name}.log"

    def launch(self, command: list[str], environment: dict[str, str]) -> None:
        """Start `command` in a new session; output is appended to the log."""
        self.stop()
        self.pid_file.parent.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            # It names who asked for what; an older one may stand open to everybody.
            os.fchmod(output.fileno(), 0o600)
            process = subprocess.Popen(
                command,
                env=environment,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        # The server outlives this object and is reaped by `_reap`: Popen need not warn.
        process.returncode = 0
        self.pid_file.write_text(f"{process.pid} {_start_time(process.pid)}\n")

    @property
    def pid(self) -> int | None:
        """Id of the running main process, None when it does not run."""
        try:
            pid, started = self.pid_file.read_text().split()
        except (OSError, ValueError):
            return None
        return int(pid) if _start_time(int(pid)) == started else None

    def stop(self, patience: float = 15.0) -> None:
        """End the process group: SIGTERM, and SIGKILL after `patience` seconds."""
        pid = self.pid
        if pid is not None:
            signal_group(pid, signal.SIGTERM)
            if not self._gone(pid, patience):
                self.kill()
        self.pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """SIGKILL to the whole process group, as a power cut would."""
        pid = self.pid
        if pid is not None:
            signal_group(pid, signal.SIGKILL)
            self._gone(pid, 10.0)
        self.pid_file.unlink(missing_ok=True)

    def _gone(self, pid: int, patience: float) -> bool:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            _reap(pid)
            if not _group_alive(pid):
                return True
            time.sleep(0.05)
        return False


def last_line(log: Path) -> str:
    """The last line of a log, for error messages."""
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else "nothing was logged"


def running_servers() -> list[Server]:
    """Every server of this checkout that a pid file names, alive or not."""
    names = (path.relative_to(RUN).with_suffix("") for path in RUN.glob("**/*.pid"))
    return [Server(str(name)) for name in sorted(names)]


def wait_port_free(port: int, variable: str, patience: float) -> None:
    """Wait until nothing listens on the port; StackError after `patience` seconds.

    A server that was just killed may hold it for a moment.
    """
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with contextlib.suppress(StackError):
            check_port_free(port, variable)
            return
        time.sleep(0.1)
    check_port_free(port, variable)


def check_port_free(port: int, variable: str, address: str = "127.0.0.1") -> None:
    """Raise StackError when something listens on the port already."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise StackError(
                f"port {port} cannot be used ({error.strerror}): run `make stop`, or "
                f"set {variable} to another port"
            ) from error


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on at this moment, all different.

    They lie below those the kernel gives to outgoing connections: one of these could
    take the port of a server while it is restarted.
    """
    found: list[int] = []
    for port in random.sample(NEVER_OUTGOING, len(NEVER_OUTGOING)):
        with contextlib.suppress(StackError):
            check_port_free(port, "")
            found.append(port)
        if len(found) == count:
            return found
    raise StackError(f"no {count} free ports between 20000 and 32767")


def _start_time(pid: int) -> str | None:
    """Start time in clock ticks since boot: field 22 of proc(5) stat; None: dead."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[19]


def signal_group(pid: int, number: int) -> None:
    """Send a signal to a process group that may have ended meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


def _group_alive(pid: int) -> bool:
    """Whether a process of the group still runs.

    A zombie does not count, unless threads of it are still on their way out: they hold
    its files and its ports.
    """
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == pid and (fields[0] != "Z" or int(fields[17]) > 1):
            return True
    return False


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
