# SPDX-License-Identifier: LGPL-3.0-only
"""Producers' terminals that fail and lie in every known way, against the real pull.

Each row of the table is a kind of fault in at least 20 variations. Its terminals and
healthy ones between them are asked in one cycle; then the faults are healed and all
are asked again. After each of the two the regulator's books are compared with the
ledgers of the producers.

Terminals that take the whole time limit hold a thread of the pull for 10 s. The three
rows of such are one here, with every third variation; RECALL_CAMPAIGN=full shows all.
"""

import os
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain, islice, zip_longest
from pathlib import Path

import pytest
from simulation.faults import Grounds, content, make_grounds, paging, tls, transport
from simulation.fleet import Fault, Fleet, Station
from simulation.regulator import Regulator
from stack.cluster import Cluster
from stack.stack import make_key_file

PRODUCERS = 200
HEALTHY = 10
VARIATIONS = 20
FULL = os.environ.get("RECALL_CAMPAIGN") == "full"
SLOW = {
    "black hole": transport.silent,
    "drip of the head": transport.dripping_head,
    "drip of the body": transport.dripping_body,
}


def slow_in_short(grounds: Grounds) -> list[Fault]:
    """Every third variation of the slow rows."""
    return [fault for row in SLOW.values() for fault in row(grounds)[::3]]


ROWS = (SLOW if FULL else {"black hole and drips": slow_in_short}) | {
    # First those that make a terminal give all it ever gave once more.
    "same page twice": paging.repeated_page,
    "answers swapped": paging.swapped_answers,
    "cursor going back": paging.cursor_going_back,
    "pages out of order": paging.pages_out_of_order,
    "same key, other content": paging.other_content,
    "refused": transport.refused,
    "reset": transport.reset,
    "truncated": transport.truncated,
    "wrong length": transport.wrong_length,
    "wrong count": content.wrong_count,
    "wrong type of a member": content.wrong_member,
    "wrong type in a record": content.wrong_record,
    "2 GB": transport.huge,
    "compressed bomb": transport.compressed,
    "deep JSON": content.deep,
    "UTF-16": content.utf_16,
    "GBK": content.gbk,
    "byte order mark": content.byte_order_mark,
    "NaN": content.not_a_number,
    "NUL": content.nul,
    "expired certificate": tls.expired,
    "self-signed certificate": tls.unknown_authority,
    "certificate of another host": tls.wrong_host,
    "TLS 1.0": tls.old_protocol,
    "redirect": transport.redirected,
    "private and metadata addresses": transport.forbidden_address,
}


class Campaign:
    """The fleet, the regulator and what the present row makes of them."""

    def __init__(self, fleet: Fleet, regulator: Regulator, grounds: Grounds) -> None:
        self.fleet = fleet
        self.regulator = regulator
        self.grounds = grounds
        self._next = 0

    def choose(self, faults: list[Fault]) -> tuple[dict[str, Station], list[Station]]:
        """Stations for the faults, by label, and healthy ones, other than before."""
        turned = self.fleet.stations[self._next :] + self.fleet.stations[: self._next]
        free = iter(turned)
        faulty = {
            fault.label: next(s for s in free if not (fault.paged and not _pages(s)))
            for fault in faults
        }
        healthy = list(islice(free, HEALTHY))
        # An even step, so that partners stay together.
        last = turned.index(healthy[-1])
        self._next = (self._next + last + 2) // 2 * 2 % PRODUCERS
        return faulty, healthy

    def pull(self, stations: list[Station]) -> dict[str, list[str]]:
        """Have stations asked; returns the outcomes of each one's exchanges."""
        newest = self.regulator.ask("SELECT coalesce(max(id), 0) FROM recall_exchange")
        self.regulator.pull(stations)
        rows = self.regulator.ask(
            """SELECT terminal.name, outcome
                 FROM recall_exchange exchange
                 JOIN recall_enterprise terminal ON terminal.id = enterprise_id
                WHERE exchange.id > %s ORDER BY exchange.id""",
            newest[0][0],
        )
        outcomes = defaultdict(list)
        for name, outcome in rows:
            outcomes[name].append(outcome)
        return outcomes

    def quarantined(self) -> dict[str, int]:
        """Records of each producer that stand in quarantine, or stood there."""
        return dict(
            self.regulator.ask(
                """SELECT terminal.name, count(*)::int
                     FROM recall_quarantine
                     JOIN recall_enterprise terminal ON terminal.id = enterprise_id
                    GROUP BY 1"""
            )
        )


