-- One row into every table that selection.option names, with the table's number
-- in it, and -1 into tables that a wrong escape would select, too.

CREATE SCHEMA "Mixed";
CREATE SCHEMA mixed;
CREATE SCHEMA odd;
CREATE SCHEMA "s.p a,c\e*""é";
CREATE SCHEMA s;

CREATE FUNCTION pg_temp.fill(schema_name text, table_name text, n int) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I.%I (n int PRIMARY KEY)', schema_name, table_name);
    EXECUTE format('INSERT INTO %I.%I VALUES (%s)', schema_name, table_name, n);
END $$;

SELECT pg_temp.fill('public', 'plain_1', 1);
SELECT pg_temp.fill('Mixed', 'CamelCase', 2);
SELECT pg_temp.fill('odd', 'with space', 3);
SELECT pg_temp.fill('odd', 'with,comma', 4);
SELECT pg_temp.fill('odd', 'with.dot', 5);
SELECT pg_temp.fill('odd', 'with"quote', 6);
SELECT pg_temp.fill('odd', 'with''apostrophe', 7);
SELECT pg_temp.fill('odd', 'with\backslash', 8);
SELECT pg_temp.fill('odd', '*', 9);
SELECT pg_temp.fill('odd', E'new\nline\ttab\rreturn\x0Bvertical\ffeed', 10);
SELECT pg_temp.fill('odd', 'Ünïcode Täble', 11);
SELECT pg_temp.fill('odd', '名前', 12);
SELECT pg_temp.fill('odd', 'emoji😀', 13);
SELECT pg_temp.fill('odd', ' leading and trailing ', 14);
SELECT pg_temp.fill('odd', '\', 15);
SELECT pg_temp.fill('odd', '\\.\\', 16);
SELECT pg_temp.fill('odd', '(a)[b]{c};#%$@!?&|<>~`^=+-:/', 17);
SELECT pg_temp.fill('s.p a,c\e*"é', '.', 18);
SELECT pg_temp.fill('s.p a,c\e*"é', ',', 19);
SELECT pg_temp.fill('odd', E'nbsp\u00A0and\u3000ideographic\u0085nel', 20);

SELECT pg_temp.fill('public', 'CamelCase', -1);
SELECT pg_temp.fill('public', 'Plain_1', -1);
SELECT pg_temp.fill('mixed', 'CamelCase', -1);
SELECT pg_temp.fill('Mixed', 'camelcase', -1);
SELECT pg_temp.fill('odd', 'with', -1);
SELECT pg_temp.fill('odd', 'dot', -1);
SELECT pg_temp.fill('odd', 'unselected', -1);
SELECT pg_temp.fill('s', '.', -1);
SELECT pg_temp.fill('s', 'p a,c\e*"é', -1);
