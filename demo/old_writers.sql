-- The application as it is: two inserts to one update. A fifth of the updates goes
-- to fifty users whom the new application writes as well, at the same time.
\set kind random(1, 3)
\set user random(2000, :rows)
\set hot random(1, 5)
\set number random(1, 1000000)
\if :hot = 1
\set user random(1001, 1050)
\endif
\if :kind <= 2
INSERT INTO public.users (email, full_name, bio)
VALUES (gen_random_uuid() || '@old.example.com', 'Olga Q. Holm' || :number, repeat('bio ', 50));
\else
UPDATE public.users SET full_name = 'Renamed Old' || :number, updated_at = now() WHERE id = :user;
\endif
