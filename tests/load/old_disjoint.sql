-- Writers of the old application that never touch a row which those of
-- new_disjoint.sql touch: odd ids below :rows, and rows that they made
-- themselves. Everything a link has to cope with is in it: transactions of
-- several rows and statements, keys that move, long values left unchanged,
-- rollbacks, rows that come and go.
\set kind random(1, 100)
\set user 2 * random(1, :rows / 2) - 1
\set number random(1, 1000000000)
\if :kind <= 35
INSERT INTO public.users (email, full_name, bio)
VALUES (gen_random_uuid() || '@old.example.com', 'Old ' || :number || ' Writer', repeat('bio ', 50));
\elif :kind <= 55
UPDATE public.users SET full_name = 'Renamed  Old' || :number, updated_at = now() WHERE id = :user;
\elif :kind <= 65
UPDATE public.users SET email = 'old' || :number || '-' || id || '@example.com' WHERE id = :user;
\elif :kind <= 70
UPDATE public.users SET id = nextval('public.users_id_seq') WHERE id = :user;
\elif :kind <= 75
DELETE FROM public.users WHERE id = :user;
\elif :kind <= 85
BEGIN;
UPDATE public.users SET bio = 'old ' || :number WHERE id IN (:user, :user + 2, :user + 4);
INSERT INTO public.users (email, full_name, bio)
VALUES (gen_random_uuid() || '@old.example.com', 'Old ' || :number, NULL)
RETURNING id AS made \gset
UPDATE public.users SET full_name = '  Odd  ' || full_name || ' ', id = nextval('public.users_id_seq')
WHERE id = :made
RETURNING id AS moved \gset
UPDATE public.users SET bio = repeat(md5(:number::text), 200) WHERE id = :moved;
COMMIT;
UPDATE public.users SET id = nextval('public.users_id_seq') WHERE id = :moved;
\elif :kind <= 92
BEGIN;
INSERT INTO public.users (email, full_name) VALUES (gen_random_uuid() || '@gone.example.com', 'Gone')
RETURNING id AS gone \gset
UPDATE public.users SET bio = 'for a moment' WHERE id = :gone;
DELETE FROM public.users WHERE id = :gone;
COMMIT;
\else
BEGIN;
UPDATE public.users SET full_name = 'Never', email = 'never' || :number WHERE id = :user;
DELETE FROM public.users WHERE id = :user + 2;
ROLLBACK;
\endif
