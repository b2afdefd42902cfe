-- basic-app: what most applications begin with: users, settings, and who changed what.
-- Runs once, as the application's own role, in one transaction.

CREATE SCHEMA IF NOT EXISTS app;

CREATE TABLE app.users (
    id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email         text        NOT NULL CHECK (email LIKE '%_@_%' AND length(email) <= 320),
    display_name  text        NOT NULL DEFAULT '' CHECK (length(display_name) <= 200),
    password_hash text,
    is_active     boolean     NOT NULL DEFAULT true,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_email_key ON app.users (lower(email));
COMMENT ON TABLE app.users IS 'People who can sign in. An e-mail address is unique whatever its case.';

CREATE TABLE app.settings (
    key         text        PRIMARY KEY CHECK (key ~ '^[a-z][a-z0-9_.-]{0,99}$'),
    value       jsonb       NOT NULL,
    description text        NOT NULL DEFAULT '',
    updated_at  timestamptz NOT NULL DEFAULT now(),
    updated_by  bigint      REFERENCES app.users (id) ON DELETE SET NULL
);
CREATE INDEX settings_updated_by_idx ON app.settings (updated_by);
COMMENT ON TABLE app.settings IS 'Configuration that changes without a deployment.';

CREATE TABLE app.audit_log (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    actor_id    bigint      REFERENCES app.users (id) ON DELETE SET NULL,
    action      text        NOT NULL CHECK (action <> ''),
    entity_type text        NOT NULL CHECK (entity_type <> ''),
    entity_id   text        NOT NULL,
    before      jsonb,
    after       jsonb
);
CREATE INDEX audit_log_entity_idx ON app.audit_log (entity_type, entity_id, occurred_at);
CREATE INDEX audit_log_actor_idx ON app.audit_log (actor_id, occurred_at);
CREATE INDEX audit_log_occurred_at_idx ON app.audit_log USING brin (occurred_at);
COMMENT ON TABLE app.audit_log IS 'Who changed what, and when. Rows are added, never changed.';

CREATE FUNCTION app.touch_updated_at() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog
AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

CREATE TRIGGER users_touch_updated_at BEFORE UPDATE ON app.users
    FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();
CREATE TRIGGER settings_touch_updated_at BEFORE UPDATE ON app.settings
    FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

CREATE FUNCTION app.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog
AS $$
BEGIN
    RAISE EXCEPTION '% keeps its rows as they were written', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

-- An actor's deletion sets actor_id to NULL, which is the one update that is allowed.
CREATE TRIGGER audit_log_append_only BEFORE UPDATE ON app.audit_log
    FOR EACH ROW WHEN (NEW.actor_id IS NOT NULL OR (OLD.*) IS NOT DISTINCT FROM (NEW.*)
                       OR (OLD.id, OLD.occurred_at, OLD.action, OLD.entity_type, OLD.entity_id)
                          IS DISTINCT FROM
                          (NEW.id, NEW.occurred_at, NEW.action, NEW.entity_type, NEW.entity_id)
                       OR OLD.before IS DISTINCT FROM NEW.before
                       OR OLD.after IS DISTINCT FROM NEW.after)
    EXECUTE FUNCTION app.refuse_change();
CREATE TRIGGER audit_log_keep BEFORE DELETE ON app.audit_log
    FOR EACH ROW EXECUTE FUNCTION app.refuse_change();
