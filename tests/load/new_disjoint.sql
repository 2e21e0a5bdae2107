-- Writers of the new application that never touch a row which those of
-- old_disjoint.sql touch: even ids up to :rows, and rows that they made
-- themselves. See there.
\set kind random(1, 100)
\set user 2 * random(1, :rows / 2)
\set number random(1, 1000000000)
\if :kind <= 35
INSERT INTO app_v2.users (email, first_name, last_name, bio)
VALUES (gen_random_uuid() || '@new.example.com', 'New ' || :number, 'Writer', repeat('bio ', 50));
\elif :kind <= 55
UPDATE app_v2.users SET first_name = 'Renamed', last_name = 'von New' || :number, updated_at = now()
WHERE id = :user;
\elif :kind <= 65
UPDATE app_v2.users SET email = 'new' || :number || '-' || id || '@example.com' WHERE id = :user;
\elif :kind <= 70
UPDATE app_v2.users SET id = nextval('public.users_id_seq') WHERE id = :user;
\elif :kind <= 75
DELETE FROM app_v2.users WHERE id = :user;
\elif :kind <= 85
BEGIN;
UPDATE app_v2.users SET bio = 'new ' || :number WHERE id IN (:user, :user + 2, :user + 4);
INSERT INTO app_v2.users (email, first_name, last_name, bio)
VALUES (gen_random_uuid() || '@new.example.com', 'New', 'de la ' || :number, NULL)
RETURNING id AS made \gset
UPDATE app_v2.users SET last_name = '', id = nextval('public.users_id_seq')
WHERE id = :made
RETURNING id AS moved \gset
UPDATE app_v2.users SET bio = repeat(md5(:number::text), 200) WHERE id = :moved;
COMMIT;
UPDATE app_v2.users SET id = nextval('public.users_id_seq') WHERE id = :moved;
\elif :kind <= 92
BEGIN;
INSERT INTO app_v2.users (email, first_name, last_name)
VALUES (gen_random_uuid() || '@gone.example.com', 'Gone', '')
RETURNING id AS gone \gset
UPDATE app_v2.users SET bio = 'for a moment' WHERE id = :gone;
DELETE FROM app_v2.users WHERE id = :gone;
COMMIT;
\else
BEGIN;
UPDATE app_v2.users SET first_name = 'Never', email = 'never' || :number WHERE id = :user;
DELETE FROM app_v2.users WHERE id = :user + 2;
ROLLBACK;
\endif
