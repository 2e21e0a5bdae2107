-- The scenario's table as it is to be: the name in two columns.
--
-- Only the primary key is here. The other indexes come after the copy
-- (users_new_indexes.sql): the copy is faster without them, and while it runs
-- the table may mix moments, so that two rows can hold one email for a while.
CREATE SCHEMA IF NOT EXISTS app_v2;

-- Both tables draw their ids from the old table's sequence, so that a row
-- inserted into one never takes an id that the other has given away. In the
-- same database the sequence is there already. In another one it is made here;
-- setup then has the two count beside each other, and moves this one behind the
-- rows before the application writes to the new table. Before the old table is
-- dropped, the sequence changes hands:
--     ALTER SEQUENCE public.users_id_seq OWNED BY app_v2.users.id;
CREATE SEQUENCE IF NOT EXISTS public.users_id_seq;

CREATE TABLE app_v2.users (
    id         bigint      PRIMARY KEY DEFAULT nextval('public.users_id_seq'),
    email      text        NOT NULL,
    first_name text        NOT NULL,
    last_name  text        NOT NULL,
    bio        text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
