# SPDX-License-Identifier: LGPL-3.0-only
import json
from typing import NamedTuple

from odoo import api, models, tools

from odoo.addons.recall_base.tools import messages, plan_messages, share_messages
from odoo.addons.recall_base.tools.messages import STATUS_TEXT

from .recall_share_export_file import URL as EXPORT_URL

VERSION = "1.0"
_DEFS, _COMPONENTS = "#/$defs/", "#/components/schemas/"
#: HTTP status -> what the gateway in front of the servers answers by it.
GATEWAY = {
    "413": "The body is too large; api_status 407.",
    "429": "Too many requests; api_status 429. The header Retry-After says when.",
    "500": "Fault of the gateway; api_status 500.",
    "503": "The servers are away or overloaded; api_status 501.",
}


class Operation(NamedTuple):
    """One interface: its messages, and the model that is there when it is installed."""

    path: str
    summary: str
    requests: tuple[type, ...]
    answers: tuple[type, ...]
    model: str


OPERATIONS = (
    Operation(
        "/recall/v1/share",
        "Recalls of vehicles, for data users (annex C)",
        tuple(share_messages.METHODS.values()),
        (
            messages.ShareAnswer,
            share_messages.ShareManyAnswer,
            share_messages.ShareChangesAnswer,
            share_messages.ShareExportAnswer,
        ),
        "recall.share.interface",
    ),
    Operation(
        "/recall/v1/sync",
        "Repair reports, for the management terminal (annex B)",
        (messages.SyncRequest,),
        (messages.SyncAnswer,),
        "recall.interface",
    ),
    Operation(
        "/recall/v1/collect",
        "Repair reports, from the producer's internal system",
        (messages.CollectRequest,),
        (messages.CollectAnswer,),
        "recall.interface",
    ),
    Operation(
        "/recall/v1/plans",
        "Recall plans, from the recall information management system",
        (plan_messages.PlansRequest,),
        (plan_messages.PlansAnswer,),
        "recall.plan.interface",
    ),
)


class RecallOpenapi(models.AbstractModel):
    """Description of the data interfaces by OpenAPI 3.1.

    Made from the very models that the messages are read with. It describes the
    interfaces that this server has: those of modules that are installed.
    """

    _name = "recall.openapi"
    _description = "OpenAPI description"

    @api.model
    @tools.ormcache()
    def _get_text(self):
        """The description as JSON; made once a process."""
        return json.dumps(self._build(), ensure_ascii=False, separators=(",", ":"))

    def _build(self):
        operations = [item for item in OPERATIONS if item.model in self.env]
        paths = {item.path: {"post": _describe(item)} for item in operations}
        paths[f"{EXPORT_URL}/{{signed}}"] = {"get": _describe_download()}
        if "recall.plan.interface" in self.env:
            paths["/recall/v1/plans/upload"] = {"post": _describe_upload()}
        return {
            "openapi": "3.1.0",
            "info": {
                "title": "Recall traceability (GB/T 41047-2021)",
                "version": VERSION,
                "description": "What the application answers has HTTP status 200 and "
                "its code in the member api_status. What the gateway answers has the "
                "fitting HTTP status and the same body.",
                "license": {"name": "LGPL-3.0-only", "identifier": "LGPL-3.0-only"},
            },
            "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
            "servers": [{"url": "/"}],
            "security": [],
            "paths": paths,
            "components": {"schemas": _describe_messages(operations)},
        }


def _describe(operation):
    content = _json(_any_of(operation.requests))
    # Its name is the last part of the path, which no two interfaces share.
    return {
        "operationId": operation.path.rpartition("/")[2],
        "summary": operation.summary,
        "description": "Codes of api_status: "
        + " ".join(f"{int(code)}: {text}" for code, text in STATUS_TEXT.items()),
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": {
                "description": "The answer; api_status says whether it succeeded.",
                "headers": {"Retry-After": {"schema": {"type": "integer"}}},
                "content": _json(_any_of(operation.answers)),
            },
            **{
                status: {
                    "description": text,
                    "content": _json(_any_of(operation.answers)),
                }
                for status, text in GATEWAY.items()
            },
        },
    }


def _describe_download():
    refused = {"content": _json(_any_of((messages.ShareAnswer,)))}
    return {
        "operationId": "download",
        "summary": "One file of an export, by the address that the answer gave",
        "parameters": [
            {
                "name": "signed",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,200}$"},
            }
        ],
        "responses": {
            "200": {
                "description": "The file, compressed by gzip.",
                "content": {"application/gzip": {"schema": {}}},
            },
            "206": {
                "description": "A part of the file, asked for by the header Range.",
                "content": {"application/gzip": {"schema": {}}},
            },
            "403": {"description": "The address is not valid.", **refused},
            "404": {"description": "A newer export has taken its place.", **refused},
            "410": {"description": "The address has expired.", **refused},
        },
    }


def _describe_upload():
    """The one request that is no JSON: a file, with the token in a header."""
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    members = {
        "reference": {"type": "string"},
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "size": {"type": "integer"},
    }
    upload = {"type": "object", "properties": members, "required": [*members]}
    return {
        "operationId": "upload",
        "summary": "A VIN list as a file, which a plan names afterwards",
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": text,
                "schema": {"type": "string"},
            }
            for name, text in (
                ("Authorization", "Bearer and the token."),
                ("X-Api-Cfg", "Name of the interface (api_cfg)."),
            )
        ],
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "properties": {"file": file},
                        "required": ["file"],
                    }
                }
            },
        },
        "responses": {
            "200": {
                "description": "The answer; api_status says whether it succeeded.",
                "content": _json(
                    {
                        "type": "object",
                        "properties": {
                            "uploads": {"type": "array", "items": upload},
                            "count": {"type": "integer"},
                            "api_status": {"type": "integer"},
                        },
                        "required": ["uploads", "count", "api_status"],
                    }
                ),
            },
            "413": {"description": "The file is too large; api_status 407."},
        },
    }


def _json(schema):
    return {"application/json": {"schema": schema}}


def _any_of(models_):
    refs = [{"$ref": f"{_COMPONENTS}{model.__name__}"} for model in models_]
    return refs[0] if len(refs) == 1 else {"anyOf": refs}


def _describe_messages(operations):
    """Schemas of the messages of these operations, and of what they are made of."""
    named = {model for item in operations for model in (*item.requests, *item.answers)}
    schema = messages.json_schema(
        *(
            *share_messages.METHODS.values(),
            share_messages.ShareManyAnswer,
            share_messages.ShareChangesAnswer,
            share_messages.ShareExportAnswer,
            plan_messages.PlansRequest,
            plan_messages.PlanMessage,
            plan_messages.PlansAnswer,
        )
    )
    found = json.loads(json.dumps(schema["$defs"]).replace(_DEFS, _COMPONENTS))
    return {name: found[name] for name in sorted(_collect(found, named))}


def _collect(found, named):
    """Names of schemas that these refer to, themselves included."""
    reached, open_ends = set(), [model.__name__ for model in named]
    while open_ends:
        name = open_ends.pop()
        if name not in reached:
            reached.add(name)
            text = json.dumps(found[name])
            open_ends += [other for other in found if f'{_COMPONENTS}{other}"' in text]
    return reached
