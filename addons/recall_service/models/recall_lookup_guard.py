# SPDX-License-Identifier: LGPL-3.0-only
import base64
import hashlib
import json
import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import altcha

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.recall_base.tools.cipher import KeyFileError, KeyRing, SealError

from ..tools.network import network_of

#: The ``captcha=`` of the routes that the guard keeps: the search, and forms that
#: write to people.
GUARDED_SEARCH = "recall_lookup"
GUARDED_FORM = "recall_form"
#: Requests that a network has free in a window, of each kind: many people can share an
#: address.
FREE = {GUARDED_SEARCH: 20, GUARDED_FORM: 5}
WINDOW_SECONDS = 10 * 60
#: Numbers to be tried, at most: about a second of an old phone.
MAX_NUMBER = 50_000
#: Who cannot calculate waits; one network passes so once in this time.
WAIT_SECONDS = 20
#: For how long a puzzle or a waiting ticket can be used.
VALID_SECONDS = 60 * 60

_TICKET = "recall.lookup:guard:ticket"


class Hurdle(NamedTuple):
    """What a visitor must pass before the next request; both ways are open."""

    challenge: str  # JSON, for the browser to solve
    ticket: str  # to be shown after having waited
    seconds: int  # still to wait


class RecallLookupGuard(models.AbstractModel):
    """Keep scripts from reading out the public search and from flooding the forms that
    write to people, and people from noticing it.

    A network that has used up its free requests of a kind gets a small puzzle with each
    further one: ALTCHA, solved by the browser alone, nobody else is asked. Who has no
    JavaScript waits instead. Nobody is turned away.

    What is counted lies in two tables without a log, which a crash empties: rows are
    only ever added, so that no request waits for another, and a scheduled action
    forgets them. A network is there as a keyed hash that changes daily.
    """

    _name = "recall.lookup.guard"
    _description = "Guard of the public pages"

    def init(self):
        self.env.cr.execute(
            """
            CREATE UNLOGGED TABLE IF NOT EXISTS recall_lookup_visit (
                origin text NOT NULL,
                at timestamp NOT NULL,
                waited boolean NOT NULL);
            CREATE INDEX IF NOT EXISTS recall_lookup_visit_origin
                ON recall_lookup_visit (origin, at);
            CREATE UNLOGGED TABLE IF NOT EXISTS recall_lookup_spent (
                proof text PRIMARY KEY,
                at timestamp NOT NULL)
            """
        )

    @api.model
    def _admit(self, form, address, kind=GUARDED_SEARCH):
        """Let a request pass, and count it, or tell what it must pass first.

        :param form: the posted members; ``altcha`` is a solved puzzle, ``ticket`` what
            was given to who waits
        :param str address: the network address of the visitor
        :param str kind: ``GUARDED_SEARCH`` or ``GUARDED_FORM``; each is counted apart
        :returns: None, or the ``Hurdle``
        """
        try:
            keys = KeyRing.from_environment()
        except KeyFileError:
            return None  # without keys nothing is answered: the page says so
        origin = self._get_origin(keys, address, kind)
        waited = False
        free = self._count(origin, FREE[kind]) < FREE[kind]
        if not free and not self._redeem(keys, form.get("altcha")):
            seconds = self._to_wait(keys, origin, form.get("ticket"))
            if seconds:
                return self._make_hurdle(keys, origin, form.get("ticket"), seconds)
            waited = True
        self.env.cr.execute(
            SQL(
                "INSERT INTO recall_lookup_visit VALUES (%s, %s, %s)",
                origin,
                _now(),
                waited,
            )
        )
        return None

    @api.model
    def _cron_forget(self):
        """Forget requests that count no more and puzzles that have expired."""
        for table, seconds in (
            ("recall_lookup_visit", WINDOW_SECONDS),
            ("recall_lookup_spent", VALID_SECONDS + WAIT_SECONDS),
        ):
            self.env.cr.execute(
                SQL(
                    "DELETE FROM %s WHERE at < %s",
                    SQL.identifier(table),
                    _now() - timedelta(seconds=seconds),
                )
            )

    def _get_origin(self, keys, address, kind=GUARDED_SEARCH):
        """Keyed hash of today and the visitor's network, for this limit alone."""
        today = fields.Date.today().isoformat()
        return keys.blind(f"{kind}:origin:{today}:{network_of(address)}")

    def _count(self, origin, most):
        """Requests of a network in the window, as far as the limit goes."""
        [[count]] = self.env.execute_query(
            SQL(
                """SELECT count(*) FROM (
                       SELECT 1 FROM recall_lookup_visit
                        WHERE origin = %s AND at > %s LIMIT %s) visit""",
                origin,
                _now() - timedelta(seconds=WINDOW_SECONDS),
                most,
            )
        )
        return count

    # === Puzzle === #

    def _make_challenge(self, keys):
        challenge = altcha.create_challenge_v1(
            altcha.ChallengeOptionsV1(
                algorithm="SHA-256",
                max_number=MAX_NUMBER,
                hmac_key=_puzzle_keys(keys)[0],
                expires=datetime.fromtimestamp(time.time() + VALID_SECONDS, UTC),
            )
        )
        return json.dumps(challenge.to_dict())

    def _redeem(self, keys, payload):
        """Whether a puzzle of ours was solved, and its solution not used before."""
        solution = _read_solution(payload)
        return bool(
            solution
            and any(_is_solved(solution, key) for key in _puzzle_keys(keys))
            # What is signed is spent: the same solution can be written in many ways.
            and self._spend(solution.signature)
        )

    def _spend(self, proof):
        """Note that a proof was used; whether it was not before."""
        return bool(
            self.env.execute_query(
                SQL(
                    """INSERT INTO recall_lookup_spent VALUES (%s, %s)
                       ON CONFLICT DO NOTHING RETURNING proof""",
                    _name_proof(proof),
                    _now(),
                )
            )
        )

    # === Waiting === #

    def _make_hurdle(self, keys, origin, ticket, seconds):
        if self._read_ticket(keys, origin, ticket) is None:
            begins = int(time.time())
            # The origin binds it: nobody collects tickets for others.
            ticket = keys.seal(f"{begins}:{origin}", _TICKET)
        return Hurdle(self._make_challenge(keys), ticket, seconds)

    def _to_wait(self, keys, origin, ticket):
        """Seconds that the holder of a ticket has still to wait; 0 spends it."""
        begun = self._read_ticket(keys, origin, ticket)
        now = int(time.time())
        if begun is None:
            return WAIT_SECONDS
        seconds = max(begun, self._last_waited(origin)) + WAIT_SECONDS - now
        if seconds > 0:
            return seconds
        return 0 if self._spend(ticket) else WAIT_SECONDS

    def _read_ticket(self, keys, origin, ticket):
        """When the holder of a ticket began to wait; None if it counts no more."""
        try:
            begun, _mark, bound = keys.open(ticket, _TICKET).partition(":")
        except SealError:
            return None
        fresh = int(begun) > time.time() - VALID_SECONDS and bound == origin
        return int(begun) if fresh and not self._is_spent(ticket) else None

    def _is_spent(self, proof):
        query = SQL(
            "SELECT FROM recall_lookup_spent WHERE proof = %s", _name_proof(proof)
        )
        return bool(self.env.execute_query(query))

    def _last_waited(self, origin):
        """When somebody of the network last passed by waiting; 0 for not lately."""
        [[last]] = self.env.execute_query(
            SQL(
                """SELECT max(at) FROM recall_lookup_visit
                    WHERE origin = %s AND waited""",
                origin,
            )
        )
        return int(last.replace(tzinfo=UTC).timestamp()) if last else 0


def _now():
    return datetime.fromtimestamp(int(time.time()), UTC).replace(tzinfo=None)


def _puzzle_keys(keys):
    """The keys that puzzles are signed with, the one for new ones first."""
    return keys.blinds("recall.lookup:guard:altcha")


def _read_solution(payload):
    """A solution as it came, or None if it has not the form of one."""
    try:
        members = json.loads(base64.b64decode(payload or "", validate=True))
        solution = altcha.PayloadV1.from_dict(members)
    except (TypeError, ValueError, AttributeError, KeyError, RecursionError):
        return None
    texts = (solution.algorithm, solution.challenge, solution.salt, solution.signature)
    well_formed = all(isinstance(text, str) for text in texts)
    return solution if well_formed and isinstance(solution.number, int) else None


def _is_solved(solution, key):
    solved, _error = altcha.verify_solution_v1(solution, key)
    return solved


def _name_proof(proof):
    return hashlib.sha256(proof.encode("utf-8", "surrogatepass")).hexdigest()
