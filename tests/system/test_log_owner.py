# SPDX-License-Identifier: LGPL-3.0-only
"""The operation log in the hands of a role of its own."""

import contextlib
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
    # What acts as the owner is for the log's own tables.
    "CREATE TABLE own (id int); CREATE TRIGGER own AFTER INSERT ON own"
    " REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT"
    " EXECUTE FUNCTION recall_audit_pend('e')",
    "CREATE TABLE own (id int REFERENCES recall_completion)",
    *("SET ROLE recall_log", "ALTER SCHEMA public OWNER TO CURRENT_USER"),
    *("SET session_replication_role = replica", "ALTER ROLE recall SUPERUSER"),
)
#: Says that it runs as the owner, where it does.
SPY = """ LANGUAGE plpgsql AS $$ BEGIN
    IF current_user = 'recall_log' THEN
        RAISE EXCEPTION 'acted as recall_log' USING ERRCODE = 'raise_exception';
    END IF;
    RETURN {result}; END $$;"""
#: Ways of having a function of Odoo's role run by what acts as the owner.
SPIED = {
    "a function that fits better": """
        CREATE FUNCTION public.concat_ws(text, text, text) RETURNS text"""
    + SPY.format(result="'x'")
    + "UPDATE recall_producer SET name = name || 'x'",
    "a function for text": """
        CREATE FUNCTION public.convert_to(text, text) RETURNS bytea"""
    + SPY.format(result="''::bytea")
    + "UPDATE recall_producer SET name = name || 'x'",
    "an operator that fits better": """
        CREATE FUNCTION public.equal(varchar, varchar) RETURNS boolean"""
    + SPY.format(result="FALSE")
    + """CREATE OPERATOR public.= (
            FUNCTION = public.equal, LEFTARG = varchar, RIGHTARG = varchar);
        UPDATE recall_producer SET name = name || 'x'""",
    "a cast of a column": """
        CREATE TYPE public.odd AS (text text);
        CREATE FUNCTION public.odd_text(public.odd) RETURNS text"""
    + SPY.format(result="'x'")
    + """CREATE CAST (public.odd AS text) WITH FUNCTION public.odd_text(public.odd);
        ALTER TABLE recall_producer
            ALTER hotline TYPE public.odd USING ROW(hotline)::public.odd;
        UPDATE recall_producer SET name = name || 'x'""",
}
OPEN_WAYS = (
    # Foreign keys that change rows as the owner, and set off triggers of Odoo's role.
    """SELECT conname FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
        WHERE contype = 'f' AND NOT pg_has_role(relowner, 'USAGE')
          AND (confdeltype NOT IN ('a', 'r') OR confupdtype NOT IN ('a', 'r'))""",
    # Functions that act as their owner: they were not given away (log_owner.sql names
    # them), or look for names where others make them.
    """SELECT proname FROM pg_proc
        WHERE prosecdef AND pg_has_role(proowner, 'USAGE')""",
    """SELECT proname FROM pg_proc WHERE prosecdef
          AND NOT 'search_path=pg_catalog, pg_temp' = ANY(coalesce(proconfig, '{}'))""",
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


@pytest.mark.parametrize("way", SPIED)
def test_application_acts_as_the_log_s_owner(database, way):
    """X-TAMPER E-KEEP: nothing of Odoo's role runs as the owner, by any detour."""
    connection = database.cluster.connect(NAME)
    connection.autocommit = False
    try:
        with (
            connection.cursor() as cursor,
            contextlib.suppress(psycopg2.errors.InsufficientPrivilege),
        ):
            cursor.execute(SPIED[way])
    finally:
        connection.close()


@pytest.mark.parametrize("query", OPEN_WAYS)
def test_way_to_act_as_the_log_s_owner_is_open(database, query):
    """X-TAMPER E-KEEP: ways that no statement of today uses."""
    connection = database.cluster.connect(NAME)
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            assert cursor.fetchall() == []
    finally:
        connection.close()


def test_planted_function_is_given_to_the_log_s_owner(database):
    """X-TAMPER: what Odoo's role made meanwhile stays its own."""
    planted = (
        "recall_own_log_insert()",
        "recall_audit_pend(int)",
        "recall_audit_own()",
    )
    connection = database.cluster.connect(NAME)
    try:
        with connection.cursor() as cursor:
            for name in planted:
                cursor.execute(
                    f"CREATE FUNCTION {name} RETURNS int SECURITY DEFINER"
                    " LANGUAGE sql AS 'SELECT 1'"
                )
            database.cluster.run_file(NAME, LOG_OWNER / "log_owner.sql")
            for name in planted:
                cursor.execute(f"DROP FUNCTION {name}")  # its owner may
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
