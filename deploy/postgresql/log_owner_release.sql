-- Give the operation log and the repair reports back to Odoo's role for an update of
-- the add-ons: see log_owner.sql, which is to be run again after it.
SET search_path = pg_catalog, pg_temp;
DO $$
DECLARE
    app name := (SELECT pg_get_userbyid(datdba) FROM pg_database
                  WHERE datname = current_database());
    item record;
BEGIN
    FOR item IN
        SELECT format('TABLE %s', oid::regclass) AS name FROM pg_class
         WHERE relowner = to_regrole('recall_log') AND relkind = 'r'
        UNION ALL
        SELECT format('FUNCTION %s', oid::regprocedure) FROM pg_proc
         WHERE proowner = to_regrole('recall_log')
    LOOP
        EXECUTE format('ALTER %s OWNER TO %I', item.name, app);
    END LOOP;
    EXECUTE format('GRANT ALL ON ALL TABLES IN SCHEMA public TO %I', app);
    ALTER SCHEMA public OWNER TO pg_database_owner;
END $$;
