-- The state of migrations, in each database that pgtandem writes to.
--
-- What concerns a migration as a whole (its phase, the ledger of the copy, the
-- statements after it) is in the new database; what concerns a link is in the
-- database that the link writes to, so that it can commit together with the
-- rows. With both sides in one database there is one schema and all of it.
--
-- Every statement may be repeated. Everything here may be read by anyone who
-- wants to know; nothing here may be written by anyone but pgtandem.

-- IF NOT EXISTS would ask for CREATE on the database even where there is nothing to do.
DO $$
BEGIN
    IF to_regnamespace('pgtandem') IS NULL THEN
        CREATE SCHEMA pgtandem;
    END IF;
END
$$;

-- One row a migration. format is raised when this file changes incompatibly.
CREATE TABLE IF NOT EXISTS pgtandem.migration (
    name           text PRIMARY KEY,
    format         int NOT NULL DEFAULT 1,
    phase          text NOT NULL DEFAULT 'setup'
                   CHECK (phase IN ('setup', 'backfill', 'catchup', 'live', 'cutover', 'finished')),
    phase_since    timestamptz NOT NULL DEFAULT clock_timestamp(),
    backfill       text NOT NULL DEFAULT 'pending'
                   CHECK (backfill IN ('pending', 'running', 'copied', 'done', 'skipped')),
    rows_estimated bigint NOT NULL DEFAULT 0,
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    slot_xid       text,
    phase_history  jsonb NOT NULL DEFAULT '[]'
);
-- The first transaction id of the old database that was not in use when the forward
-- slot was there: what was committed before the slot begins has a smaller one.
ALTER TABLE pgtandem.migration ADD COLUMN IF NOT EXISTS slot_xid text;
-- The phases that were entered, in order, each with its beginning:
-- [{"phase": "setup", "since": "..."}, ...]. Empty until the second one.
ALTER TABLE pgtandem.migration
    ADD COLUMN IF NOT EXISTS phase_history jsonb NOT NULL DEFAULT '[]';

-- How the copy cut up each table: chunk n holds the keys above `low` (NULL:
-- from the first) up to and including `high` (NULL: to the last). The bounds
-- are written when a chunk is planned, the counts in the commit that holds its
-- rows: rows_read = rows_written + rows_parked.
CREATE TABLE IF NOT EXISTS pgtandem.chunk (
    migration    text NOT NULL REFERENCES pgtandem.migration ON DELETE CASCADE,
    table_number int NOT NULL,
    chunk        int NOT NULL,
    low          text[],
    high         text[],
    rows_read    bigint,
    rows_written bigint,
    rows_parked  bigint,
    snapshot     text,
    done_at      timestamptz,
    PRIMARY KEY (migration, table_number, chunk)
);

-- What the ledger of each table is of: a copy goes on only over the tables, and with
-- the mapping, that it was begun with. last_key is the greatest key there was (NULL:
-- none); what has come after it is in the stream.
CREATE TABLE IF NOT EXISTS pgtandem.copied_table (
    migration    text NOT NULL REFERENCES pgtandem.migration ON DELETE CASCADE,
    table_number int NOT NULL,
    old_table    text NOT NULL,
    new_table    text NOT NULL,
    mapping      text NOT NULL,
    last_key     text[],
    begun_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (migration, table_number)
);

