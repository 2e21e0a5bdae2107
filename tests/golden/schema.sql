-- The tables of scenario.sql, made before the slot, so that they leave no trace
-- in the recording.

CREATE TABLE numbers (
    id bigint PRIMARY KEY, i2 int2, i4 int4, i8 int8, n numeric, f4 float4, f8 float8, o oid);
CREATE TABLE texts (id int PRIMARY KEY, t text, v varchar(40), c char(4), n name, one "char");
CREATE TABLE kinds (
    id int PRIMARY KEY, flag boolean, bytes bytea, j json, jb jsonb, ints int[], words text[],
    blobs bytea[], day date, at_time time, at timestamp, at_zone timestamptz, span interval,
    cash money, u uuid, address inet, place point, during int4range, bits bit(4));

CREATE TYPE mood AS ENUM ('fine', 'so-so "quoted"');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN count_of AS int CHECK (VALUE >= 0);
CREATE DOMAIN amount AS numeric;
CREATE DOMAIN yes_no AS boolean;
CREATE DOMAIN blob AS bytea;
CREATE TABLE made (
    id int PRIMARY KEY, m mood, p pair, n count_of, a amount, y yes_no, b blob);

CREATE TABLE people (
    id int PRIMARY KEY, first text, last text,
    whole text GENERATED ALWAYS AS (first || ' ' || last) STORED);

-- EXTERNAL: kept out of line, and not compressed, from 2 kB on
CREATE TABLE toast_key (id int PRIMARY KEY, small text, big text);
CREATE TABLE toast_full (id int PRIMARY KEY, small text, big text);
ALTER TABLE toast_key ALTER COLUMN big SET STORAGE EXTERNAL;
ALTER TABLE toast_full ALTER COLUMN big SET STORAGE EXTERNAL;
ALTER TABLE toast_full REPLICA IDENTITY FULL;

CREATE TABLE two_keys (a int, b text, v text, PRIMARY KEY (b, a));
CREATE TABLE by_index (id int PRIMARY KEY, code text NOT NULL UNIQUE, v text);
ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_code_key;
CREATE TABLE no_key (v text);
CREATE TABLE late_key (id int PRIMARY KEY DEFERRABLE, v text);
CREATE TABLE identity_nothing (id int PRIMARY KEY, v text);
ALTER TABLE identity_nothing REPLICA IDENTITY NOTHING;

CREATE TABLE no_columns ();
CREATE TABLE changing (id int PRIMARY KEY, gone text, kept text);
CREATE TABLE whole (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
CREATE TABLE whole_low PARTITION OF whole FOR VALUES FROM (0) TO (100);
CREATE TABLE whole_high PARTITION OF whole FOR VALUES FROM (100) TO (200);
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent);

CREATE SCHEMA "Odd, ""schema"". \é";
CREATE TABLE "Odd, ""schema"". \é"."Täble 'x', ""y"".z\*
second line" ("Id" int PRIMARY KEY, "a ""b"", c.d\e	ü😀
f" text, "value" text, "name" text);

-- 1 and 2, by the order in which they are made in a fresh cluster
SELECT pg_replication_origin_create('golden_kept');
SELECT pg_replication_origin_create('golden_dropped');
