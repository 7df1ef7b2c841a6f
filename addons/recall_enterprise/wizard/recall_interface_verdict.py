# SPDX-License-Identifier: LGPL-3.0-only
"""What a self-test says about the outcome of its request, in plain words."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from odoo import fields
from odoo.tools import SQL
from odoo.tools.translate import LazyTranslate

from odoo.addons.recall_base.tools.http_client import DEADLINE
from odoo.addons.recall_base.tools.messages import ApiStatus

from .recall_interface_test_texts import (
    ASK_NETWORK,
    FAULTS,
    OTHER_REFUSAL,
    REFUSALS,
    STEP_OF,
    STEPS,
)

_lt = LazyTranslate(__name__)

GOOD, REMARK, BAD, SKIPPED = "good", "remark", "bad", "skipped"
#: Seconds from which an answer is remarked on: 2 s is what the draft asks for.
SLOW = 2.0
#: Seconds by which the clocks of server and database may differ.
CLOCK_TOLERANCE = 30
CERTIFICATE_DAYS = 30


class Verdict:
    """The checks of a self-test, from the outcome of its request and from the records.

    ``checks()`` gives values of ``recall.interface.test.line``, without the test.
    """

    def __init__(self, interface, outcome):
        self.interface = interface
        self.env = interface.env
        self.outcome = outcome
        self.live = self.env["recall.token"]._find_live(
            interface.producer_id.id, interface.purpose
        )
        parts = urlsplit(interface.address)
        error = outcome.error
        message = outcome.message or {}
        self.facts = {
            "address": interface.address,
            "host": parts.hostname or "",
            "port": _port(parts),
            "path": parts.path,
            "deadline": f"{DEADLINE:g}",
            "detail": error.detail if error else "",
            "status": message.get("api_status"),
            "request_id": message.get("request_id"),
        }

    def checks(self):
        """Return all checks in the order in which they are shown."""
        checks = [self._open(), self._token(), self._expiry(), *self._request()]
        answer = self.outcome.answer
        if answer:
            checks.append(self._certificate(answer.certificate_expires))
        checks += [self._clock(), self._addresses()]
        if self.interface.purpose == "sync" and (answer or self.outcome.error):
            checks.append(self._records())
        return [check for check in checks if check]

    def _check(self, name, mark, finding="", advice="", **facts):
        facts = {**self.facts, **facts}
        texts = {"name": name, "finding": finding, "advice": advice}
        said = {key: self._say(text, facts) for key, text in texts.items() if text}
        return {"finding": "", "advice": "", **said, "mark": mark}

    def _say(self, text, facts):
        sentence = self.env._(text)
        return sentence % facts

    # === Settings === #

    def _open(self):
        name = _lt("The interface is open")
        if self.interface.active:
            return self._check(name, GOOD)
        return self._check(name, BAD, *REFUSALS[ApiStatus.ROUTE_INVALID])

    def _token(self):
        name = _lt("A token is live")
        if self.live:
            keys = ", ".join(self.live.mapped("key_id"))
            return self._check(name, GOOD, _lt("Key id: %(keys)s."), keys=keys)
        return self._check(
            name,
            BAD,
            _lt("No live token: every request of the peer is refused."),
            _lt("Press “Issue a token” and hand it to the peer."),
        )

    def _expiry(self):
        name = _lt("No token is about to expire")
        if not self.live:
            return None
        # As long as one token lives longer, nothing ends.
        if not all(token.expiry for token in self.live):
            return self._check(name, GOOD)
        last = self.live.sorted("expires_at")[-1]
        return self._check(
            name,
            REMARK,
            _lt("Expires soon: %(keys)s, on %(day)s."),
            _lt("Issue a second token, hand it over, then revoke the old one."),
            keys=last.key_id,
            day=f"{last.expires_at:%Y-%m-%d}",
        )

    # === The request === #

    def _request(self):
        """The steps of the request: good up to the one that failed, the rest open."""
        failed, texts = self._find_failure()
        checks, mark = [], GOOD
        for step, name in STEPS.items():
            if step == failed:
                checks.append(self._check(name, BAD, *texts))
                mark = SKIPPED
            else:
                checks.append(self._step(step, name, mark))
        if failed == "speed":
            # The time was up; at which of these steps is not known.
            for check in checks[2:-1]:
                check["mark"] = SKIPPED
        return checks

    def _step(self, step, name, mark):
        answer = self.outcome.answer
        if step != "speed" or mark != GOOD or not answer:
            return self._check(name, mark)
        seconds = f"{answer.seconds:.2f}"
        if answer.attempts > 1:
            return self._check(
                name,
                REMARK,
                _lt("The first attempt failed, the second took %(seconds)s s."),
                ASK_NETWORK,
                seconds=seconds,
            )
        return self._check(
            name,
            REMARK if answer.seconds > SLOW else GOOD,
            _lt("%(seconds)s s; the regulator breaks off after %(deadline)s s."),
            seconds=seconds,
        )

    def _find_failure(self):
        """Return the step that failed and its texts; two times None if none did."""
        outcome = self.outcome
        if error := outcome.error:
            special = FAULTS.get(f"{error.code} {error.detail}")
            return STEP_OF[error.code], special or FAULTS[error.code]
        if not outcome.answer:
            return "status", REFUSALS[ApiStatus.PERMISSION_CHECK_FAILED]
        if not isinstance(self.facts["status"], int):
            return "reply", FAULTS["type"]
        status = self.facts["status"]
        refusal = REFUSALS.get(status, OTHER_REFUSAL)
        if status in (ApiStatus.RATE_LIMITED, ApiStatus.GATEWAY_FAULT):
            return "own", refusal
        if status == ApiStatus.BACKEND_FAULT and not self.facts["request_id"]:
            return "own", refusal
        if not self._is_own():
            return "own", REFUSALS[ApiStatus.KEY_INVALID]
        return (None, None) if status == ApiStatus.SUCCESS else ("status", refusal)

    def _is_own(self):
        """Whether the request is in the log of this very database."""
        self.env.cr.execute(
            SQL(
                "SELECT 1 FROM recall_interface_log WHERE request_id = %s"
                " AND time > %s AND self_test",
                self.facts["request_id"],
                fields.Datetime.now() - timedelta(minutes=5),
            )
        )
        return bool(self.env.cr.fetchone())

    # === Surroundings === #

    def _certificate(self, expires):
        name = _lt("The certificate stays valid for 30 days")
        left = (expires - fields.Datetime.now()).days
        return self._check(
            name,
            GOOD if left > CERTIFICATE_DAYS else REMARK,
            _lt("It expires on %(day)s."),
            "" if left > CERTIFICATE_DAYS else _lt("Renew it on the gateway."),
            day=f"{expires:%Y-%m-%d}",
        )

    def _clock(self):
        name = _lt("The clocks agree")
        self.env.cr.execute("SELECT clock_timestamp()")
        [there] = self.env.cr.fetchone()
        seconds = abs((datetime.now(UTC) - there).total_seconds())
        if seconds <= CLOCK_TOLERANCE:
            return self._check(name, GOOD)
        return self._check(
            name,
            BAD,
            _lt("The clocks of this server and of the database differ by %(s)s s."),
            _lt("Set both by NTP: expiry of tokens and time limits depend on them."),
            s=round(seconds),
        )

    def _addresses(self):
        name = _lt("The address lists let the peer in")
        listed = self.live.filtered("allowed_addresses")
        seen = ", ".join(self.interface._get_seen_addresses())
        if seen:
            return self._check(
                name,
                REMARK,
                _lt("Refused by an address list in the last 7 days: %(seen)s."),
                _lt("If one of these is the peer's, add it to the list of its token."),
                seen=seen,
            )
        if not listed:
            return self._check(name, GOOD, _lt("No list: every address may call."))
        return self._check(
            name,
            GOOD,
            _lt("Only from: %(list)s. Nobody was refused in the last 7 days."),
            list="; ".join(listed.mapped("allowed_addresses")),
        )

    def _records(self):
        """Dry run: the next page is made as the preview makes it; phones are opened."""
        name = _lt("The next delivery can be made")
        if shut := self.interface.undeliverable_count + self._count_shut():
            return self._check(
                name,
                REMARK,
                _lt("The phone numbers of %(count)s reports cannot be opened."),
                _lt("Press “Cannot be delivered” on the form to see and mend them."),
                count=shut,
            )
        return self._check(
            name, GOOD, _lt("%(count)s wait."), count=self.interface.waiting_count
        )

    def _count_shut(self):
        """How many phones of the next page do not open; nothing is marked."""
        interface = self.interface
        order = SQL("id LIMIT %s", interface.page_size)
        rows = interface._read_rows(interface._deliverable(), order)
        return len(interface._phone_opener()(rows).shut)


def _port(parts):
    try:
        return parts.port or 443
    except ValueError:
        return ""
