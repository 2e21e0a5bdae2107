-- The part of the application that has moved already, on the new table: two
-- inserts to one update. Some last names are of several words, which the old
-- table's one column cannot tell from first names: they must stay as they are.
\set kind random(1, 3)
\set user 2 * random(1000, :rows / 2 - 1) + 1
\set number random(1, 1000000)
\if :kind <= 2
INSERT INTO app_v2.users (email, first_name, last_name, bio)
VALUES (gen_random_uuid() || '@new.example.com', 'Nils', 'van der Berg' || :number, repeat('bio ', 50));
\else
UPDATE app_v2.users SET first_name = 'Renamed', last_name = 'New' || :number, updated_at = now()
WHERE id = :user;
\endif
