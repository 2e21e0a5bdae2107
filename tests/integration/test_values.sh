#!/bin/bash
# Values of every common type: through the copy and through both links, as inserts
# and as updates, in databases whose settings would change how values are written.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pairs.sh"

cluster_start main
create_database main values_old
create_database main values_new

make_table() {
    run_sql main "$1" <<SQL
CREATE SCHEMA types;
CREATE TYPE types.mood AS ENUM ('sad', 'o''k', 'very "happy"', 'a,b\c', '');
CREATE DOMAIN types.amount AS numeric CHECK (VALUE IS NULL OR VALUE <> 13);
CREATE DOMAIN types.blob AS bytea;
CREATE DOMAIN types.real AS float8;
CREATE DOMAIN types.word AS varchar(8);
CREATE TYPE types.point3 AS (x int, label text, at timestamptz);
CREATE SCHEMA "$2";
CREATE TABLE "$2".wide (
    id bigint PRIMARY KEY,
    i2 smallint, i4 integer, i8 bigint, o oid,
    n numeric, n38 numeric(38, 10), n52 numeric(5, 2), f4 real, f8 double precision,
    b boolean, t text, vc varchar(40), c char(6), nm name, ch "char",
    bytes bytea, d date, tm time, tmtz timetz, ts timestamp, tstz timestamptz, ts0 timestamptz(0),
    iv interval, ivd interval day to second(2), u uuid, j json, jb jsonb, x xml,
    ip inet, net cidr, mac macaddr, mac8 macaddr8,
    ai integer[], at text[], an numeric[], af float8[], ab bytea[], ats timestamptz[], am types.mood[],
    r4 int4range, rn numrange, rt tstzrange, rd daterange, mr int4multirange, mrt tstzmultirange,
    e types.mood, dm types.amount, db types.blob, dr types.real, dw types.word, co types.point3,
    aco types.point3[], mo money, tv tsvector, tq tsquery, bt bit(5), vb varbit, pt point, bx box,
    pl polygon, ci circle, jp jsonpath, lsn pg_lsn, sx xid8
);
SQL
}

make_table values_old o
make_table values_new n