-- What people want of a copy that is running, or that is to run: to pause, and other
-- limits than the configuration's (NULL: the configuration's; 0: none).
CREATE TABLE IF NOT EXISTS pgtandem.control (
    migration           text PRIMARY KEY REFERENCES pgtandem.migration ON DELETE CASCADE,
    paused_at           timestamptz,
    max_rows_per_second bigint,
    replica_lag         double precision,
    active_sessions     bigint,
    slot_wal            bigint,
    query_max           double precision,
    changed_at          timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What a running copy says of itself, once a second. `trouble` is what it tries again
-- after (a disk that is full); `since` is when it began to wait, to try again, or to copy.
CREATE TABLE IF NOT EXISTS pgtandem.copy (
    migration       text PRIMARY KEY REFERENCES pgtandem.migration ON DELETE CASCADE,
    rows_running    bigint NOT NULL,
    rows_per_second double precision NOT NULL,
    seconds_left    double precision,
    waiting_for     text,
    changed_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    trouble         text,
    since           timestamptz
) WITH (fillfactor = 50);
ALTER TABLE pgtandem.copy
    ADD COLUMN IF NOT EXISTS trouble text,
    ADD COLUMN IF NOT EXISTS since timestamptz;

-- The statements to run after the copy, all of them before the first is started.
-- started_at without done_at is one that runs or was interrupted: it runs as long as
-- some session holds its advisory lock (src/after/statement_record.h). `object` is what
-- the statement's text does not tell: the name of an index that has none there, and of
-- a constraint that was added NOT VALID and waits to be validated. File '' holds
-- pgtandem's own: ANALYZE of the new tables, as they are numbered in the configuration.
CREATE TABLE IF NOT EXISTS pgtandem.after_copy (
    migration  text NOT NULL REFERENCES pgtandem.migration ON DELETE CASCADE,
    file       text NOT NULL,
    number     int NOT NULL,
    statement  text NOT NULL,
    started_at timestamptz DEFAULT clock_timestamp(),
    done_at    timestamptz,
    object     text,
    PRIMARY KEY (migration, file, number)
);
-- where the table was made when statements were recorded one by one
ALTER TABLE pgtandem.after_copy
    ADD COLUMN IF NOT EXISTS object text,
    ALTER COLUMN started_at DROP NOT NULL;

-- What a link has applied, written in the same transactions as the rows. The
-- position a link restarts from is its origin's progress; this is for people,
-- and the counts are exact.
CREATE TABLE IF NOT EXISTS pgtandem.progress (
    migration            text NOT NULL,
    link                 text NOT NULL CHECK (link IN ('forward', 'reverse')),
    applied_lsn          pg_lsn,
    applied_commit_time  timestamptz,
    applied_transactions bigint NOT NULL DEFAULT 0,
    applied_changes      bigint NOT NULL DEFAULT 0,
    conflicts            bigint NOT NULL DEFAULT 0,
    parked               bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (migration, link)
) WITH (fillfactor = 50);

-- What a link says of itself: each second when there is news, else every ten seconds, so
-- that changed_at is the last sign of life of its process. Times of the link: since when
-- its state is what it is, when it had last applied all there was. Times of its process:
-- when that began, and when it ended and what for (NULL: it was asked to, or was done).
-- One that began, has not ended and holds no lock was killed. No text here holds values of
-- rows; last_error_values does: what the error, or what the process ended for, is about.
CREATE TABLE IF NOT EXISTS pgtandem.link (
    migration   text NOT NULL,
    link        text NOT NULL CHECK (link IN ('forward', 'reverse')),
    state       text NOT NULL,
    lag_seconds double precision NOT NULL DEFAULT 0,
    caught_up_at timestamptz,
    last_error  text,
    changed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    state_since        timestamptz,
    changes_per_second double precision,
    process_began_at   timestamptz,
    process_ended_at   timestamptz,
    process_ended_for  text,
    last_error_values  jsonb,
    PRIMARY KEY (migration, link)
) WITH (fillfactor = 50);
ALTER TABLE pgtandem.link
    ADD COLUMN IF NOT EXISTS state_since timestamptz,
    ADD COLUMN IF NOT EXISTS changes_per_second double precision,
    ADD COLUMN IF NOT EXISTS process_began_at timestamptz,
    ADD COLUMN IF NOT EXISTS process_ended_at timestamptz,
    ADD COLUMN IF NOT EXISTS process_ended_for text,
    ADD COLUMN IF NOT EXISTS last_error_values jsonb;
-- For whom or what it waits, once that has taken a second.
ALTER TABLE pgtandem.link ADD COLUMN IF NOT EXISTS waiting_for text;

-- Rows that could not be written, with the reason. They are tried again from
-- time to time, from what the source holds then; settled_at is when both sides
-- were seen to agree again. row_image is the row as it should have been written
-- on this side, and diagnostics what the server or a transform said ("" for nothing):
-- these two and the key hold values of the row, `reason` does not.
CREATE TABLE IF NOT EXISTS pgtandem.parked (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    migration   text NOT NULL,
    link        text NOT NULL CHECK (link IN ('forward', 'reverse', 'copy')),
    table_name  text NOT NULL,
    key         jsonb NOT NULL,
    operation   text NOT NULL CHECK (operation IN ('insert', 'update', 'delete', 'copy', 'mend')),
    sqlstate    text NOT NULL,
    reason      text NOT NULL,
    constraint_name text,
    diagnostics jsonb,
    row_image   jsonb,
    source_lsn  pg_lsn,
    commit_time timestamptz,
    parked_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    tries       int NOT NULL DEFAULT 0,
    retry_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_at  timestamptz
);
-- where the table was made before rows were tried again
ALTER TABLE pgtandem.parked
    ADD COLUMN IF NOT EXISTS tries int NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS retry_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD COLUMN IF NOT EXISTS settled_at timestamptz,
    ADD COLUMN IF NOT EXISTS constraint_name text,
    ADD COLUMN IF NOT EXISTS diagnostics jsonb,
    DROP CONSTRAINT IF EXISTS parked_operation_check,
    ADD CONSTRAINT parked_operation_check
        CHECK (operation IN ('insert', 'update', 'delete', 'copy', 'mend'));
-- where an earlier version has put what the server said into the reason
UPDATE pgtandem.parked SET diagnostics = to_jsonb(reason), reason = 'the row was refused'
 WHERE diagnostics IS NULL;
CREATE INDEX IF NOT EXISTS parked_migration ON pgtandem.parked (migration, link, id);
CREATE INDEX IF NOT EXISTS parked_open ON pgtandem.parked (migration, table_name, key)
    WHERE settled_at IS NULL;

-- Keys to be compared on both sides as soon as both links have passed all that
-- either side had written when they were put up here, in the transaction that
-- was the reason. table_name is the table that the link writes to; `keys` holds
-- key after key, each with as many values as the key has columns.
CREATE TABLE IF NOT EXISTS pgtandem.recheck (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    migration  text NOT NULL,
    link       text NOT NULL CHECK (link IN ('forward', 'reverse')),
    table_name text NOT NULL,
    keys       text[] NOT NULL,
    put_up_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Changes that were not applied because of what the other side's application had
-- done to the same row. `incoming` is the row as the link would have written it
-- (NULL: it was to be deleted), `existing` the row that was there (NULL: none),
-- each with the time of its commit as far as that is known. settled_at is when
-- both sides were seen to agree again.
CREATE TABLE IF NOT EXISTS pgtandem.conflict (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    migration   text NOT NULL,
    link        text NOT NULL CHECK (link IN ('forward', 'reverse')),
    table_name  text NOT NULL,
    key         jsonb NOT NULL,
    kind        text NOT NULL
                CHECK (kind IN ('insert_exists', 'update_exists', 'update_origin_differs',
                                'update_missing', 'delete_origin_differs', 'delete_missing')),
    decision    text NOT NULL CHECK (decision IN ('kept', 'skipped', 'applied')),
    incoming    jsonb,
    incoming_at timestamptz,
    existing    jsonb,
    existing_at timestamptz,
    source_lsn  pg_lsn,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_at  timestamptz
);
CREATE INDEX IF NOT EXISTS conflict_migration ON pgtandem.conflict (migration, id);
CREATE INDEX IF NOT EXISTS conflict_open ON pgtandem.conflict (migration, table_name, key)
    WHERE settled_at IS NULL;

-- The transactions a link has written lately, for the policy version_column:
-- without commit timestamps this is how a link knows a row that it wrote itself.
CREATE TABLE IF NOT EXISTS pgtandem.own_write (
    xid        bigint,
    migration  text NOT NULL,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX IF NOT EXISTS own_write_xid ON pgtandem.own_write (xid);
CREATE INDEX IF NOT EXISTS own_write_age ON pgtandem.own_write (written_at);

-- Default privileges may let others create objects in the schema, put triggers on its
-- tables, or refer to them. Each would have code run by the role that writes here.
DO $$
DECLARE
    right_of record;
BEGIN
    FOR right_of IN
        SELECT DISTINCT o.what, o.words,
               CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS name
          FROM (SELECT 'CREATE' AS words, 'SCHEMA pgtandem' AS what, nspacl AS acl, nspowner AS owner
                  FROM pg_namespace WHERE nspname = 'pgtandem'
                UNION ALL
                SELECT 'TRIGGER, REFERENCES', oid::regclass::text, relacl, relowner
                  FROM pg_class
                 WHERE relnamespace = to_regnamespace('pgtandem') AND relkind = 'r') AS o,
               aclexplode(o.acl) AS a
         WHERE a.grantee <> o.owner AND pg_has_role(o.owner, 'USAGE')
           AND a.privilege_type IN ('CREATE', 'TRIGGER', 'REFERENCES')
    LOOP
        EXECUTE format('REVOKE %s ON %s FROM %s', right_of.words, right_of.what, right_of.name);
    END LOOP;
END
$$;
