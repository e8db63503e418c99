-- Each tenant sees its own rows, and the role that works owns nothing, so that no statement of it can lift that.
DO $$
DECLARE
    name text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pulsedb_app') THEN
        CREATE ROLE pulsedb_app NOLOGIN NOBYPASSRLS;
    END IF;
    IF NOT pg_has_role(current_user, 'pulsedb_app', 'MEMBER') THEN
        EXECUTE format('GRANT pulsedb_app TO %I', current_user);
    END IF;
    GRANT USAGE ON SCHEMA pulsedb TO pulsedb_app;
    FOREACH name IN ARRAY ARRAY['tenant', 'collective', 'totals', 'experience', 'entry', 'posting', 'relation', 'insight', 'activity', 'log']
    LOOP
        EXECUTE format('ALTER TABLE pulsedb.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE pulsedb.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY own ON pulsedb.%I USING (tenant_id = current_setting(''pulsedb.tenant'', true)) '
            'WITH CHECK (tenant_id = current_setting(''pulsedb.tenant'', true))', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON pulsedb.%I TO pulsedb_app', name);
    END LOOP;
    GRANT SELECT ON pulsedb.schema_version TO pulsedb_app;
END
$$;
