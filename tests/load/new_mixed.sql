-- Writers of the new application, in the scenario's proportions: two inserts to
-- one update, and a few deletes. :rows is how many users were seeded.
\set kind random(1, 100)
\set user random(1, :rows)
\set number random(1, 1000000000)
\if :kind <= 60
INSERT INTO app_v2.users (email, first_name, last_name, bio)
VALUES (gen_random_uuid() || '@new.example.com', 'New ' || :number, 'Writer', repeat('bio ', 50));
\elif :kind <= 80
UPDATE app_v2.users SET first_name = 'Renamed', last_name = 'New' || :number, updated_at = now()
WHERE id = :user;
\elif :kind <= 90
UPDATE app_v2.users SET bio = 'new ' || :number, updated_at = now() WHERE id = :user;
\elif :kind <= 95
UPDATE app_v2.users SET email = 'new' || :number || '-' || id || '@example.com' WHERE id = :user;
\else
DELETE FROM app_v2.users WHERE id = :user;
\endif
