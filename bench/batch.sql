-- One batch of a backfill that goes through the keys in a loop, as tools do that
-- know SQL only: the :batch rows above :low, in a transaction of their own. The next
-- one begins where it ended. All of them run in one session of psql.
SELECT coalesce((SELECT id FROM public.users WHERE id > :low ORDER BY id OFFSET :batch - 1 LIMIT 1),
                (SELECT max(id) FROM public.users)) AS high \gset
\set condition 'id > :low AND id <= :high'
\ir split.sql
\set low :high
