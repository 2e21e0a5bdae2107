-- Writers of the old application, in the scenario's proportions: two inserts to
-- one update, and a few deletes. :rows is how many users were seeded.
\set kind random(1, 100)
\set user random(1, :rows)
\set number random(1, 1000000000)
\if :kind <= 60
INSERT INTO public.users (email, full_name, bio)
VALUES (gen_random_uuid() || '@old.example.com', 'Old ' || :number || ' Writer', repeat('bio ', 50));
\elif :kind <= 80
UPDATE public.users SET full_name = 'Renamed Old' || :number, updated_at = now() WHERE id = :user;
\elif :kind <= 90
UPDATE public.users SET bio = 'old ' || :number, updated_at = now() WHERE id = :user;
\elif :kind <= 95
UPDATE public.users SET email = 'old' || :number || '-' || id || '@example.com' WHERE id = :user;
\else
DELETE FROM public.users WHERE id = :user;
\endif
