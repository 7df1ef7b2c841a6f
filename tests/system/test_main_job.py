# SPDX-License-Identifier: LGPL-3.0-only
"""From a dealer's report to the public answer, through real servers and TLS."""

import pytest
import requests
from simulation.plain_peer import PlainPeer, sync_record
from simulation.public_page import DESKTOP, PHONE, browser_page, look_up
from simulation.reports import AUDIT_ONLY, FAULTS, make_wrong
from simulation.world import PLAIN_PRODUCER, SYNC_PATH, World

PLAIN_TOKEN, PLAIN_CFG = "plain-token", "plain-cfg"
HEADINGS = {
    "zh-CN": ("未完成的召回", "召回已完成", "未查到"),
    "en-US": ("open recall", "done", "No recall"),
}


@pytest.fixture(scope="module")
def first_day(world: World) -> list[dict]:
    """Reports of the first day, posted, confirmed and pulled."""
    sent = world.reports_of(1)
    posted = world.post_reports(sent)
    assert (posted.accepted, dict(posted.rejected)) == (len(sent), {})
    world.wait_confirmed()
    world.pull()
    return sent


def test_record_is_lost_or_doubled_between_producer_and_regulator(world, first_day):
    """E-COLLECT E-SYNC M-PULL M-RECEIVE: the books of both sides are the same."""
    names = list(world.access)
    confirmed = world.ledger(world.stack.producer, names)
    assert len(confirmed) == len(first_day)
    assert world.ledger(world.stack.regulator, names) == confirmed


def test_delivery_stays_unacknowledged(world, first_day):
    """E-SYNC: what was delivered is known to the producer."""
    world.pull()
    waiting = [("acknowledged_at", "=", False)]
    assert world.producer.call("recall.delivery", "search_count", waiting) == 0


def test_completion_rate_differs_from_the_reports(world, first_day):
    """M-STAT: the counters of each plan say what the dealers reported."""
    done: dict[str, int] = {}
    for report in first_day:
        done[report["recallNum"]] = done.get(report["recallNum"], 0) + 1
    fields = ["recall_number", "vehicle_count", "done_count", "completion_rate"]
    plans = world.regulator.search_read("recall.plan", [], fields)
    for plan, filed in zip(
        sorted(plans, key=lambda p: p["recall_number"]),
        sorted(world.plans, key=lambda p: p["recallNum"]),
        strict=True,
    ):
        if filed["producerName"] != PLAIN_PRODUCER:
            assert plan["vehicle_count"] == len(filed["vins"])
            assert plan["done_count"] == done[plan["recall_number"]]
            rate = plan["done_count"] / plan["vehicle_count"]
            assert plan["completion_rate"] == pytest.approx(rate)


def test_wrong_report_is_confirmed(world, first_day):
    """E-AUDIT: a report with any fault of the audit is rejected with its code."""
    posted = world.post_wrong(1, first_day)
    assert posted.surprises == []
    assert posted.rejected.total() == len(FAULTS) + 2


def test_repeated_post_changes_something(world, first_day):
    """E-COLLECT: the same batch again is answered as repeated and changes nothing."""
    names = list(world.access)
    before = world.ledger(world.stack.producer, names)
    posted = world.post_reports(first_day[:300])
    assert (posted.accepted, posted.repeated) == (0, 300)
    assert world.ledger(world.stack.producer, names) == before


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("language", HEADINGS)
def test_public_page_tells_a_visitor_something_else(
    world, first_day, language, viewport
):
    """S-QUERY: open, done and unknown vehicles get their own answers in a browser."""
    done = first_day[0]["vehicleVin"]
    unsent = world.unsent_reports(world.plans[0]["producerName"])
    url = world.stack.regulator.url
    ca_file = world.stack.ca_file
    with browser_page(
        ca_file, language=language, viewport=viewport, scripts=False
    ) as page:
        is_open = look_up(page, url, unsent[0]["vehicleVin"])
        is_done = look_up(page, url, done)
        unknown = look_up(page, url, "LSVAA11B9SA000001")
    for heading, words in zip(
        (is_open, is_done, unknown), HEADINGS[language], strict=True
    ):
        assert words in heading


def test_plain_terminal_loses_or_doubles_a_record(world):
    """M-PULL M-VERIFY: a terminal with the standard's members only is pulled whole.

    It refuses the optional members with 407; it sends all its records each time, some
    of them wrong, one twice with other content.
    """
    good = world.reports_of(1, plain=True)
    wrong = [
        report
        for code, report in make_wrong(world.unsent_reports(PLAIN_PRODUCER), 1)
        if code not in AUDIT_ONLY
    ]
    other = {**good[0], "dealerName": good[0]["dealerName"] + "2"}
    with PlainPeer(world.stack.authority.server, PLAIN_TOKEN, PLAIN_CFG) as peer:
        peer.records = [sync_record(r) for r in (*good, *wrong, other)]
        world.connect(PLAIN_PRODUCER, peer.url, PLAIN_CFG, PLAIN_TOKEN)
        for _round in range(3):
            world.pull()
    assert set(peer.requests[0]) == {"api_token", "api_cfg", "api_cursor"}
    assert all(set(r) == {"api_token", "api_cfg"} for r in peer.requests[1:])
    taken = world.ledger(world.stack.regulator, [PLAIN_PRODUCER])
    expected = {(r["recallNum"], r["vehicleVin"], r["repairNum"]) for r in good}
    assert {record[:3] for record in taken} == expected
    entries = world.regulator.search_read(
        "recall.quarantine",
        [("enterprise_id.name", "=", PLAIN_PRODUCER)],
        ["finding_ids"],
    )
    assert len(entries) == len(wrong) + 1


def test_plain_regulator_gets_other_members_or_records(world, first_day):
    """E-SYNC: a regulator with the standard's members only gets all recent records."""
    for name, access in world.access.items():
        cfg, token = access.sync
        answer = world.producer.post(SYNC_PATH, {"api_token": token, "api_cfg": cfg})
        assert set(answer) == {"records", "count", "api_status"}
        assert (answer["api_status"], answer["count"]) == (200, len(answer["records"]))
        members = (
            "recallNum vehicleVin recallTime repairNum dealerName telNum collectTime"
        )
        assert all(set(record) == set(members.split()) for record in answer["records"])
        sent = {
            (r["recallNum"], r["vehicleVin"], r["repairNum"], r["telNum"])
            for r in first_day
            if world.producer_of(r) == name
        }
        got = {
            (r["recallNum"], r["vehicleVin"], r["repairNum"], r["telNum"])
            for r in answer["records"]
        }
        assert got == sent


def test_client_that_does_not_trust_the_authority_gets_in(stack):
    """X-TLS: the certificate is the local authority's; nothing answers in clear."""
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(stack.regulator.url + "/recall", timeout=10)
    with pytest.raises(requests.exceptions.ConnectionError):
        plain = stack.regulator.url.replace("https://", "http://")
        requests.get(plain + "/recall", timeout=10).raise_for_status()


@pytest.mark.parametrize(
    "path",
    ["/web/database/manager", "/xmlrpc/2/common", "/jsonrpc", "/json/2/res.users"],
)
def test_back_door_of_odoo_is_open_at_the_gateway(stack, path):
    """X-ATTACK: database manager and remote calls are closed."""
    for site in stack.sites:
        response = requests.get(site.url + path, verify=stack.ca_file, timeout=10)
        assert response.status_code == 404
