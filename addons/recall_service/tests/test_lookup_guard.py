# SPDX-License-Identifier: LGPL-3.0-only
import base64
import json
import time
from unittest.mock import patch

import altcha
from lxml import html

from odoo.tests import HttpCase, tagged
from odoo.tools import SQL

from odoo.addons.recall_base.tools.cipher import KeyRing

from ..models import recall_lookup_guard
from ..models.recall_lookup_guard import (
    FREE,
    GUARDED_FORM,
    GUARDED_SEARCH,
    VALID_SECONDS,
    WAIT_SECONDS,
)
from .common import RecallServiceCommon


def solve(challenge, **changes):
    """The solution of a puzzle as a browser posts it."""
    puzzle = json.loads(challenge)
    solved = altcha.solve_challenge_v1(
        puzzle["challenge"], puzzle["salt"], puzzle["algorithm"], puzzle["maxNumber"]
    )
    names = ("algorithm", "challenge", "salt", "signature")
    members = {name: puzzle[name] for name in names}
    return encode({**members, "number": solved.number, **changes})


def encode(members, **options):
    return base64.b64encode(json.dumps(members, **options).encode()).decode()


class GuardCommon(RecallServiceCommon):
    ADDRESS = "127.0.0.1"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Few numbers: what is tested is not how long a browser calculates.
        cls.startClassPatcher(patch.object(recall_lookup_guard, "MAX_NUMBER", 50))
        cls.Guard = cls.env["recall.lookup.guard"]
        cls.env.cr.execute("DELETE FROM recall_lookup_visit")

    def use_up(self, address=ADDRESS, kind=GUARDED_SEARCH):
        """Let a network have used up what it has free."""
        origin = self.Guard._get_origin(KeyRing.from_environment(), address, kind)
        self.env.cr.execute(
            SQL(
                """INSERT INTO recall_lookup_visit
                   SELECT %s, %s, false FROM generate_series(1, %s)""",
                origin,
                recall_lookup_guard._now(),
                FREE[kind],
            )
        )

    def later(self, seconds):
        now = time.time() + seconds
        return patch.object(recall_lookup_guard.time, "time", lambda: now)


