# SPDX-License-Identifier: LGPL-3.0-only
import logging
import os
import threading
from datetime import timedelta
from typing import NamedTuple

from odoo import Command, api, fields, models
from odoo.modules.registry import Registry

from odoo.addons.recall_base.tools import cipher, http_client, messages

from .recall_interface_verdict import Verdict

_logger = logging.getLogger(__name__)

#: Two attempts of 5 s and what lies around them; then the test counts as broken off.
LONGEST = timedelta(seconds=30)


class Call(NamedTuple):
    """What the request needs, so that it is made without the database."""

    url: str
    payload: dict
    networks: tuple
    ca_file: str | None


class Outcome(NamedTuple):
    """What came of the request: an answer, or the reason why there is none."""

    answer: http_client.Answer | None = None
    error: http_client.PeerError | None = None
    message: dict | None = None  # the answer's body, if it is one of ours


class RecallInterfaceTest(models.TransientModel):
    """A self-test: the own interface is called over HTTPS as its peer would call it.

    The request carries a token made for it (``recall.token.probe``), with which the
    interface goes through every step of the authorisation and then answers an empty
    list: a self-test cannot deliver, acknowledge or bring anything. What would be
    delivered is tried inside instead, by the code of the preview.

    It runs in a thread of the server process: a request that waited for itself would
    block a server with one worker. The thread holds no database cursor while it waits
    for the network, and ends after two attempts of 5 s.
    """

    _name = "recall.interface.test"
    _description = "Self-test of a data interface"

    interface_id = fields.Many2one(
        "recall.interface", required=True, ondelete="cascade"
    )
    address = fields.Char(related="interface_id.address")
    finished_at = fields.Datetime(readonly=True)
    state = fields.Selection(
        [
            ("running", "Running"),
            ("lost", "Broken off"),
            ("passed", "Passed"),
            ("warned", "With remarks"),
            ("failed", "Failed"),
        ],
        compute="_compute_state",
    )
    line_ids = fields.One2many(
        "recall.interface.test.line", "test_id", string="Checks", readonly=True
    )

    @api.depends("finished_at", "line_ids.mark")
    def _compute_state(self):
        late = fields.Datetime.now() - LONGEST
        for test in self:
            if not test.finished_at:
                begun = test.create_date or fields.Datetime.now()
                test.state = "running" if begun > late else "lost"
            else:
                test.state = _sum_up(test.line_ids.mapped("mark"))

    def _start(self):
        """Run the test in a thread as soon as this transaction is committed."""
        arguments = (self.env.cr.dbname, self.id, self.env.uid, dict(self.env.context))
        thread = threading.Thread(
            target=_run, args=arguments, name="recall.self_test", daemon=True
        )
        self.env.cr.postcommit.add(thread.start)

    def _prepare_call(self):
        """Make the token of the test and say what to call.

        :returns: ``(token, Call)``; ``(empty, None)`` where tokens cannot be made
        """
        interface = self.interface_id
        vals = {
            "name": self.env._("Self-test"),
            "purpose": interface.purpose,
            "producer_id": interface.producer_id.id,
        }
        try:
            token, secret = self.env["recall.token"]._issue_probe(vals)
        except cipher.KeyFileError:
            return self.env["recall.token"], None
        payload = {"api_token": secret, "api_cfg": interface.api_cfg}
        if interface.purpose == "collect":
            payload["records"] = [{}]
        return token, Call(
            interface.address,
            payload,
            interface._get_test_networks(),
            os.environ.get("RECALL_CA_FILE"),
        )

    def _finish(self, token, outcome):
        """Write down what was found, and take the token of the test back."""
        # sudo: tokens are deleted by nobody; this one was never handed out.
        token.sudo().unlink()
        checks = Verdict(self.interface_id, outcome).checks()
        # sudo: nobody writes what a test has found but the test.
        self_sudo = self.sudo()
        self_sudo.line_ids = [Command.create(check) for check in checks]
        self_sudo.finished_at = fields.Datetime.now()
        result = _sum_up([check["mark"] for check in checks])
        self.interface_id.write({"tested_at": self.finished_at, "test_result": result})
        self.env["recall.audit.event"]._record(
            "interface.self_test", self.interface_id, result=result
        )

    def action_again(self):
        """Run the test once more."""
        return self.interface_id.action_self_test()


def _sum_up(marks):
    """The result that the marks of the checks give together."""
    if "bad" in marks:
        return "failed"
    return "warned" if "remark" in marks else "passed"


def _run(db_name, test_id, uid, context):
    """Body of the thread: prepare, call without a cursor, write down."""
    try:
        registry = Registry(db_name)
        with registry.cursor() as cr:
            env = api.Environment(cr, uid, context)
            token, call = env["recall.interface.test"].browse(test_id)._prepare_call()
        outcome = send(call) if call else Outcome()
        with registry.cursor() as cr:
            env = api.Environment(cr, uid, context)
            test = env["recall.interface.test"].browse(test_id)
            test._finish(token.with_env(env), outcome)
    except Exception:  # nobody waits for a thread: the server's log must tell
        _logger.exception("Self-test %s was broken off", test_id)


def send(call):
    """Make the request of a self-test as the management terminal does, twice at most.

    :param Call call: what to call
    :rtype: Outcome
    """
    try:
        answer = http_client.fetch(
            call.url, call.payload, ca_file=call.ca_file, networks=call.networks
        )
    except http_client.PeerError as error:
        return Outcome(error=error)
    try:
        message = messages.decode(answer.body)
    except messages.MessageError:
        message = None
    return Outcome(answer, None, message if isinstance(message, dict) else None)
