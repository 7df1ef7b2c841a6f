# SPDX-License-Identifier: LGPL-3.0-only
"""A record of every model of ours, with an attack in each text that it stores."""

from stack.settings import TEST_ADDONS

FIXTURES = TEST_ADDONS / "test_recall_full" / "tests" / "fixtures.py"

#: Texts that only the machine makes and reads again: part of an address, and a file's
#: name by which its type is told.
MACHINE = ["recall.objection.receipt", "recall.open.data.name"]

#: Run in Odoo's shell: `env`, `values` and `result` are those of stack/database.py.
#: Texts are written past the models, as whoever gets around a check would; what the
#: database itself refuses is left as it is.
SCRIPT = """\
import importlib.util
import psycopg2
from odoo import fields
from odoo.addons.recall_base.tests.common import RecallCommon
from odoo.tools import SQL, mute_logger

spec = importlib.util.spec_from_file_location("fixtures", values["fixtures"])
fixtures = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fixtures)
records = {}


class Case(RecallCommon):
    @classmethod
    def get(cls, model, _producer):
        return records[model]


admin = env.ref("base.user_admin")
admin.email = "admin@planted.example"  # who is told of what waits
# A dialogue is its account's own.
env = Case.env = env(user=admin.id, su=True)
partner = env["res.users"].search([("login", "=", "partner")])
Case.producer = env["recall.producer"].create(
    {"name": "Planted", "technical_contact_id": partner.partner_id.id}
)
Case.dealer = Case.make_dealer(Case.producer)
for model, (prepare, _changes) in fixtures.FIXTURES.items():
    records[model] = env[model].create(prepare(Case, Case.producer))
# Whose records all of them are.
records["recall.producer"] = Case.producer
# What the public sees: a recall, and everything about it.
records["recall.plan"].state = "published"
records["recall.open.data"].name = "planted.csv"
# Those that came as visitors send them: their pages show all of it.
filed = records["recall.objection"]
for model in ("recall.objection", "recall.data.application"):
    records[model] = env[model].search(
        [("id", "!=", records[model].id)], order="id desc", limit=1
    )
records["recall.lookup.usage"].lookup_count = 1
counts = ("request_count", "vin_count", "answer_bytes")
records["recall.share.usage"].write(dict.fromkeys(counts, 1))
env.flush_all()
signs = values["signs"]
planted = []


def plant(record, name, field):
    sign = signs[len(planted) % len(signs)]
    text = values["link"] if "url" in name else sign + values["attack"] + name
    value = SQL("%s", text)
    if field.translate:
        value = SQL("jsonb_build_object('en_US', %s, 'zh_CN', %s)", text, text)
    try:
        with env.cr.savepoint(flush=False), mute_logger("odoo.sql_db"):
            env.cr.execute(SQL(
                "UPDATE %s SET %s = %s WHERE id = %s",
                SQL.identifier(record._table), SQL.identifier(name), value, record.id,
            ))
    except psycopg2.Error:
        return
    planted.append(f"{record._name}.{name}")


for record in (*records.values(), filed):
    for name, field in record._fields.items():
        is_text = field.type in ("char", "text", "html")
        if is_text and field.store and field.column_type and (
            f"{record._name}.{name}" not in values["machine"]
        ):
            plant(record, name, field)
env.invalidate_all()
readable = [m for m in records if env[m].with_user(admin).has_access("read")]
views = env["ir.ui.view"].search([
    ("model", "in", readable), ("type", "in", ("list", "form", "kanban")),
    ("mode", "=", "primary"),
])
reports = env["ir.actions.report"].search([("model", "in", list(records))])
records["recall.data.user"].account_ids = partner


# === Mails === #

def approve():
    application = records["recall.data.application"]
    application.email = "planted@applicant.example"  # which the account logs in by
    terms = application._get_terms()
    application._approve(terms, application.purpose, application.legal_basis)
    application._make_mail()


def tell_of_refusals():
    enterprise = records["recall.enterprise"]
    enterprise.technical_email = "planted@terminal.example"
    enterprise._mail_refusals()


def tell_of_incident():
    incident = records["recall.incident"]
    incident.enterprise_id.technical_email = "planted@terminal.example"
    incident._mail_producers("opened", fields.Datetime.now())


def tell_of_incidents():
    incident = records["recall.incident"]
    incident._mail_operator({"opened": incident})


def tell_of_alarm():
    env["recall.lookup.alarm"]._tell(records["recall.lookup.alarm"])


def tell_of_decision():
    reason = records["recall.objection.reason"]
    filed.write({"state": "refused", "reason_id": reason.id, "lang": "en_US"})
    filed.write(filed._prepare_email("planted@owner.example", filed.receipt))
    filed._make_mail()


def tell_of_objections():
    filed.due_on = fields.Date.today()
    Case.producer._pass_objections()


#: What sends a mail that tells more than its record holds as it was planted.
SENDERS = {
    "recall_enterprise.mail_template_deadline": Case.producer._warn,
    "recall_management.mail_template_incident": tell_of_incident,
    "recall_management.mail_template_incident_operator": tell_of_incidents,
    "recall_management.mail_template_refusals": tell_of_refusals,
    "recall_service.mail_template_application_approved": approve,
    "recall_service.mail_template_lookup_alarm": tell_of_alarm,
    "recall_service.mail_template_objection": tell_of_decision,
    "recall_service.mail_template_objection_digest": tell_of_objections,
}


def send(deed):
    # What is sent, and nothing else of what the deed does.
    with env.cr.savepoint() as savepoint:
        known = env["mail.mail"].search([])
        deed()
        made = env["mail.mail"].search([]) - known
        texts = [(mail.subject, str(mail.body_html)) for mail in made]
        savepoint.rollback()
    return texts


def render(template):
    record = records.get(template.model, env.company)
    template = template.with_context(digest_push_ids=records["recall.push"].ids)
    texts = (
        template._render_field(name, record.ids)[record.id]
        for name in ("subject", "body_html")
    )
    return [tuple(map(str, texts))]


mails = {}
for template in env["mail.template"].search([]):
    name = template.get_external_id()[template.id]
    if name.startswith("recall_"):
        deed = SENDERS.get(name)
        mails[name] = send(deed) if deed else render(template)
result = {
    "mails": mails,
    "pages": [
        records["recall.objection"]._get_path(),
        records["recall.subscription"]._get_path("confirm"),
        records["recall.data.application"]._get_path("answer"),
        records["recall.subscriber"]._get_path(),
    ],
    "readable": readable,
    "planted": planted,
    "records": {model: record.id for model, record in records.items()},
    "views": [(view.model, view.type, view.id) for view in views],
    "reports": [(report.report_name, report.model) for report in reports],
    "number": records["recall.plan"].recall_number,
}
"""
