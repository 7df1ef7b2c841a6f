# SPDX-License-Identifier: LGPL-3.0-only
import json
from pathlib import Path

from werkzeug.exceptions import NotFound

from odoo import SUPERUSER_ID, api, http
from odoo.http import Response, request

from ..tools import cipher, verify_log
from .download import save_as
from .read_route import READ, READ_BY_ANYBODY

AUDITOR = "recall_base.group_auditor"
#: Seconds for which a cache may keep the public checkpoint.
FRESH = 5


class Evidence(http.Controller):
    """The operation log for those outside: checkpoint, key, export and proofs."""

    @http.route("/recall/checkpoint", **READ_BY_ANYBODY)
    def checkpoint(self):
        """Give the newest signed checkpoint: whoever keeps it is a witness."""
        # Nobody is logged in: a checkpoint says nothing but the size of the log.
        env = request.env(user=SUPERUSER_ID)
        point = env["recall.audit.checkpoint"].search([], limit=1)
        if not point:
            return request.make_response("Nothing is signed yet.\n", status=404)
        return _plain(point.note, f"public, max-age={FRESH}")

    @http.route("/recall/checkpoint/key", **READ_BY_ANYBODY)
    def key(self):
        """Give the public keys of the log, the present one first."""
        env = request.env(user=SUPERUSER_ID)  # nobody is logged in; keys are public
        try:
            keys = env["recall.audit.checkpoint"]._get_keys()
        except cipher.KeyFileError:
            return request.make_response("There is no key yet.\n", status=404)
        return _plain("".join(f"{key}\n" for key in keys), "public, max-age=300")

    @http.route("/recall/log/<string:part>", auth="user", **{**READ, "readonly": False})
    def export(self, part):
        """Stream the log, its checkpoints or the verifier to an auditor; who takes the
        log away is in it."""
        _check_auditor()
        if part == "verify_log.py":
            return _download(Path(verify_log.__file__).read_text(), part)
        exports = {"log.jsonl": "_export", "checkpoints.txt": "_export_checkpoints"}
        if part not in exports:
            raise NotFound
        request.env["recall.audit.event"]._record("log.download", name=part)
        return _download(_stream(request.env.registry, exports[part]), part)

    @http.route("/recall/log/proof/<string:model>/<int:record_id>", auth="user", **READ)
    def proof(self, model, record_id):
        """Give the proof that an event, or a record as it is, stands in the log."""
        _check_auditor()
        Seal = request.env["recall.audit.seal"]
        event = model == "recall.audit.event"
        if not event and model not in request.env.registry.descendants(
            ["recall.hashed.mixin"], "_inherit"
        ):
            raise NotFound
        record = request.env[model].browse(record_id).exists()
        if not record:
            raise NotFound
        record.check_access("read")
        proof = Seal._prove_event(record) if event else Seal._prove_record(record)
        return _download(json.dumps(proof, ensure_ascii=False), f"{record_id}.json")

    @http.route("/recall/log/growth/<int:older>/<int:newer>", auth="user", **READ)
    def growth(self, older, newer):
        """Give the proof that the log only grew between two checkpoints."""
        _check_auditor()
        Checkpoint = request.env["recall.audit.checkpoint"]
        points = [
            Checkpoint.search([("size", "=", size)]) for size in sorted((older, newer))
        ]
        if not all(points):
            raise NotFound
        proof = request.env["recall.audit.seal"]._prove_growth(*points)
        return _download(json.dumps(proof), f"{older}-{newer}.json")


def _check_auditor():
    """To others there is nothing here."""
    if not request.env.user.has_group(AUDITOR):
        raise NotFound


def _stream(registry, method):
    """Yield an export in a transaction of its own: the request's ends before."""
    with registry.cursor(readonly=True) as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        yield from getattr(env["recall.audit.seal"], method)()


def _plain(text, cache):
    return request.make_response(
        text,
        headers=[
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Cache-Control", cache),
            ("X-Content-Type-Options", "nosniff"),
        ],
    )


def _download(content, name):
    return Response(content, headers=save_as(name, "application/octet-stream"))
