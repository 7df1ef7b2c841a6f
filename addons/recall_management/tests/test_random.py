# SPDX-License-Identifier: LGPL-3.0-only
import random
from collections import Counter

from odoo import fields
from odoo.tests import tagged

from ..models.recall_intake import COUNTS
from .common import PullCommon

SEEDS = range(1, 6)
PAGES = 8
#: Errors that blame one part of a record's key, as the model closes entries by them.
BLAMES = {
    0: {"recall_number_format", "producer_mismatch"},
    1: {"vin_length", "vin_scope", "vehicle_repeated"},
    2: {"repair_number_repeated"},
}


def key_of(record):
    return record["recallNum"], record["vehicleVin"], record["repairNum"]


def content_of(record):
    return record["recallTime"], record["dealerName"], record["telNum"]


class Model:
    """What should become of records, in plain Python and one record at a time."""

    def __init__(self, scope, foreign_plan, dealers):
        self.scope = scope  # {recall number: VINs}
        self.foreign_plan = foreign_plan
        self.dealers = dealers
        self.standing = {}  # key -> [state, version, content]
        self.open = {}  # all of a record but its sync time -> its errors
        self.counts = Counter()

    def take_in(self, page):
        counts = Counter(same=len(page))
        records, contradicting = self.leave_out_superseded(page)
        rest = []
        for record in records:
            if id(record) in contradicting or not self.withdraw(record, counts):
                rest.append(record)
        accepted, quarantined = [], []
        for record in rest:
            errors = self.compare(record, id(record) in contradicting)
            if errors is None and not self.is_fresh_correction(record):
                continue
            errors = (errors or set()) | self.check(record)
            standing = self.standing.get(key_of(record))
            if not errors:
                accepted.append(record)
                counts["corrected" if standing else "new"] += 1
                version = record["recordVersion"]
                self.standing[key_of(record)] = [
                    "confirmed",
                    version,
                    content_of(record),
                ]
            elif not self.says_the_same(record) or id(record) in contradicting:
                quarantined.append((record, errors))
                counts["quarantined"] += 1
        for record in accepted:
            self.close_answered(record)
        for record, errors in quarantined:
            self.open.setdefault(self.identity(record), errors)
        counts["same"] -= sum(counts[name] for name in counts if name != "same")
        self.counts = counts

    def leave_out_superseded(self, page):
        newest = {}
        for record in page:
            best = newest.setdefault(key_of(record), record)
            if record["recordVersion"] > best["recordVersion"]:
                newest[key_of(record)] = record
        left, contradicting = [], set()
        for record in page:
            best = newest[key_of(record)]
            if record is best:
                left.append(record)
            elif record["recordVersion"] == best["recordVersion"] and self.identity(
                record
            ) != self.identity(best):
                left.append(record)
                contradicting.add(id(record))
        return left, contradicting

    def withdraw(self, record, counts):
        """Whether the record is a withdrawal with which all is done."""
        if record["recordKind"] != "withdrawal":
            return False
        standing = self.standing.get(key_of(record))
        newer = standing and record["recordVersion"] > standing[1]
        if standing and standing[0] == "confirmed" and not newer:
            return False
        if newer:
            counts["withdrawn"] += standing[0] == "confirmed"
            standing[:2] = ["withdrawn", record["recordVersion"]]
        for entry in [e for e in self.open if self.key_of_entry(e) == key_of(record)]:
            del self.open[entry]
        return True

    def is_fresh_correction(self, record):
        standing = self.standing.get(key_of(record))
        return (
            standing
            and record["recordKind"] == "correction"
            and record["recordVersion"] > standing[1]
        )

    def says_the_same(self, record):
        standing = self.standing.get(key_of(record))
        return (
            standing
            and standing[0] == "confirmed"
            and standing[2] == content_of(record)
            and record["recordKind"] != "withdrawal"
        )

    def compare(self, record, contradicts):
        """Errors against what stands; None when it says the same."""
        standing = self.standing.get(key_of(record))
        if contradicts:
            return {"content_differs"}
        if not standing or self.is_fresh_correction(record):
            return set()
        if self.says_the_same(record):
            return None
        if record["recordKind"] != "completion":
            return {"version_outdated"}
        withdrawn = standing[0] == "withdrawn"
        return {"record_withdrawn" if withdrawn else "content_differs"}

    def check(self, record):
        number, vin, repair = key_of(record)
        errors = set()
        if len(vin) != 17:
            errors.add("vin_length")
        if number not in self.scope:
            errors.add("plan_unknown")
        else:
            if number == self.foreign_plan:
                errors.add("producer_mismatch")
            if vin not in self.scope[number]:
                errors.add("vin_scope")
            if record["recallTime"] < "2025-01-15":
                errors.add("date_before_start")
        if len(number) != 11:
            errors.add("recall_number_format")
        if record["dealerName"] not in self.dealers:
            errors.add("dealer_unknown")
        for key, (state, *_rest) in self.standing.items():
            if state == "confirmed" and key != key_of(record):
                if key[2] == repair and key[1] != vin:
                    errors.add("repair_number_repeated")
                if key[:2] == (number, vin):
                    errors.add("vehicle_repeated")
        return errors

    def close_answered(self, record):
        key = key_of(record)
        for entry, errors in list(self.open.items()):
            other = self.key_of_entry(entry)
            parts = [part for part in range(3) if key[part] != other[part]]
            answered = not parts or (len(parts) == 1 and BLAMES[parts[0]] & errors)
            if parts == [0]:
                plans = [vins for vins in self.scope.values() if key[1] in vins]
                answered = answered and len(plans) == 1
            if answered:
                del self.open[entry]

    @staticmethod
    def identity(record):
        return tuple(sorted((n, v) for n, v in record.items() if n != "collectTime"))

    @staticmethod
    def key_of_entry(entry):
        return key_of(dict(entry))