def _pages(station: Station) -> bool:
    """Whether a station and its partner both give pages."""
    return not (station.terminal.plain or station.partner.terminal.plain)


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    folder: Path = tmp_path_factory.mktemp("fleet")
    keys = folder / "keys.json"
    make_key_file(keys)
    Cluster().start()
    with Fleet(PRODUCERS, folder) as fleet:
        database = Regulator.site("recall_system_campaign", keys, fleet)
        regulator = Regulator(database)
        regulator.make(os.environ.get("RECALL_CAMPAIGN_TEMPLATE"))
        with make_grounds(fleet.authority, folder) as grounds, regulator:
            regulator.connect(fleet.stations, fleet.plans())
            yield Campaign(fleet, regulator, grounds)
        database.drop()


@pytest.mark.parametrize("row", ROWS)
def test_faulty_terminal_spoils_books_or_harms_others(campaign: Campaign, row: str):
    """M-PULL M-RECEIVE M-VERIFY X-FAULT X-TLS X-ATTACK: nothing is lost, doubled or
    made up, others are asked as ever, and who heals is asked as before."""
    faults = ROWS[row](campaign.grounds)
    assert len({fault.label for fault in faults}) == len(faults) >= VARIATIONS
    faulty, healthy = campaign.choose(faults)
    stations = [*faulty.values(), *healthy]
    _begin(campaign, faults, faulty, healthy)
    before = campaign.quarantined()
    in_turn = zip_longest(faulty.values(), healthy)
    order = [s for s in chain.from_iterable(in_turn) if s]
    outcomes = campaign.pull(order)

    assert _surprises(faults, faulty, outcomes) == {}
    for station in healthy:
        assert set(outcomes[station.terminal.name]) == {"success"}
    assert not campaign.regulator.compare(healthy, arrived=True)
    assert not campaign.regulator.compare(stations, arrived=False)
    kept = campaign.quarantined()
    for fault in faults if row != "pages out of order" else ():
        name = faulty[fault.label].terminal.name
        found = kept.get(name, 0) - before.get(name, 0)
        assert (fault.label, found) == (fault.label, fault.quarantined)
    assert campaign.grounds.catcher.accepted == 0

    for fault in faults:
        faulty[fault.label].heal()
        if fault.url:
            campaign.regulator.move(faulty[fault.label], faulty[fault.label].url)
    outcomes = campaign.pull(list(faulty.values()))
    assert {outcomes[s.terminal.name][-1] for s in faulty.values()} == {"success"}
    assert not campaign.regulator.compare(stations, arrived=True)


def test_counters_or_log_disagree_after_all_of_it(campaign: Campaign):
    """M-RECEIVE M-KEEP X-TAMPER: all ledgers, the plans' counters and the operation log
    agree with the books."""
    assert not campaign.regulator.compare(campaign.fleet.stations, arrived=True)
    assert campaign.regulator.wrong_counters() == []
    script = """\
log = env["recall.audit.checkpoint"]
log._cron_seal()
result = log._verify()
"""
    assert campaign.regulator.run(script) is None


def _begin(
    campaign: Campaign,
    faults: list[Fault],
    faulty: dict[str, Station],
    healthy: list[Station],
) -> None:
    for station in healthy:
        station.confirm(1)
    for fault in faults:
        station = faulty[fault.label]
        station.confirm(fault.records)
        station.show(fault)
        if fault.url:
            campaign.regulator.move(station, fault.url)


def _surprises(
    faults: list[Fault], faulty: dict[str, Station], outcomes: dict[str, list[str]]
) -> dict[str, list[str]]:
    """Variations that came to something else than they must, with their outcomes."""
    return {
        fault.label: outcomes[faulty[fault.label].terminal.name]
        for fault in faults
        if not fault.outcomes & set(outcomes[faulty[fault.label].terminal.name][-1:])
    }
