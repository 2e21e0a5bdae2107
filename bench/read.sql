-- The application's reads: users by primary key.
\set user random(1, :rows)
SELECT id, email, full_name, bio, created_at, updated_at FROM public.users WHERE id = :user;