@tagged("post_install", "-at_install")
class TestLookupGuard(GuardCommon):
    def admit(self, address=GuardCommon.ADDRESS, **form):
        return self.Guard._admit(form, address)

    def test_script_reads_the_search_out(self):
        """X-ATTACK: after a number of look-ups a network calculates for each."""
        for _number in range(FREE[GUARDED_SEARCH]):
            self.assertIsNone(self.admit())
        hurdle = self.admit()
        self.assertTrue(hurdle)
        self.assertIsNone(self.admit(altcha=solve(hurdle.challenge)))
        self.assertTrue(self.admit(), "the next one calculates again")

    def test_one_visitor_slows_the_others(self):
        """X-ATTACK: limits are those of a network: IPv4 address, IPv6 /64."""
        self.use_up("2001:db8:1:2::1")
        self.assertTrue(self.admit("2001:db8:1:2:ffff::9"))
        self.assertIsNone(self.admit("2001:db8:1:3::1"))
        self.use_up("198.51.100.7")
        self.assertTrue(self.admit("::ffff:198.51.100.7"))
        self.assertIsNone(self.admit("198.51.100.8"))

    def test_network_is_held_up_for_ever(self):
        """S-QUERY: some minutes later look-ups are free again."""
        self.use_up()
        self.env.cr.execute(
            "UPDATE recall_lookup_visit SET at = at - interval '11 min'"
        )
        self.assertIsNone(self.admit())

    def test_solution_is_used_twice(self):
        """X-ATTACK: a solved puzzle counts once, however it is written."""
        self.use_up()
        solution = solve(self.admit().challenge)
        self.assertIsNone(self.admit(altcha=solution))
        self.assertTrue(self.admit(altcha=solution))
        members = json.loads(base64.b64decode(solution))
        reordered = dict(reversed(members.items()))
        self.assertTrue(self.admit(altcha=encode(reordered, indent=1)))
        self.assertTrue(self.admit(altcha=encode({**members, "took": 1})))

    def test_forged_solution_passes(self):
        """X-ATTACK: wrong, foreign, expired and malformed solutions are refused."""
        self.use_up()
        challenge = self.admit().challenge
        foreign = altcha.create_challenge_v1(
            altcha.ChallengeOptionsV1(hmac_key="mine", max_number=10)
        )
        for payload in (
            solve(challenge, number=51),
            solve(challenge, signature="0" * 64),
            solve(challenge, algorithm="SHA-1"),
            solve(challenge, number="1"),
            solve(challenge, salt=None),
            solve(json.dumps(foreign.to_dict())),
            *map(encode, ([], {}, 5, None, "x", {"algorithm": []})),
            *("", "?", "A" * 5000, "\ud800", "e30="),
        ):
            with self.subTest(payload=payload[:60]):
                self.assertTrue(self.admit(altcha=payload))
        with self.later(VALID_SECONDS + 1):
            self.use_up()
            self.assertTrue(self.admit(altcha=solve(challenge)))

    def test_puzzle_of_before_a_key_rotation_is_lost(self):
        self.use_up()
        solution = solve(self.admit().challenge)
        document = json.loads(self.key_file.read_text())
        document["blind"]["new"] = "ab" * 32
        document["active"]["blind"] = "new"
        rotated = KeyRing.from_document(document)
        self.assertTrue(self.Guard._redeem(rotated, solution))

    def test_visitor_without_javascript_never_passes(self):
        """S-QUERY: who cannot calculate waits, and then passes, once."""
        self.use_up()
        first = self.admit()
        self.assertEqual(first.seconds, WAIT_SECONDS)
        with self.later(5):
            early = self.admit(ticket=first.ticket)
            self.assertEqual(early.ticket, first.ticket)
            self.assertLessEqual(early.seconds, WAIT_SECONDS - 5)
        with self.later(WAIT_SECONDS + 1):
            self.assertIsNone(self.admit(ticket=first.ticket))
            self.assertTrue(self.admit(ticket=first.ticket), "once only")

    def test_tickets_are_collected(self):
        """X-ATTACK: a network passes by waiting once in a time, with any tickets."""
        self.use_up()
        tickets = [self.admit().ticket for _number in range(3)]
        with self.later(WAIT_SECONDS + 1):
            self.assertIsNone(self.admit(ticket=tickets[0]))
            self.assertTrue(self.admit(ticket=tickets[1]))
        with self.later(2 * WAIT_SECONDS + 2):
            self.assertIsNone(self.admit(ticket=tickets[1]))
        with self.later(VALID_SECONDS + 1):
            self.use_up()
            self.assertTrue(self.admit(ticket=tickets[2]), "too old")
        self.use_up("198.51.100.9")
        with self.later(WAIT_SECONDS + 1):
            hurdle = self.admit("198.51.100.9", ticket=tickets[2])
            self.assertTrue(hurdle, "of another network")
            self.assertNotEqual(hurdle.ticket, tickets[2])

    def test_what_is_counted_is_kept(self):
        """X-LOG: networks are kept as keyed hashes, and forgotten after the window."""
        self.use_up()
        self.assertIsNone(self.admit(altcha=solve(self.admit().challenge)))
        self.env.cr.execute("SELECT origin FROM recall_lookup_visit")
        self.assertFalse([row for row in self.env.cr.fetchall() if "127" in row[0][:4]])
        self.Guard._cron_forget()
        self.assertEqual(self.count_kept(), (FREE[GUARDED_SEARCH] + 1, 1))
        with self.later(2 * VALID_SECONDS):
            self.Guard._cron_forget()
        self.assertEqual(self.count_kept(), (0, 0))

    def count_kept(self):
        self.env.cr.execute(
            """SELECT (SELECT count(*) FROM recall_lookup_visit),
                      (SELECT count(*) FROM recall_lookup_spent)"""
        )
        return self.env.cr.fetchone()


