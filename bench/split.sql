-- The backfill as one statement, with the split in SQL: what pgtandem's is measured
-- against. Of all rows (:condition is true), or of a batch (batch.sql).
INSERT INTO app_v2.users (id, email, first_name, last_name, bio, created_at, updated_at)
SELECT id, email,
       CASE WHEN from_end = 0 THEN name ELSE btrim(left(name, -from_end)) END,
       CASE WHEN from_end = 0 THEN '' ELSE btrim(right(name, from_end - 1)) END,
       bio, created_at, updated_at
FROM (SELECT *, strpos(reverse(name), ' ') AS from_end
      FROM (SELECT *, btrim(full_name) AS name FROM public.users WHERE :condition) AS trimmed) AS cut;
