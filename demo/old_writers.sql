-- The application as it is: two inserts to one update. Updates go to seeded rows
-- with even ids; the new application's go to odd ones, since for now the two
-- sides must not write the same row at one time.
\set kind random(1, 3)
\set user 2 * random(1000, :rows / 2)
\set number random(1, 1000000)
\if :kind <= 2
INSERT INTO public.users (email, full_name, bio)
VALUES (gen_random_uuid() || '@old.example.com', 'Olga Q. Holm' || :number, repeat('bio ', 50));
\else
UPDATE public.users SET full_name = 'Renamed Old' || :number, updated_at = now() WHERE id = :user;
\endif
