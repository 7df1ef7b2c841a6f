# SPDX-License-Identifier: LGPL-3.0-only
"""Both terminals on a database server of their own: everything may be killed."""

import os
import random
import sys
from collections.abc import Iterator

import pytest
from hard_days import PAGE_SIZE, HardDays
from hold_points import SETTINGS
from messages import Messages, messages_of
from simulation.world import World
from stack.cluster import Cluster
from stack.proxy import Limits
from stack.stack import Ports, Stack
from striker import Striker
from supervisor import Supervisor
from workshop import Workshop

VEHICLES = 6_000
PRODUCER = "特斯拉(上海)有限公司"
LIMITS = Limits(address=100_000, token=100_000)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    cluster = Cluster("faults", SETTINGS)
    cluster.remove()
    stack = Stack(
        "faults", ports=Ports.free(), workers=2, limits=LIMITS, cluster=cluster
    )
    try:
        stack.prepare_apart()
        stack.start()
        yield stack
    finally:
        stack.stop()
        stack.remove()
        cluster.remove()


@pytest.fixture(scope="session")
def world(stack: Stack) -> World:
    world = World(stack, VEHICLES)
    world.set_up()
    world.enter()
    world.file_everywhere()
    world.open_interfaces()
    world.connect_terminals()
    client = world.producer
    interfaces = client.call("recall.interface", "search", [])
    client.call("recall.interface", "write", interfaces, {"page_size": PAGE_SIZE})
    return world


@pytest.fixture(scope="session")
def workshop(world: World) -> Workshop:
    seed = int(os.environ.get("RECALL_FAULT_SEED") or random.randrange(10**6))
    sys.stdout.write(f"RECALL_FAULT_SEED={seed}\n")
    return Workshop(world.stack, Striker(world.stack, random.Random(seed)))


@pytest.fixture(scope="session")
def days(world: World, workshop: Workshop) -> HardDays:
    """The days of one producer, with one of them well behind."""
    days = HardDays(world, PRODUCER, workshop)
    days.day()
    return days


@pytest.fixture(scope="session")
def messages(workshop: Workshop) -> Iterator[Messages]:
    """Subscribers and a partner of the regulator, told of one recall well behind."""
    with messages_of(workshop) as messages:
        messages.tell("find")
        yield messages


@pytest.fixture
def supervisor(workshop: Workshop) -> Iterator[Supervisor]:
    """Only while a test kills: else it would start what is stopped at the end."""
    with Supervisor(workshop.stack) as supervisor:
        yield supervisor