@tagged("post_install", "-at_install")
class TestGuardedForms(GuardCommon, HttpCase):
    """The guard of forms that write to people, as a script or who has none meets it."""

    # The Chinese one last: its cookie holds for what comes after.
    FORMS = {
        "/recall/objection/send": {
            "recall": "S2099M0001V",
            "vin": "LTZAA11B4SA900001",
            "workshop": "Workshop <East> & Söhne",
            "repair_date": "",
        },
        "/recall/partners/apply": {
            "name": "Inspection station",
            "purpose": "First line\nsecond line",
            "allow_many": "1",
        },
        "/zh_CN/recall/objection/send": {
            "recall": "S2099M0001V",
            "vin": "LTZAA11B4SA900001",
            "workshop": "东区维修站",
        },
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        chinese = cls.env["res.lang"]._activate_lang("zh_CN")
        cls.env["website"].search([]).language_ids += chinese

    def post(self, url, members, **options):
        self.env.flush_all()
        return self.url_open(url, data=members, **options)

    def read_hurdle(self, response):
        self.assertEqual(response.status_code, 429)
        [form] = html.fromstring(response.content).find_class("o_recall_pass")
        return form, dict(form.fields)

    def test_script_floods_a_form(self):
        """X-ATTACK: the first requests are free; then each needs a proof."""
        free = FREE[GUARDED_FORM]
        for url, members in self.FORMS.items():
            with self.subTest(url=url):
                self.env.cr.execute("DELETE FROM recall_lookup_visit")
                codes = [
                    self.post(url, members).status_code for _number in range(free + 2)
                ]
                self.assertEqual(codes, [422] * free + [429] * 2)

    def test_search_uses_up_the_forms(self):
        """S-QUERY: who has looked many vehicles up can still object at once."""
        self.use_up()
        url, members = next(iter(self.FORMS.items()))
        self.assertEqual(self.post(url, members).status_code, 422)

    def test_hurdle_of_a_form_is_a_dead_end(self):
        """S-QUERY: what was typed is kept, in the same language, and goes on by a
        calculation or by waiting, once each."""
        for url, members in self.FORMS.items():
            with self.subTest(url=url):
                self.env.cr.execute("DELETE FROM recall_lookup_visit")
                self.use_up(kind=GUARDED_FORM)
                form, kept = self.read_hurdle(self.post(url, members))
                self.assertEqual(form.get("action"), url)
                ticket = kept.pop("ticket")
                self.assertEqual(kept, members)
                proof = {"altcha": solve(form.get("data-challenge"))}
                self.assertEqual(self.post(url, kept | proof).status_code, 422)
                _form, again = self.read_hurdle(self.post(url, kept | proof))
                self.assertNotIn("altcha", again)
                waited = kept | {"ticket": ticket}
                self.read_hurdle(self.post(url, waited))
                with self.later(WAIT_SECONDS + 1):
                    self.assertEqual(self.post(url, waited).status_code, 422)
                    self.read_hurdle(self.post(url, waited))

    def test_lost_photo_is_not_told(self):
        """S-QUERY: a photo cannot be kept: the page says so, and where to add it."""
        self.use_up(kind=GUARDED_FORM)
        url, members = next(iter(self.FORMS.items()))
        photo = {"photo": ("order.jpg", b"x", "image/jpeg")}
        told = "The photo you had chosen"
        self.assertIn(told, self.post(url, members, files=photo).text)
        none = {"photo": ("", b"", "application/octet-stream")}
        self.assertNotIn(told, self.post(url, members, files=none).text)

    def test_hurdle_gives_back_any_size(self):
        """X-ATTACK: the page holds no more than what a form can have."""
        self.use_up(kind=GUARDED_FORM)
        members = {f"member{number}": "x" * 10_000 for number in range(200)}
        response = self.post("/recall/objection/send", members)
        _form, kept = self.read_hurdle(response)
        self.assertLessEqual(len(kept), 41)
        self.assertLess(len(response.text), 200_000)


@tagged("post_install", "-at_install")
class TestLookupGuardPage(GuardCommon, HttpCase):
    """The guard as a visitor without JavaScript, or a script, meets it."""

    def post(self, vin=None, **form):
        self.env.flush_all()
        return self.url_open("/recall", data={"vin": vin or self.vins[0], **form})

    def read_form(self, response):
        """What a plain client would post of the page's form."""
        self.assertEqual(response.status_code, 429)
        [form] = html.fromstring(response.content).find_class("o_recall_pass")
        self.assertEqual((form.get("action"), form.method), ("/recall", "POST"))
        return form, dict(form.fields)

    def test_hurdle_is_a_dead_end(self):
        """S-QUERY: the page says why and how long, keeps the VIN, and leads on."""
        self.use_up()
        response = self.post()
        form, members = self.read_form(response)
        self.assertEqual(response.headers["Retry-After"], str(WAIT_SECONDS))
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertEqual(members["vin"], self.vins[0])
        self.assertIn(f"Please wait {WAIT_SECONDS} seconds", form.text_content())
        self.assertNotIn(self.plan.recall_number, response.text)
        self.read_form(self.post(**members))
        with self.later(WAIT_SECONDS + 1):
            answer = self.post(**members)
        self.assertIn("o_recall_case_open", answer.text)

    def test_solution_does_not_lead_to_the_answer(self):
        """S-QUERY: who calculates is answered at once."""
        self.use_up()
        form, members = self.read_form(self.post())
        solution = solve(form.get("data-challenge"))
        answer = self.post(**members, altcha=solution)
        self.assertIn("o_recall_case_open", answer.text)
        self.read_form(self.post(**members, altcha=solution))

    def test_shared_links_are_held_up(self):
        """S-QUERY: reading an answer again, or a link, costs no look-up."""
        answer = self.post()
        self.use_up()
        self.assertIn("o_recall_case_open", self.url_open(answer.url).text)

    def test_unknown_and_free_of_recalls_differ(self):
        """X-ATTACK: a script cannot tell a vehicle that is known from one that is not,
        by the length of the answer or by the work that it takes."""
        hidden = self.make_plan(self.producer, state="withdrawn")
        [known] = self.add_vehicles(hidden)
        self.make_completion(hidden, known)
        unknown = self.make_vin()
        # Each form of answer once, so that templates are compiled.
        answers = [self.post(vin) for vin in (known, unknown, known, unknown)][2:]
        for answer in answers:
            self.assertIn("o_recall_case_none", answer.text)
        self.assertEqual(*(len(answer.url) for answer in answers))
        plain = [
            answer.text.replace(vin, "").replace(answer.url.rpartition("/")[2], "")
            for answer, vin in zip(answers, (known, unknown), strict=True)
        ]
        self.assertEqual(*(len(text) for text in plain))
        self.assertEqual(*(self.count_statements(vin) for vin in (known, unknown)))

    def count_statements(self, vin):
        url = self.post(vin).url
        before = self.env.cr.sql_log_count
        self.assertEqual(self.url_open(url).status_code, 200)
        return self.env.cr.sql_log_count - before
