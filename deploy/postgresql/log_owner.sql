-- Give the operation log, and the repair reports that must be kept (clause 7.4), to a
-- role of their own, which nobody logs in as. Odoo's role, the owner of the database,
-- then adds to the log and can neither change it nor switch its triggers off.
--
--     psql -d DATABASE -f log_owner.sql              as a superuser, after an install
--     psql -d DATABASE -f log_owner_release.sql      before an update; then this again
--
-- The schema changes hands too: its owner could drop what is in it. Nothing that Odoo's
-- role makes is run on the way, neither here by the superuser nor later as the owner.
SET search_path = pg_catalog, pg_temp;
DO $$
DECLARE
    app name := (SELECT pg_get_userbyid(datdba) FROM pg_database
                  WHERE datname = current_database());
    item record;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'recall_log') THEN
        CREATE ROLE recall_log NOLOGIN;
    END IF;
    IF pg_has_role(app, 'recall_log', 'MEMBER') THEN
        RAISE EXCEPTION 'Odoo''s role % can act as recall_log: it must be neither a '
              'superuser nor a member of that role', app;
    END IF;
    FOR item IN
        SELECT oid::regclass AS name, relname LIKE 'recall\_audit\_%' AS is_log
          FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
           AND relname IN ('recall_audit_event', 'recall_audit_rows',
                           'recall_audit_seal', 'recall_audit_node',
                           'recall_audit_pending', 'recall_audit_checkpoint',
                           'recall_completion')
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO recall_log', item.name);
        EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, %I', item.name, app);
        EXECUTE format('GRANT SELECT, INSERT %s ON %s TO %I',
            CASE WHEN item.is_log THEN '' ELSE ', UPDATE, DELETE' END,
            item.name, app);
    END LOOP;
    -- What a foreign key does is done as the owner, and so are Odoo's triggers that it
    -- sets off (from PostgreSQL 18 on): it refuses instead. The update restores it.
    FOR item IN
        SELECT conrelid::regclass AS name, conname, pg_get_constraintdef(oid) AS definition
          FROM pg_constraint
         WHERE contype = 'f' AND (confdeltype IN ('c', 'n', 'd')
                                  OR confupdtype IN ('c', 'n', 'd'))
           AND conrelid IN (SELECT oid FROM pg_class
                             WHERE relowner = 'recall_log'::regrole)
    LOOP
        EXECUTE format('ALTER TABLE %1$s DROP CONSTRAINT %2$I, ADD CONSTRAINT %2$I %3$s',
            item.name, item.conname,
            regexp_replace(item.definition,
                ' ON (DELETE|UPDATE) (CASCADE|SET NULL|SET DEFAULT)', '', 'g'));
    END LOOP;
    -- Both are filled by triggers, which act as the owner.
    EXECUTE format('REVOKE INSERT ON public.recall_audit_pending,
        public.recall_audit_rows FROM %I', app);
    EXECUTE format('GRANT USAGE, SELECT ON SEQUENCE public.recall_audit_event_id_seq,
        public.recall_audit_checkpoint_id_seq, public.recall_completion_id_seq TO %I', app);
    -- A backup by Odoo's role reads where all of them stand.
    FOR item IN
        SELECT oid::regclass AS name FROM pg_class
         WHERE relowner = 'recall_log'::regrole AND relkind = 'S'
    LOOP
        EXECUTE format('GRANT SELECT ON SEQUENCE %s TO %I', item.name, app);
    END LOOP;
    -- By name: nobody shall plant another that becomes the owner's.
    FOR item IN
        SELECT oid::regprocedure AS name FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace AND pronargs = 0
           AND (proname IN ('recall_audit_pend', 'recall_audit_settle',
                            'recall_audit_refuse', 'recall_audit_stop',
                            'recall_audit_behind_since', 'recall_completion_keep')
                OR proname ~ ('^recall_(completion|dealer|plan|plan_line|plan_part|'
                              'producer|vehicle)_log_(insert|update|delete)$'))
    LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO recall_log', item.name);
        -- The triggers are made: a table of Odoo's own shall not set them off.
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC, %I', item.name, app);
    END LOOP;
    EXECUTE format('GRANT EXECUTE ON FUNCTION public.recall_audit_behind_since() TO %I',
                   app);
    ALTER SCHEMA public OWNER TO recall_log;
    EXECUTE format('GRANT ALL ON SCHEMA public TO %I', app);
END $$;