@tagged("post_install", "-at_install")
class TestRandom(PullCommon):
    """Random sequences of pages, compared with the model."""

    def make_world(self):
        """A producer with a terminal, two plans and a few vehicles, and its model."""
        producer = self.make_producer()
        self.enterprise = self.make_enterprise(producer)
        dealers = {self.make_dealer(producer).name for _ in range(2)}
        self.plans = self.env["recall.plan"]
        for owner in (producer, producer, self.make_producer()):
            self.plans |= self.make_plan(owner)
        self.vehicles = [self.make_vin() for _ in range(12)]
        scope = {}
        for plan, start in zip(self.plans, (0, 4, 8), strict=True):
            scope[plan.recall_number] = set(self.vehicles[start : start + 6])
            self.put_in_scope(plan, sorted(scope[plan.recall_number]))
        self.model = Model(scope, self.plans[2].recall_number, dealers)

    def make_random_record(self, rng, sent):
        """A fresh record, or one sent before: again, corrected, withdrawn, or with
        slips in it."""
        what = rng.choices(
            ("fresh", "again", "correction", "withdrawal", "slip"), (5, 2, 3, 3, 3)
        )[0]
        if what == "fresh" or not sent:
            return self.make_fresh_record(rng)
        record = rng.choice(sent)
        version = record["recordVersion"] + rng.choice((0, 1, 1, 1, 2))
        change = {"collectTime": f"2025-05-{rng.randrange(1, 29):02} 00:00:00"}
        if what in ("correction", "withdrawal"):
            change |= {"recordKind": what, "recordVersion": version}
        if what == "correction":
            change["recallTime"] = f"2025-04-{rng.randrange(1, 29):02}"
        if what == "slip":
            change |= self.make_slips(rng)
        return record | change

    def make_fresh_record(self, rng):
        plan = rng.choice(self.plans[:2])
        return {
            "recallNum": plan.recall_number,
            "vehicleVin": rng.choice(sorted(self.model.scope[plan.recall_number])),
            "recallTime": "2025-03-01",
            "repairNum": f"RO-{rng.randrange(40)}",
            "dealerName": min(self.model.dealers),
            "telNum": "13800000000",
            "collectTime": "2025-05-01 00:00:00",
            "recordKind": "completion",
            "recordVersion": 1,
        }

    def make_slips(self, rng):
        values = {
            "recallNum": [*self.model.scope, "S2099M0001V", "S2025M001V"],
            "vehicleVin": [*self.vehicles, self.vehicles[0][:16]],
            "recallTime": ["2024-01-01"],
            "repairNum": [f"RO-{number}" for number in range(40)],
            "dealerName": [max(self.model.dealers), "nobody"],
            "telNum": ["13700000000"],
        }
        names = rng.sample(sorted(values), rng.choice((1, 1, 2)))
        return {name: rng.choice(values[name]) for name in names}

    def make_random_page(self, rng, sent):
        """Build a page; some records come twice in it, or with their corrections."""
        page = []
        for _ in range(rng.randrange(1, 20)):
            page.append(self.make_random_record(rng, sent))
            sent.append(page[-1])
        return page

    def test_nothing_is_lost_doubled_or_made_up(self):
        """M-RECEIVE M-VERIFY X-FAULT: after any sequence of pages, with repeats,
        changes, corrections and withdrawals in any order, exactly what should stand
        stands; the counters agree with a recount, the exchanges with what became of the
        records.
        """
        seen = Counter()
        for seed in SEEDS:
            with self.subTest(seed=seed):
                self.make_world()
                rng, sent = random.Random(seed), []
                for _ in range(PAGES):
                    page = self.make_random_page(rng, sent)
                    self.model.take_in(page)
                    exchange = self.take_in(*page)
                    self.assertCounts(exchange, **self.model.counts)
                    seen.update(self.model.counts)
                    self.assertAgrees()

        self.assertGreater(min(seen[name] for name in COUNTS), 5, seen)

    def assertAgrees(self):
        completions = self.env["recall.completion"].search(
            [("producer_id", "=", self.enterprise.producer_id.id)]
        )
        found = {
            (one.recall_number, one.vin, one.repair_number): [
                one.state,
                one.version,
                (str(one.repair_date), one.dealer_name, one._open_phone()),
            ]
            for one in completions
        }
        self.assertEqual(len(found), len(completions), "doubled")
        self.assertEqual(found, self.model.standing)
        entries = self.get_quarantine().filtered(lambda entry: entry.state == "open")
        kept = Counter(
            (entry.recall_number, entry.vin, entry.repair_number) for entry in entries
        )
        expected = Counter(map(self.model.key_of_entry, self.model.open))
        self.assertEqual((kept - expected, expected - kept), (Counter(), Counter()))
        self.assertVehiclesAgree()
        self.assertCountersAgree()

    def assertVehiclesAgree(self):
        done = {
            key[:2]: content[0]
            for key, (state, _version, content) in self.model.standing.items()
            if state == "confirmed"
        }
        for vehicle in self.plans.vehicle_ids:
            day = done.get((vehicle.plan_id.recall_number, vehicle.vin))
            self.assertEqual(vehicle.state, "done" if day else "open")
            self.assertEqual(vehicle.state_date, fields.Date.to_date(day) or False)
