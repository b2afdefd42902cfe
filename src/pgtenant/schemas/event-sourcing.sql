-- event-sourcing: an append-only event store with optimistic concurrency, snapshots, and
-- projections that know how far they have read.
-- Runs once, as the application's own role, in one transaction.

CREATE SCHEMA IF NOT EXISTS es;

CREATE TABLE es.streams (
    stream_id   text        PRIMARY KEY CHECK (stream_id <> '' AND length(stream_id) <= 200),
    stream_type text        NOT NULL CHECK (stream_type <> ''),
    version     bigint      NOT NULL DEFAULT 0 CHECK (version >= 0),
    created_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN es.streams.version IS 'Version of the last event; what a writer expects it to be.';

CREATE TABLE es.events (
    position       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transaction_id xid8        NOT NULL DEFAULT pg_current_xact_id(),
    event_id       uuid        NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    stream_id      text        NOT NULL REFERENCES es.streams (stream_id),
    version        bigint      NOT NULL CHECK (version > 0),
    event_type     text        NOT NULL CHECK (event_type <> ''),
    data           jsonb       NOT NULL,
    metadata       jsonb       NOT NULL DEFAULT '{}',
    recorded_at    timestamptz NOT NULL DEFAULT now(),
    UNIQUE (stream_id, version)
);
CREATE INDEX events_event_type_idx ON es.events (event_type, position);
CREATE INDEX events_transaction_idx ON es.events (transaction_id, position);
COMMENT ON COLUMN es.events.transaction_id IS
    'Readers stop before transactions that are still open: positions are given out before they commit.';

CREATE TABLE es.snapshots (
    stream_id text        NOT NULL REFERENCES es.streams (stream_id),
    version   bigint      NOT NULL CHECK (version > 0),
    state     jsonb       NOT NULL,
    taken_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (stream_id, version)
);

CREATE TABLE es.projections (
    name           text        PRIMARY KEY CHECK (name <> ''),
    transaction_id xid8        NOT NULL DEFAULT '0'::xid8,
    position       bigint      NOT NULL DEFAULT 0 CHECK (position >= 0),
    state          jsonb       NOT NULL DEFAULT '{}',
    updated_at     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE es.projections IS 'How far each read model has come; updated with the read model itself.';

CREATE FUNCTION es.append(
    in_stream_id text, in_stream_type text, in_expected_version bigint, in_events jsonb
) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path = pg_catalog
AS $$
DECLARE
    new_version bigint;
    event jsonb;
BEGIN
    IF in_expected_version = 0 THEN
        INSERT INTO es.streams (stream_id, stream_type) VALUES (in_stream_id, in_stream_type)
            ON CONFLICT (stream_id) DO NOTHING;
    END IF;
    SELECT version INTO new_version FROM es.streams WHERE stream_id = in_stream_id FOR UPDATE;
    IF new_version IS DISTINCT FROM in_expected_version THEN
        RAISE EXCEPTION 'stream % is at version %, not %', in_stream_id, new_version, in_expected_version
            USING ERRCODE = 'serialization_failure';
    END IF;
    FOR event IN SELECT * FROM jsonb_array_elements(in_events) LOOP
        new_version := new_version + 1;
        INSERT INTO es.events (stream_id, version, event_type, data, metadata)
            VALUES (in_stream_id, new_version, event ->> 'type', event -> 'data',
                    coalesce(event -> 'metadata', '{}'));
    END LOOP;
    UPDATE es.streams SET version = new_version WHERE stream_id = in_stream_id;
    RETURN new_version;
END
$$;
COMMENT ON FUNCTION es.append IS
    'Appends [{"type": …, "data": …, "metadata": …}, …] if the stream is at the expected version.';

CREATE FUNCTION es.read_after(in_transaction_id xid8, in_position bigint, in_limit integer)
    RETURNS SETOF es.events
    LANGUAGE sql STABLE
    SET search_path = pg_catalog
BEGIN ATOMIC
    SELECT * FROM es.events e
     WHERE (e.transaction_id, e.position) > (in_transaction_id, in_position)
       AND e.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
     ORDER BY e.transaction_id, e.position
     LIMIT in_limit;
END;
COMMENT ON FUNCTION es.read_after IS
    'The next events in the order in which they became visible: none is ever skipped.';

CREATE FUNCTION es.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog
AS $$
BEGIN
    RAISE EXCEPTION 'events are facts: they are added, never changed'
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE ON es.events
    FOR EACH ROW EXECUTE FUNCTION es.refuse_change();
CREATE TRIGGER events_keep BEFORE TRUNCATE ON es.events
    FOR EACH STATEMENT EXECUTE FUNCTION es.refuse_change();
