# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models

#: Thresholds, each a system parameter ``recall_management.<name>``.
LIMITS = {
    # Clause 9.1 a allows 5 s on average: told before it is broken.
    "slow_seconds": 3.0,
    "silent_days": 7,
    "expiry_days": 30,
    "quarantine_percent": 20.0,
}


class RecallCause(models.AbstractModel):
    """What can be wrong with a terminal, in words (M-MONITOR).

    A cause is a code: an outcome of ``recall.exchange``, ``status_<api_status>``, or
    what the watch finds by itself. Each has a sentence that says what is wrong and one
    that says what to do, in the language of the context.
    """

    _name = "recall.cause"
    _description = "Causes of a terminal's trouble"

    @api.model
    def _get_limits(self):
        """Thresholds in force: dict of the names in ``LIMITS``."""
        # sudo: parameters are the administrator's; every judgement needs these.
        parameters = self.env["ir.config_parameter"].sudo()
        limits = {}
        for name, default in LIMITS.items():
            text = parameters.get_param(f"recall_management.{name}")
            try:
                limits[name] = type(default)(text) if text else default
            except ValueError:
                limits[name] = default
        return limits

    @api.model
    def _explain(self, cause):
        """Return ``(what is wrong, what to do)`` of a code; ("", "") of none."""
        if not cause:
            return "", ""
        table = {
            **self._connection_causes(),
            **self._answer_causes(),
            **self._refusal_causes(),
            **self._watch_causes(),
        }
        return table.get(cause) or (
            self.env._("The terminal does not deliver (%(cause)s).", cause=cause),
            self.env._("Read the last error, and make a test call."),
        )

    def _connection_causes(self):
        return {
            "address": (
                self.env._("The address of the interface is not permitted."),
                self.env._(
                    "Correct the address: it must be https and lead to a public "
                    "address. A private network must be permitted on the server."
                ),
            ),
            "resolve": (
                self.env._("The host name of the terminal is not found."),
                self.env._(
                    "Technician: check the DNS entry of the host name. Operator: check "
                    "the address for a slip of the pen, and the server's own DNS."
                ),
            ),
            "connect": (
                self.env._("No connection to the terminal: nobody listens there."),
                self.env._(
                    "Technician: check that the terminal runs, and that the firewall "
                    "lets the regulator's server in on this port."
                ),
            ),
            "tls": (
                self.env._("The terminal's certificate or encryption is not accepted."),
                self.env._(
                    "Technician: install a valid certificate for this host name with "
                    "its whole chain, and offer TLS 1.2 or newer."
                ),
            ),
            "timeout": (
                self.env._("The terminal did not answer within 5 seconds, twice."),
                self.env._(
                    "Technician: check the load of the server and its database, and "
                    "the firewall if nothing arrives at all (clause 7.5.2: 5 s)."
                ),
            ),
            "reset": (
                self.env._("The terminal breaks the connection off."),
                self.env._(
                    "Technician: look in the log of the proxy and of the terminal at "
                    "the time given; restart what has crashed."
                ),
            ),
            "redirect": (
                self.env._("The terminal redirects elsewhere, which is not followed."),
                self.env._(
                    "Technician: answer at the registered address itself, or tell the "
                    "operator the new address."
                ),
            ),
            "token": (
                self.env._("The token kept here cannot be opened."),
                self.env._(
                    "Operator: enter the token again. If it concerns all terminals, "
                    "the key file of the server is missing or wrong."
                ),
            ),
            "request": (
                self.env._("The request to the terminal could not be made here."),
                self.env._(
                    "Operator: this is no fault of the terminal. The server's log says "
                    "what failed; check what is entered for this terminal."
                ),
            ),
            "storage": (
                self.env._("The answer could not be stored here."),
                self.env._(
                    "Operator: this is no fault of the terminal. Look in the server's "
                    "log, and check the database and its disk."
                ),
            ),
        }

    def _answer_causes(self):
        return {
            "http": (
                self.env._("The terminal answers with an HTTP error."),
                self.env._(
                    "Technician: look in the log of the web server or proxy in front "
                    "of the terminal."
                ),
            ),
            "size": (
                self.env._("The answer is larger than 16 MB."),
                self.env._(
                    "Technician: give fewer records an answer (api_limit), or a "
                    "shorter window of days."
                ),
            ),
            "length": (
                self.env._("The answer ends before it is complete."),
                self.env._(
                    "Technician: check that proxy and terminal send the whole body "
                    "with its right length."
                ),
            ),
            "encoding": (
                self.env._("The answer is compressed or encoded."),
                self.env._(
                    "Technician: switch compression off for this address; the request "
                    "asks for identity."
                ),
            ),
            "type": (
                self.env._("The answer is not JSON."),
                self.env._(
                    "Technician: answer with Content-Type: application/json. A page "
                    "for log-in or maintenance may be in the way."
                ),
            ),
            "message": (
                self.env._("The answer is not a message of annex B."),
                self.env._(
                    "Technician: the last error names the member that is wrong; "
                    "correct the program. No record of such an answer is taken in."
                ),
            ),
        }

    def _refusal_causes(self):
        ask_token = self.env._(
            "Producer: issue a new token and tell it to the operator, who enters it at "
            "the terminal."
        )
        later = self.env._(
            "Technician: look in the terminal's log. It is asked again by itself."
        )
        return {
            "status_-1": (self.env._("The terminal reports a system fault."), later),
            "status_401": (
                self.env._("The terminal does not authorise the access."),
                self.env._(
                    "Producer: permit the regulator's access to this interface, and "
                    "its address if the terminal limits addresses."
                ),
            ),
            "status_402": (
                self.env._("The terminal misses a member of the request."),
                self.env._(
                    "Operator: check that token and interface name are entered. "
                    "Technician: annex B asks for api_token and api_cfg only."
                ),
            ),
            "status_403": (
                self.env._("The terminal says the token is not valid."),
                ask_token,
            ),
            "status_404": (
                self.env._("The terminal does not know the interface."),
                self.env._(
                    "Check the address and the interface name (api_cfg) with the "
                    "producer."
                ),
            ),
            "status_405": (
                self.env._("The terminal says the token has expired."),
                ask_token,
            ),
            "status_406": (
                self.env._("The terminal says the user is disabled."),
                self.env._("Producer: enable the regulator's access again."),
            ),
            "status_407": (
                self.env._("The terminal refuses the format of the request."),
                self.env._(
                    "Technician: annex B's members must be taken, and a cursor of the "
                    "terminal's own. It was tried without the cursor and in plain "
                    "mode, too."
                ),
            ),
            "status_408": (
                self.env._("The terminal does not permit this interface to the token."),
                self.env._(
                    "Producer: give the token the right to the synchronisation."
                ),
            ),
            "status_409": (
                self.env._("The terminal could not check the permission."),
                later,
            ),
            "status_410": (
                self.env._("The terminal does not find the user of the token."),
                ask_token,
            ),
            "status_429": (
                self.env._("The terminal says it is asked too often."),
                self.env._(
                    "Operator: ask less often (minutes between requests). Technician: "
                    "raise the limit for the regulator's address."
                ),
            ),
            "status_500": (
                self.env._("The gateway before the terminal has a fault."),
                later,
            ),
            "status_501": (self.env._("The terminal's back end has a fault."), later),
            "status_502": (
                self.env._("The terminal does not take POST requests at this address."),
                self.env._("Check the address of the interface with the producer."),
            ),
            "status_503": (
                self.env._("The terminal could not write its answer."),
                later,
            ),
        }

    def _watch_causes(self):
        return {
            "slow": (
                self.env._("The terminal answers slowly on average."),
                self.env._(
                    "Technician: clause 9.1 allows 5 s on average. Check the load of "
                    "server and database, or give fewer records an answer."
                ),
            ),
            "silent": (
                self.env._("The terminal answers, but brings no new record for days."),
                self.env._(
                    "Producer: check that repairs of the recalls that run are "
                    "collected, confirmed and handed over."
                ),
            ),
            "unasked": (
                self.env._("The terminal has not been asked in time."),
                self.env._(
                    "Operator: no fault of the terminal. Check under Settings, "
                    "Technical, Scheduled actions that the terminals are asked."
                ),
            ),
            "quarantine": (
                self.env._("An unusual share of the records is refused."),
                self.env._(
                    "Producer: correct the records named in the quarantine and send "
                    "them again. The reasons stand with each record."
                ),
            ),
            "certificate_expiring": (
                self.env._("The terminal's certificate expires soon."),
                self.env._("Technician: renew the certificate before that day."),
            ),
            "certificate_expired": (
                self.env._("The terminal's certificate has expired."),
                self.env._("Technician: install a new certificate now."),
            ),
            "token_expiring": (
                self.env._("The token expires soon."),
                self._renew_token(),
            ),
            "token_expired": (
                self.env._("The token has expired."),
                self._renew_token(),
            ),
            "own": (
                self.env._("Most terminals fail at once: it is probably our own side."),
                self.env._(
                    "Operator: check the server's network, DNS, key file, trusted "
                    "authorities and disk. Producers are not mailed meanwhile."
                ),
            ),
            "cron": (
                self.env._(
                    "The terminals are not asked: the scheduled action has stopped."
                ),
                self.env._(
                    "Operator: check under Settings, Technical, Scheduled actions that "
                    "it is active; look in the server's log; restart the server if it "
                    "hangs."
                ),
            ),
            "unsealed": (
                self.env._("The operation log was not sealed for 15 minutes."),
                self.env._(
                    "Operator: see that the scheduled actions run and that the key "
                    "file has a signing key. After 4 hours nobody can change data."
                ),
            ),
            "tampered": (
                self.env._("The log or the data was changed past the application."),
                self.env._(
                    "Operator: open the last verification of the log, leave all as it "
                    "is, and compare with the witnesses' checkpoints and a backup."
                ),
            ),
        }

    def _renew_token(self):
        return self.env._(
            "Producer: issue a new token in time. Operator: enter it with its new day "
            "of expiry."
        )
