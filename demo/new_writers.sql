-- The part of the application that has moved already, on the new table: two
-- inserts to one update, every other one of users whom the old application writes
-- as well. Some last names are of several words, which the old table's one column
-- cannot tell from first names: they must stay as they are.
\set kind random(1, 3)
\set user random(2000, :rows)
\set hot random(1, 2)
\set number random(1, 1000000)
\if :hot = 1
\set user random(1001, 1050)
\endif
\if :kind <= 2
INSERT INTO app_v2.users (email, first_name, last_name, bio)
VALUES (gen_random_uuid() || '@new.example.com', 'Nils', 'van der Berg' || :number, repeat('bio ', 50));
\else
UPDATE app_v2.users SET first_name = 'Renamed', last_name = 'New' || :number, updated_at = now()
WHERE id = :user;
\endif