# Rows 1 to 5, whose ids go up by OFFSET: plain ones, extremes, NULLs.
insert_rows() {
    run_sql main "$1" <<SQL
SET search_path = types, public;
INSERT INTO "$2".wide VALUES
($3 + 1, 1, 2, 3, 4, 1.50, 1234567890123456789012345678.0123456789, 999.99, 1.5, 2.25, true,
 'plain', 'plain', 'ab', 'name', 'x', '\xdeadbeef', '2024-02-29', '12:34:56.789012',
 '12:34:56.789+05:45', '2024-02-29 12:34:56.789012', '2024-02-29 12:34:56.789012+02',
 '2024-02-29 12:34:56+02', '1 year 2 mons 3 days 04:05:06.789', '3 days 04:05:06.78',
 '00112233-4455-6677-8899-aabbccddeeff', '{"b": 1,  "a": [1, null, "x"], "b": 2}',
 '{"b": 1, "a": [1.50, null, "x"]}', '<a b="c">d &amp; e</a>', '192.168.0.1/24', '10.0.0.0/8',
 '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', '{1,2,3}', '{a,b}', '{1.50,2}', '{1,2.5}',
 ARRAY['\x00'::bytea, '\xff'], '{2024-01-01 00:00:00+00}', '{sad}', '[1,10)', '[1.5,2.5]',
 '[2024-01-01 00:00:00+00,2024-02-01 00:00:00+00)', '[2024-01-01,2024-02-01)', '{[1,3),[5,7)}',
 '{[2024-01-01 00:00:00+00,2024-02-01 00:00:00+00)}', 'sad', 12.50, '\x0102', 0.1, 'word',
 (1, 'one', '2024-01-01 00:00:00+00'), ARRAY[(1, 'one', NULL)::types.point3], '12.34',
 'a:1 fat:2A', 'a & b', '10101', '101', '(1,2)', '(2,2),(1,1)', '((0,0),(1,1),(1,0))',
 '<(1,2),3>', '\$.a[*]', '16/B374D848', '123'),
($3 + 2, -32768, -2147483648, -9223372036854775808, 4294967295, 'NaN',
 -9999999999999999999999999999.9999999999, -0.01, 'NaN', 'NaN', false,
 E'\x01\x02\x08\t\n\x0b\f\r\x1b\x7f \\\\ \\\\N \\\\. " '' \$1 \u2028\u2029 \U0001F600 é e\u0301 \uFEFF',
 '', '', '', '', '', 'infinity', '24:00:00', '23:59:60-15:59', '-infinity', 'infinity', '-infinity',
 '-1 years -2 mons +3 days -04:05:06.789', '-0.5 seconds', 'ffffffff-ffff-ffff-ffff-ffffffffffff',
 ' [ ] ', 'null', '', '::1', '::/0', 'ff:ff:ff:ff:ff:ff', 'ff:ff:ff:ff:ff:ff:ff:ff',
 '{{1,NULL},{NULL,4}}', ARRAY['', NULL, 'NULL', 'a"b\\\\c', ' ', '{}', ','], '{NaN,Infinity,NULL}',
 '{NaN,Infinity,-Infinity,-0}', ARRAY[''::bytea, NULL, '\x5c'], '{infinity,NULL}',
 ARRAY['very "happy"', 'a,b\\c', '', NULL]::types.mood[], 'empty', '(,)', '(,)', '[-infinity,infinity]',
 '{}', '{(,)}', '', 'NaN', '', 'NaN', '', ROW(NULL, '', 'infinity'), ARRAY[NULL, ROW(NULL, NULL, NULL)::types.point3],
 '-92233720368547758.08', '', '', '00000', '', '(NaN,Infinity)', '(-0,0),(-1e300,1e-300)',
 '((0,0))', '<(0,0),0>', '\$', '0/0', '0'),
($3 + 3, 32767, 2147483647, 9223372036854775807, 0, 'Infinity', 0.0000000001, 999.99, 'Infinity',
 '-Infinity', NULL, repeat('long é😀 ', 40000), repeat('é', 40), 'éé', repeat('n', 63), E'\\\\',
 decode(repeat('00ff5c2722', 3000), 'hex'), '4713-01-01 BC', '00:00:00', '00:00:00+15:59',
 '0044-03-15 10:00:00 BC', '0001-01-01 00:00:00+00 BC', '2024-01-01', '-178000000 years',
 '-1 days +23:59:59.99', '00000000-0000-0000-0000-000000000000',
 ('"' || repeat('j', 100000) || '"')::json, ('["' || repeat('j', 100000) || '"]')::jsonb, '<?xml version="1.0"?><r/>',
 'fe80::1/10', '1.2.3.4/32', '00:00:00:00:00:00', '00:00:00:00:00:00:00:00', '{}', '{}', '{}',
 '{1e-300,1e300,0.1,0.30000000000000004}', '{}', '{"0044-03-15 10:00:00+00 BC"}', '{}', '(,5)',
 '[1e-30,1e30]', 'empty', '(,2024-01-01)', '{(,1),[3,)}', '{}', 'very "happy"',
 12345678901234567890123456789012345678, '\x00ff', '-0', 'ééééééé', ROW(3, E'q"u\\\\o,t(e)', NULL), '{}',
 '92233720368547758.07', E'''q'' \\\\\\\\:3C', '!(a | b)', '11111', repeat('10', 500)::varbit,
 '(1e300,-1e-300)', '(1,1),(1,1)', '((0,0),(1e10,1))', '<(1,1),1e5>', '\$."a b" ? (@ > 1)',
 'FFFFFFFF/FFFFFFFF', '18446744073709551615'),
($3 + 4, 0, 0, 0, 1, '-Infinity', 0, 0, '-0', '-0', true, '', ' trailing ', ' a', 'N', 'é',
 '\x5c303030', '2000-01-01', '00:00:00.000001', '00:00:00.000001+00', '294276-12-31 23:59:59.999999',
 '2024-03-31 01:30:00+01', '2024-10-27 02:30:00+02', '00:00:00', '0', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
 '{"\u00e9\\\\n": "\\\\u0041\\\\u2028"}', '{"é": "\\\\u2028\\\\n", "n": 1e400, "big": 12345678901234567890.1234567890}',
 '<!-- c --><a/>text', '0.0.0.0/0', '::1/128', '08:00:2b:01:02:03', '08:00:2b:ff:fe:01:02:03',
 '[0:2]={1,2,3}', '[2:3]={a,b}', '{0.00,-0.0,1e-20}', '{}', '{}', '{}', '{sad,sad}', '[5,5]',
 '[NaN,NaN]', '[2024-01-01 00:00:00+00,infinity]', 'empty', '{[-2147483648,2147483647)}', '{(,),empty}',
 'a,b\\c', '-0.00', '\x', 1e-300, '12345678', NULL, ARRAY[(4, 'four', '2024-01-01')::types.point3, NULL],
 '0', 'dup:1,2,3', 'a <-> b', '01010', '0', '(0,0)', '(0,0),(0,0)', '((1,2),(3,4))', '<(0,0),1e-5>',
 'strict \$.x', '1/0', '1');
INSERT INTO "$2".wide (id) VALUES ($3 + 5);
UPDATE "$2".wide SET f4 = '1.17549435e-38', f8 = '1e-300', n = 1e-1000, n38 = NULL WHERE id = $3 + 1 AND $3 % 200 = 100;
SQL
}

# What would change the text of values, or how they are read.
odd_settings() {
    local setting
    for setting in "datestyle = 'German, DMY'" "timezone = 'Asia/Kathmandu'" \
        "intervalstyle = 'sql_standard'" "bytea_output = 'escape'" "extra_float_digits = -5" \
        "lc_monetary = 'C.utf8'" "xmloption = 'document'" "array_nulls = off" \
        "standard_conforming_strings = off" "client_encoding = 'LATIN1'" "escape_string_warning = off" \
        "search_path = 'nowhere'" "default_transaction_isolation = 'serializable'" \
        "default_transaction_read_only = on" "statement_timeout = '25ms'" "xmlbinary = 'hex'" \
        "default_text_search_config = 'german'" "transform_null_equals = on" \
        "quote_all_identifiers = on" "synchronous_commit = off"; do
        sql main postgres "ALTER DATABASE $1 SET $setting"
    done
    sql main postgres "ALTER ROLE postgres IN DATABASE $1 SET datestyle = 'SQL, MDY';
                       ALTER ROLE postgres IN DATABASE $1 SET intervalstyle = 'iso_8601'"
}

insert_rows values_old o 0
odd_settings values_old
odd_settings values_new
pair_config "$(dsn main values_old)" "$(dsn main values_new)" "  - {old: o.wide, new: n.wide}"

wait_same_wide() {
    wait_same_rows 20 main values_old "SELECT * FROM o.wide ORDER BY id" \
        main values_new "SELECT * FROM n.wide ORDER BY id"
}

# Gives each row from FIRST to LAST all the values of the next one, in a circle.
rotate() {
    local columns
    columns=$(psql_in main "$1" -c "$PINNED SELECT string_agg(format('%I = s.%1\$I', attname), ', ')
        FROM pg_attribute WHERE attrelid = '$2.wide'::regclass AND attnum > 1")
    run_sql main "$1" <<<"UPDATE $2.wide t SET $columns FROM $2.wide s
        WHERE t.id BETWEEN $3 AND $4 AND s.id = CASE WHEN t.id = $4 THEN $3 ELSE t.id + 1 END"
}

nothing_parked() {
    assert_eq "$(status_field '.forward.parked + .reverse.parked + .forward.conflicts + .reverse.conflicts')" 0 \
        "$(rows main values_new "SELECT table_name, key, reason FROM pgtandem.parked UNION ALL SELECT table_name, key, kind FROM pgtandem.conflict")"
}

test_values_survive_the_copy() {
    service_start
    wait_phase live
    wait_same_wide
    nothing_parked
}

test_values_inserted_on_the_old_side_arrive() {
    insert_rows values_old o 100
    wait_rows 30 main values_new "SELECT count(*) FROM n.wide" 10
    wait_same_wide
}

test_values_inserted_on_the_new_side_arrive() {
    insert_rows values_new n 200
    wait_rows 30 main values_old "SELECT count(*) FROM o.wide" 15
    wait_same_wide
}

test_each_value_changes_into_each_other_on_the_old_side() {
    local _
    for _ in 1 2 3; do
        rotate values_old o 201 205
        wait_same_wide
    done
}

test_each_value_changes_into_each_other_on_the_new_side() {
    local _
    for _ in 1 2 3; do
        rotate values_new n 101 105
        wait_same_wide
    done
    nothing_parked
}

test_nan_is_told_from_null() {
    run_sql main values_old <<<"UPDATE o.wide SET n = 'NaN', f4 = NULL, f8 = '-Infinity' WHERE id = 5;
                                UPDATE o.wide SET n = NULL, f4 = 'Infinity', f8 = 'NaN' WHERE id = 105"
    wait_rows 30 main values_new "SELECT n, f4, f8 FROM n.wide WHERE id IN (5, 105) ORDER BY id" \
        $'NaN\t\\N\t-Infinity\n\\N\tInfinity\tNaN'
    run_sql main values_new <<<"UPDATE n.wide SET n = '-Infinity', f4 = 'NaN', f8 = NULL WHERE id = 5"
    wait_rows 30 main values_old "SELECT n, f4, f8 FROM o.wide WHERE id = 5" $'-Infinity\tNaN\t\\N'
}

# The row is gone when the link looks for what NULL may have been.
test_nan_in_a_row_that_is_gone_again() {
    run_sql main values_old <<<"BEGIN; INSERT INTO o.wide (id, n) VALUES (301, 'NaN');
                                UPDATE o.wide SET id = 302 WHERE id = 301;
                                DELETE FROM o.wide WHERE id = 302; COMMIT;
                                INSERT INTO o.wide (id, n) VALUES (303, 'NaN');
                                UPDATE o.wide SET id = 304, i4 = 7 WHERE id = 303"
    wait_rows 30 main values_new "SELECT id, n, i4 FROM n.wide WHERE id > 300" $'304\tNaN\t7'
}

test_the_service_stops_well() {
    service_stop
    nothing_parked
}

run_tests "$@"
