# SPDX-License-Identifier: LGPL-3.0-only
"""What is in the attacked database: accounts, a plan, a token for each interface."""

#: Run in Odoo's shell: `env`, `values` and `result` are those of stack/database.py.
SCRIPT = """\
import datetime
import io
from odoo.addons.recall_base.tools import vin
parameters = env["ir.config_parameter"]
parameters.set_param("web.base.url", values["url"])
parameters.set_param("web.base.url.freeze", "True")
ROLES = {
    "administrator": "recall_management.group_administrator",
    "engineer": "recall_management.group_engineer",
    "operator": "recall_service.group_administrator",
    "producer": "recall_enterprise.group_administrator",
}
env.ref("base.user_admin").write({"password": values["password"], "group_ids": [
    (4, env.ref(name).id) for name in ("recall_base.group_keeper",
    "recall_service.group_administrator", "recall_management.group_administrator",
    "recall_enterprise.group_administrator")]})
users = {}
for login, group in ROLES.items():
    users[login] = env["res.users"].create(
        {
            "login": login,
            "name": login.title(),
            "password": values["password"],
            "group_ids": [(4, env.ref(group).id)],
        }
    )
producer = env["recall.producer"].create(
    {"name": "Producer", "hotline": "400-000-0000"}
)
env["recall.dealer"].create({"name": "Dealer", "producer_id": producer.id})
vins = ["LTZAA11B8SA409799", vin.make_vin("LTZ", "AA11B", "S", "A", "000002")]
plan = env["recall.plan"].create(
    {
        "recall_number": "S2025M0149I",
        "producer_id": producer.id,
        "state": "published",
        "brand": "Brand",
        "series": "Series",
        "model": "M1",
        "defect": "Defect",
        "consequence": "Consequence",
        "measure": "Measure",
        "announced": "2025-01-10",
        "recall_start": "2025-01-15",
    }
)
env["recall.vehicle"]._add_to_scope(plan, [(vin, None) for vin in vins])
filing = env["recall.filing.system"].create({"name": "Filing system"})
data_user = env["recall.data.user"].create({"name": "Partner", "purpose": "Test"})
OWNERS = {
    "sync": ("recall.interface", "producer_id", producer),
    "collect": ("recall.interface", "producer_id", producer),
    "plans": ("recall.plan.interface", "filing_system_id", filing),
    "share": ("recall.share.interface", "data_user_id", data_user),
}
interfaces = {}
for purpose, (model, owner_field, owner) in OWNERS.items():
    vals = {"name": purpose, owner_field: owner.id}
    if model == "recall.interface":
        vals["purpose"] = purpose
    if model == "recall.share.interface":
        vals |= {"quota_burst": 10_000_000, "quota_day": 100_000_000}
    interface = env[model].create(vals)
    _token, secret = env["recall.token"].issue(
        {"name": purpose, "purpose": purpose, owner_field: owner.id}
    )
    interfaces[purpose] = (interface.api_cfg, secret)
account = env["res.users"].create(
    {
        "login": "partner",
        "name": "Partner",
        "email": "partner@partner.example",
        "password": values["password"],
        "group_ids": [(6, 0, [env.ref("recall_service.group_partner").id])],
    }
)
data_user.account_ids = [(4, account.id)]
webhook = env["recall.webhook"].create(
    {
        "name": "Hook",
        "data_user_id": data_user.id,
        "url": "https://hook.partner.example/",
        "email": "partner@partner.example",
    }
)
# Two of what attacks may bring to an end: the second stays as it is.
application, _other = env["recall.data.application"].create([
    {
        "name": name,
        "credit_code": "91350100M000100Y43",
        "kind": "inspection",
        "contact_name": "Zhang San",
        "email": "zs@applicant.example",
        "phone": "021-55550000",
        "purpose": "Inspection",
        "legal_basis": "Agreement",
        "state": "more",
    }
    for name in ("Applicant", "Other applicant")
])
fleet_file = data_user.with_user(account)._upload_fleet(
    io.BytesIO(b"VIN\\n" + vins[0].encode()), "fleet.csv", "add"
)
vin_file = env["recall.import"].create({"kind": "vins", "plan_id": plan.id})
objection, live_objection = (
    env["recall.objection"]._file(
        {
            "vin": text,
            "recall_number": plan.recall_number,
            "repair_date": datetime.date(2025, 3, 1),
            "workshop": "Workshop East",
            "repair_number": None,
            "email": None,
        },
        None,
        text,
        "192.0.2.1",
    )
    for text in vins
)
subscription = env["recall.subscription"].create(
    {"email": "owner@owner.example", "brand": "Brand"}
)
subscription._confirm()
# What stands in place of the parts of an address that a route takes.
paths = {
    "interface_id": env["recall.share.interface"].search([], limit=1).id,
    "token_id": env["recall.token"].search([("purpose", "=", "share")], limit=1).id,
    "data_user_id": data_user.id,
    "application_id": application.id,
    "hook_id": webhook.id,
    "subscription_id": subscription.id,
    "receipt": objection.receipt,
    "number": plan.recall_number,
    "fleet/file": fleet_file.id,
    "recall/import": vin_file.id,
}
proofs = {
    "/recall/objection/": objection._get_token(),
    "/recall/subscription/": subscription._get_token("confirm"),
    "/recall/partners/": application._get_token("answer"),
}
result = {
    "paths": paths,
    "proofs": proofs,
    "objection": live_objection._get_path(),
    "subscriber": subscription.subscriber_id._get_url(),
    "interfaces": interfaces,
    "vin": vins[0],
    "plan": plan.id,
    "number": plan.recall_number,
    "producer": producer.id,
}
"""
