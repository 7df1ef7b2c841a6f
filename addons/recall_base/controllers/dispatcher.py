# SPDX-License-Identifier: LGPL-3.0-only
import functools
import logging
import time
import uuid

import psycopg2
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from odoo import SUPERUSER_ID, api
from odoo.http import Dispatcher, _Response
from odoo.tools import get_lang

from ..tools import answers, messages
from ..tools.messages import ApiStatus, MessageError

_logger = logging.getLogger(__name__)

#: Answers to whoever may not ask what it asks.
REFUSED = (
    ApiStatus.UNAUTHORISED,
    ApiStatus.KEY_INVALID,
    ApiStatus.KEY_EXPIRED,
    ApiStatus.USER_DISABLED,
    ApiStatus.NOT_PERMITTED,
    ApiStatus.USER_UNKNOWN,
)


class RecallDispatcher(Dispatcher):
    """Serve the normative interfaces: ``@route(type="recall", envelope="sync")``.

    It reads the body strictly, gives it to the endpoint as ``message`` (a dict) with a
    ``request_id``, and answers the returned dict. Whatever goes wrong becomes an
    ``api_status`` in the envelope of the interface, under HTTP status 200 so that any
    standard client can read it; a traceback never leaves the server.

    Routes of this type use ``auth="none"``: the token in the message says who asks.

    A route with ``body="file"`` takes a file, as a form does (``multipart/form-data``).
    Token and interface name come in headers, so that it is known who asks before the
    body is read: the endpoint reads it by ``request.httprequest.files``.

    A route may name the model that keeps its log (``log="recall.interface.log"``). When
    the transaction of the request has ended, however it ended, and before the answer
    leaves, the model's ``_log_exchange`` gets the facts of the exchange, in a
    transaction of its own. Where that costs too much, the route names a model that
    counts in memory instead (``meter="recall.share.usage"``): its ``_meter_exchange``
    gets the registry and the facts, with no transaction at all. An answer that is
    streamed is metered, never logged, when its last byte was handed over.
    """

    routing_type = "recall"

    def __init__(self, request):
        super().__init__(request)
        self._started = time.monotonic()

    @classmethod
    def is_compatible_with(cls, request):
        return True  # other content types are answered in the envelope, see dispatch

    def dispatch(self, endpoint, args):
        request = self.request
        if not hasattr(request, "recall_message"):
            # Once only: the body is gone when a transaction is tried again.
            request.recall_message = self._read_message()
        request.params = {
            "message": request.recall_message,
            "request_id": self._request_id(),
        }
        answer = request.registry["ir.http"]._dispatch(endpoint)
        try:
            return self._respond(answer)
        except (TypeError, ValueError) as error:
            _logger.exception("Answer to %s is not JSON", self._request_id())
            # Raised, not answered: the transaction is undone, the peer asks again.
            raise _refusal(ApiStatus.RESULT_NOT_CONVERTED) from error

    def handle_error(self, exc):
        # What is our fault is logged by _explain; Odoo would add a traceback of every
        # refused message.
        exc.loglevel = logging.DEBUG
        self._note_refusal(exc)
        response = self._respond(
            answers.error_answer(
                self.request.rule_envelope, *self.explain(exc), self._request_id()
            )
        )
        if wait := getattr(exc, "retry_after", None):
            response.headers["Retry-After"] = str(wait)
        return response

    def _note_refusal(self, exc):
        """Count in the operation log who asked without the right token."""
        if getattr(exc, "status", None) in REFUSED:
            subject = f"{self.request.rule_envelope} {int(exc.status)}"
            self.request.env["recall.audit.refusal"]._note("interface.refused", subject)

    def pre_dispatch(self, rule, args):
        self.request.rule_envelope = rule.endpoint.routing["envelope"]
        self.request.rule_log = rule.endpoint.routing.get("log")
        self.request.rule_meter = rule.endpoint.routing.get("meter")
        self.request.rule_body = rule.endpoint.routing.get("body", "message")
        super().pre_dispatch(rule, args)
        # The peer is authorised by its token, not by an Odoo user. The language is what
        # it accepts, if that is installed.
        self.request.update_env(user=SUPERUSER_ID)
        env = self.request.env
        if not env["res.lang"]._get_code(env.context.get("lang")):
            self.request.update_context(lang=get_lang(env).code)

    def _request_id(self):
        request = self.request
        if not hasattr(request, "recall_request_id"):
            request.recall_request_id = uuid.uuid4().hex
        return request.recall_request_id

    def _read_message(self):
        http_request = self.request.httprequest
        if http_request.method != "POST":
            raise _refusal(ApiStatus.METHOD_NOT_ALLOWED)
        is_file = self.request.rule_body == "file"
        expected = "multipart/form-data" if is_file else "application/json"
        if http_request.mimetype != expected:
            raise MessageError(
                ApiStatus.PARAMETER_FORMAT,
                f"Send the header Content-Type: {expected}.",
            )
        if http_request.headers.get("Content-Encoding", "identity") != "identity":
            raise MessageError(
                ApiStatus.PARAMETER_FORMAT, "Send the body without Content-Encoding."
            )
        if is_file:
            return self._read_head(http_request)
        body = http_request.get_data(cache=False)
        self.request.recall_size = len(body)
        message = messages.decode(body)
        if not isinstance(message, dict):
            raise MessageError(
                ApiStatus.PARAMETER_FORMAT, "The body is not a JSON object."
            )
        return message

    def _read_head(self, http_request):
        """What a message would say, from the headers of a request with a file."""
        self.request.recall_size = http_request.content_length or 0
        scheme, _blank, token = http_request.headers.get("Authorization", "").partition(
            " "
        )
        return {
            "api_token": token.strip() if scheme.lower() == "bearer" else None,
            "api_cfg": http_request.headers.get("X-Api-Cfg"),
        }

    def explain(self, exc):
        """Return ``(status, sentence)`` of an exception, logging what is our fault."""
        if isinstance(exc, MessageError):
            return exc.status, exc.message
        if isinstance(exc, RequestEntityTooLarge):
            limit = self.request.httprequest.max_content_length
            return ApiStatus.PARAMETER_FORMAT, f"The body is larger than {limit} bytes."
        if isinstance(exc, ClientDisconnected):
            return ApiStatus.PARAMETER_FORMAT, "The body broke off before its end."
        _logger.error("Request %s failed", self._request_id(), exc_info=exc)
        if isinstance(exc, psycopg2.OperationalError):
            return ApiStatus.BACKEND_FAULT, messages.STATUS_TEXT[
                ApiStatus.BACKEND_FAULT
            ]
        return ApiStatus.SYSTEM_FAULT, messages.STATUS_TEXT[ApiStatus.SYSTEM_FAULT]

    def _respond(self, answer):
        """Answer with a dict as JSON; TypeError or ValueError when that cannot be."""
        if isinstance(answer, answers.StreamedAnswer):
            return self._prepare_response(self._stream(answer))
        response = self._prepare_response(answers.encode(answer).encode())
        request = self.request
        if getattr(request, "rule_log", None) or getattr(request, "rule_meter", None):
            facts = self._facts(
                answer["api_status"], answer["count"], response.content_length
            )
            _call_on_send(response, functools.partial(self._note, facts))
        return response

    def _prepare_response(self, body):
        return _Response(
            body,
            content_type="application/json; charset=utf-8",
            headers={"Cache-Control": "no-store"},
        )

    def _stream(self, answer):
        """Yield a streamed answer; it runs when the request's transaction has ended."""
        try:
            yield from answer
        finally:
            if getattr(self.request, "rule_meter", None):
                self._meter(self._facts(answer.api_status, answer.count, answer.size))

    def _facts(self, api_status, record_count, size):
        """What the log keeps of an exchange: no secret and no body."""
        request = self.request
        return {
            "kind": request.rule_envelope,
            "caller": getattr(request, "recall_caller", {}),
            "address": request.httprequest.remote_addr,
            "api_status": api_status,
            "record_count": record_count,
            "request_bytes": getattr(request, "recall_size", 0),
            "answer_bytes": size,
            "request_id": self._request_id(),
        }

    def _note(self, facts):
        if self.request.rule_log:
            self._log(facts)
        if self.request.rule_meter:
            self._meter(facts)

    def _meter(self, facts):
        asked = getattr(self.request, "recall_asked", {})
        registry = self.request.registry
        registry[self.request.rule_meter]._meter_exchange(
            registry, {"method": "unknown", "vins": 0, **facts, **asked}
        )

    def _log(self, facts):
        duration = round((time.monotonic() - self._started) * 1000)
        try:
            with self.request.registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                env[self.request.rule_log]._log_exchange(duration_ms=duration, **facts)
        except Exception:  # the peer's answer does not depend on our log
            _logger.exception("Request %s is not in the log", facts["request_id"])


def _call_on_send(response, function):
    """Have ``function`` called as werkzeug begins to send: the transaction has ended.

    On the instance: add-ons of Odoo's own turn the class of a response back into theirs
    (``Response.load``).
    """

    def get_wsgi_response(environ):
        function()
        return type(response).get_wsgi_response(response, environ)

    response.get_wsgi_response = get_wsgi_response


def _refusal(status):
    return MessageError(status, messages.STATUS_TEXT[status])
