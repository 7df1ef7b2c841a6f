# SPDX-License-Identifier: LGPL-3.0-only
"""The look-up service that a team would write instead: FastAPI, asyncpg, uvicorn.

It reads the same tables and does the same checks of token and VIN by the product's own
tools. Environment: RECALL_KEY_FILE, BENCH_DATABASE (a libpq address).
"""

import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from fastapi import FastAPI, Request
from fastapi.responses import ORJSONResponse

ADDONS = Path(__file__).resolve().parents[2] / "addons"
sys.path[:0] = [str(ADDONS / "recall_base" / "tools")]

import cipher  # noqa: E402
import messages  # noqa: E402
import tokens  # noqa: E402
import vin  # noqa: E402
from answers import error_answer, share_answer  # noqa: E402

GRANT = """\
SELECT token.digest, token.purpose, token.revoked_at IS NOT NULL AS revoked,
       token.expires_at <= now() AT TIME ZONE 'UTC' AS expired,
       owner.active AS owner_active, interface.active AS interface_active,
       interface.data_user_id = owner.id AS own
  FROM recall_token token
  LEFT JOIN recall_data_user owner ON owner.id = token.data_user_id
  LEFT JOIN recall_share_interface interface ON interface.api_cfg = $2
 WHERE token.key_id = $1
"""
FIND = """\
SELECT producer.name AS "producerName", coalesce(line.brand, plan.brand) AS brand,
       coalesce(line.series, plan.series) AS series,
       coalesce(line.model, plan.model) AS model, plan.recall_number AS "recallNum",
       plan.recall_start::text AS "recallStartTime", plan.defect AS "defectDesc",
       plan.consequence AS "possibleConsequence", plan.measure AS "repairMethod",
       vehicle.vin AS "vehicleVin", vehicle.state = 'done' AS "isRecalled"
  FROM recall_vehicle vehicle
  JOIN recall_plan plan ON plan.id = vehicle.plan_id
  JOIN recall_producer producer ON producer.id = plan.producer_id
  LEFT JOIN recall_plan_line line ON line.id = vehicle.line_id
 WHERE vehicle.vin = $1 AND vehicle.state != 'removed'
   AND plan.state IN ('published', 'running', 'finished')
 ORDER BY "isRecalled", plan.recall_start DESC, plan.recall_number
"""


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.keys = cipher.KeyRing.from_environment()
    app.state.pool = await asyncpg.create_pool(
        os.environ["BENCH_DATABASE"], min_size=4, max_size=8
    )
    yield
    await app.state.pool.close()


app = FastAPI(lifespan=lifespan)


@app.post("/recall/v1/share")
async def share(request: Request):
    """Annex C for one VIN."""
    try:
        message = messages.decode(await request.body())
        asked = messages.validate(messages.ShareRequest, message)
        report = vin.check_vin(asked.api_exchange_vin)
        if not report.valid:
            return ORJSONResponse(error_answer("share", 407))
    except messages.MessageError as error:
        return ORJSONResponse(error_answer("share", error.status, error.message))
    state = request.app.state
    key_id, secret = tokens.split(asked.api_exchange_token) or ("", "")
    async with state.pool.acquire() as connection:
        row = await connection.fetchrow(GRANT, key_id, asked.api_exchange_cfg)
        digest = row and row["digest"]
        if not tokens.matches(secret, digest, state.keys.token_keys):
            return ORJSONResponse(error_answer("share", 403))
        if row["revoked"] or row["expired"] or row["purpose"] != "share":
            return ORJSONResponse(error_answer("share", 405))
        if not (row["owner_active"] and row["interface_active"] and row["own"]):
            return ORJSONResponse(error_answer("share", 408))
        rows = await connection.fetch(FIND, report.text)
    return ORJSONResponse(share_answer([dict(row) for row in rows]))
