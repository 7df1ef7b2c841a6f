# SPDX-License-Identifier: LGPL-3.0-only
"""The operation log in the hands of a role of its own."""

import os

import psycopg2
import pytest
from stack import stack
from stack.cluster import Cluster
from stack.database import Database
from stack.settings import LOG_OWNER

NAME = "recall_system_log_owner"
#: What Odoo's role must not do, whatever somebody makes it run.
FORBIDDEN = (
    *("UPDATE recall_audit_event SET action = 'x'", "DELETE FROM recall_audit_event"),
    *("TRUNCATE recall_audit_seal", "DELETE FROM recall_audit_seal"),
    *("UPDATE recall_audit_node SET hash = ''", "DROP TABLE recall_audit_node"),
    *("DROP TABLE recall_audit_event CASCADE", "DROP SCHEMA public CASCADE"),
    "ALTER TABLE recall_audit_event DISABLE TRIGGER ALL",
    "ALTER TABLE recall_audit_event DISABLE TRIGGER recall_audit_refuse",
    "DROP TRIGGER recall_audit_refuse ON recall_audit_checkpoint",
    "DELETE FROM recall_audit_pending",
    "INSERT INTO recall_audit_pending (kind, entry_id) VALUES ('e', 1)",
    "INSERT INTO recall_audit_rows (res_table, columns, low, high, ids, hashes)"
    " VALUES ('recall_vehicle', '', 1, 1, '{1}', '{NULL}')",
    "ALTER TABLE recall_completion DISABLE TRIGGER ALL",
    "TRUNCATE recall_completion CASCADE",
    "CREATE OR REPLACE FUNCTION recall_completion_keep() RETURNS trigger"
    " LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
    "CREATE OR REPLACE FUNCTION recall_audit_refuse() RETURNS trigger"
    " LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    *("SET ROLE recall_log", "ALTER SCHEMA public OWNER TO CURRENT_USER"),
    *("SET session_replication_role = replica", "ALTER ROLE recall SUPERUSER"),
)
WORK = """\
name = f"Producer {env['recall.producer'].search_count([])}"
producer = env["recall.producer"].create({"name": name})
event = env["recall.audit.event"]._record("test.deed", producer)
env["recall.audit.seal"]._cron_seal()
result = {
    "sealed": event.sequence > 0,
    "waiting": env["recall.audit.seal"]._seal_pending(),
    "fault": env["recall.audit.checkpoint"]._verify(),
}
env.cr.commit()
"""


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A database whose log was given to its role, with a row to attack."""
    cluster = Cluster()
    cluster.start()
    keys = tmp_path_factory.mktemp("keys") / "keys.json"
    stack.make_key_file(keys)
    database = Database(cluster, NAME, environment={"RECALL_KEY_FILE": str(keys)})
    template = os.environ.get("RECALL_CAMPAIGN_TEMPLATE")
    if template:
        database.copy_from(template)
    else:
        database.make(["recall_base"])
    database.shell(WORK)
    cluster.run_file(NAME, LOG_OWNER / "log_owner.sql")
    yield database
    database.drop()


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_application_alters_the_log(database, statement):
    """X-TAMPER E-KEEP: Odoo's own role cannot, by any statement."""
    connection = database.cluster.connect(NAME)
    try:
        with (
            connection.cursor() as cursor,
            pytest.raises(psycopg2.errors.InsufficientPrivilege),
        ):
            cursor.execute(statement)
    finally:
        connection.close()


def test_guarded_log_takes_nothing(database):
    """X-TAMPER: Odoo works as before, and the sealer keeps up."""
    assert database.shell(WORK) == {"sealed": True, "waiting": 0, "fault": None}


def test_guarded_log_cannot_be_backed_up(database, tmp_path):
    """M-KEEP X-TAMPER: Odoo's own role dumps all of it, as `make backup` does."""
    dump = tmp_path / "dump.sql"
    database.cluster.client("pg_dump", f"--file={dump}", NAME)
    text = dump.read_text()
    for table in ("event", "rows", "seal", "node", "pending", "checkpoint"):
        assert f"COPY public.recall_audit_{table} (" in text


def test_update_of_a_guarded_log_is_impossible(database):
    """X-TAMPER: given back, the add-ons can be updated; then it is taken again."""
    database.cluster.run_file(NAME, LOG_OWNER / "log_owner_release.sql")
    assert database.shell(WORK)["fault"] is None
    database.cluster.run_file(NAME, LOG_OWNER / "log_owner.sql")
    test_application_alters_the_log(database, FORBIDDEN[0])
    test_guarded_log_takes_nothing(database)
