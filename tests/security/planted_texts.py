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
from odoo.exceptions import UserError
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
# A dialogue is its account's own.
env = Case.env = env(user=admin.id, su=True)
Case.producer = env["recall.producer"].create({"name": "Planted"})
Case.dealer = Case.make_dealer(Case.producer)
for model, (prepare, _changes) in fixtures.FIXTURES.items():
    records[model] = env[model].create(prepare(Case, Case.producer))
# What the public sees: a recall, and everything about it.
records["recall.plan"].state = "published"
records["recall.open.data"].name = "planted.csv"
# Those that came as visitors send them: their pages show all of it.
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


for model, record in records.items():
    for name, field in record._fields.items():
        is_text = field.type in ("char", "text", "html")
        if is_text and field.store and field.column_type and (
            f"{model}.{name}" not in values["machine"]
        ):
            plant(record, name, field)
env.invalidate_all()
readable = [m for m in records if env[m].with_user(admin).has_access("read")]
views = env["ir.ui.view"].search([
    ("model", "in", readable), ("type", "in", ("list", "form", "kanban")),
    ("mode", "=", "primary"),
])
reports = env["ir.actions.report"].search([("model", "in", list(records))])
partner = env["res.users"].search([("login", "=", "partner")])
records["recall.data.user"].account_ids = partner


class Facts(dict):
    # What a mail tells beside its record: an attack, whatever it is asked for.
    def __missing__(self, name):
        return values["attack"] + name

    def get(self, name, default=None):
        return self[name]


facts = Facts(lang="en_US", rows=[], url=values["link"])
facts["rows"] = [facts]
mails = {}
for template in env["mail.template"].search([("model", "in", list(records))]):
    name = template.get_external_id()[template.id]
    context = dict.fromkeys(("alarm", "digest", "warning"), facts)
    context["digest_push_ids"] = records["recall.push"].ids
    try:
        with env.cr.savepoint():
            rendered = template.with_context(**context)._render_field(
                "body_html", records[template.model].ids
            )
            mails[name] = str(rendered[records[template.model].id])
    except UserError:
        mails[name] = None
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
