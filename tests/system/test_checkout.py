# SPDX-License-Identifier: LGPL-3.0-only
"""`make stop`, `make clean` and a second `make demo`, in a checkout of its own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from stack.settings import PYTHON, ROOT

CLUSTERS = ("", "faults", "kept/primary")
START = "for cluster in clusters: cluster.start()"
TELL = "for cluster in clusters: print(cluster.running(), cluster.data.exists())"
WITH_CLUSTERS = f"""\
from stack.cluster import Cluster
clusters = [Cluster(name) for name in {CLUSTERS!r}]
"""
SHARED = """\
from stack.cluster import Cluster
cluster = Cluster()
cluster.start()
cluster.create_database("recall_demo_producer")
print(cluster.sockets)
"""
#: What `make demo` does but for databases: it has the stack, and a server of it runs.
SERVE = """\
import demo
from stack.stack import Stack
stack = Stack("demo")
stack.lock.take()
stack.proxy.launch(["/bin/sleep", "600"], {})
demo.wait_for_interrupt(stack)
stack.stop()
"""
ALIVE = "from stack.stack import Stack; print(bool(Stack('demo').proxy.pid))"
FOLLOW = """\
from stack.stack import Stack
stack = Stack("demo")
stack.lock.take()
stack.stop()
"""
REFUSAL = "a demo is running already: press Ctrl-C there, or run `make stop`\n"


class Checkout:
    """A copy of the scripts, with nothing made by them yet."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(ROOT / "scripts", root / "scripts")
        (root / "addons").symlink_to(ROOT / "addons")
        (root / ".local").mkdir()
        (root / ".local" / "venv").symlink_to(PYTHON.parents[1])

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.root, capture_output=True, text=True, check=False
        )

    def recall(self, command: str) -> None:
        done = self.run("scripts/recall", command)
        assert (done.returncode, done.stderr) == (0, "")

    def ask(self, script: str) -> list[str]:
        """Lines that a script prints which imports this checkout's modules."""
        done = self.run("env", "PYTHONPATH=scripts", str(PYTHON), "-c", script)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    @contextmanager
    def serving(self) -> Iterator[subprocess.Popen]:
        """A demo that serves."""
        with subprocess.Popen(
            [str(PYTHON), "-c", SERVE],
            cwd=self.root,
            env=os.environ | {"PYTHONPATH": "scripts"},
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                assert process.stdout.readline() == "\n"
                assert process.stdout.readline().startswith("Serving.")
                yield process
            finally:
                process.kill()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Checkout]:
    monkeypatch.delenv("PGHOST", raising=False)
    checkout = Checkout(tmp_path / "checkout")
    try:
        yield checkout
    finally:
        checkout.recall("clean")


def test_stop_leaves_database_servers_running(checkout: Checkout):
    """M-KEEP: those that tests made stop, too, and `clean` deletes what they hold."""
    checkout.ask(WITH_CLUSTERS + START)
    assert checkout.ask(WITH_CLUSTERS + TELL) == ["True True"] * len(CLUSTERS)
    checkout.recall("stop")
    assert checkout.ask(WITH_CLUSTERS + TELL) == ["False True"] * len(CLUSTERS)
    checkout.recall("clean")
    assert checkout.ask(WITH_CLUSTERS + TELL) == ["False False"] * len(CLUSTERS)


def test_demo_drops_the_database_of_another_checkout(checkout: Checkout):
    """Where a server is shared, what keys of ours do not open is somebody else's."""
    [sockets] = checkout.ask(SHARED)
    shared = ["env", f"PGHOST={sockets}", "PGUSER=recall"]
    done = checkout.run(*shared, str(PYTHON), "scripts/demo.py", "--once")
    assert done.returncode == 1
    assert done.stderr.startswith("demo: recall_demo_producer is on PGHOST=")
    done = checkout.run(*shared, "scripts/recall", "databases")
    assert "recall_demo_producer" in done.stdout.split()


@pytest.mark.parametrize("program", ["demo", "pictures"])
def test_second_demo_takes_the_first_down(checkout: Checkout, program: str):
    """It says that one is running, and leaves its servers alone."""
    with checkout.serving():
        done = checkout.run(str(PYTHON), f"scripts/{program}.py")
        assert (done.returncode, done.stderr) == (1, f"{program}: {REFUSAL}")
        assert checkout.ask(ALIVE) == ["True"]


def test_demo_goes_on_after_make_stop(checkout: Checkout):
    """It ends, and the next one can begin at once."""
    with checkout.serving() as demo:
        checkout.recall("stop")
        checkout.ask(FOLLOW)
        assert demo.wait(timeout=10) == 0
        assert "The servers were stopped." in demo.stdout.read()


def test_killed_demo_is_in_the_way_of_the_next(checkout: Checkout):
    """Who is killed holds nothing; the next one ends the servers that are left."""
    with checkout.serving() as demo:
        demo.kill()
        demo.wait()
        assert checkout.ask(ALIVE) == ["True"]
        checkout.ask(FOLLOW)
    assert checkout.ask(ALIVE) == ["False"]
