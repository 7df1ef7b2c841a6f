# SPDX-License-Identifier: LGPL-3.0-only
"""Two terminals behind HTTPS, with databases of their own, for each module of tests."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from lone_gateway import Gateway
from simulation.world import World
from stack.proxy import Limits
from stack.stack import Ports, Stack

VEHICLES = 6_000
# The tests send from one address what comes from many in operation.
LIMITS = Limits(address=100_000, token=100_000)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """HAProxy alone, without an Odoo."""
    gateway = Gateway(tmp_path_factory.mktemp("tls"))
    gateway.proxy.start()
    try:
        yield gateway
    finally:
        gateway.proxy.stop()
        gateway.stop_backend()


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Producer, regulator and gateway, made anew and removed at the end.

    Each module's have a name of their own: the logs of all are looked at afterwards.
    """
    name = request.module.__name__.replace("test_", "system_")
    stack = Stack(name, ports=Ports.free(), limits=LIMITS)
    with stack.running(fresh=True):
        yield stack
    stack.remove()


@pytest.fixture(scope="module")
def world(stack: Stack) -> World:
    """The actors: accounts made, plans filed, interfaces open, terminals connected."""
    world = World(stack, VEHICLES)
    world.set_up()
    world.enter()
    filed = world.file_everywhere()
    assert (filed["state"], filed["refused_count"]) == ("done", 0), filed
    world.open_interfaces()
    world.connect_terminals()
    return world
