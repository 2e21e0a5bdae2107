-- How long it took each row that was written since :since, in seconds of the
-- epoch, to be committed on the other side: link, rows, median, 99th percentile
-- and maximum in milliseconds. Rows of the time from :pause to :resume, when
-- nobody was there to carry them, are counted by themselves.
--
-- Commits and their times, as the server's log has them, come on standard input.
-- (pg_xact_commit_timestamp() will not do: a link gives its commits the time of
-- the commit that they carry.)
CREATE TEMP TABLE commits (xid bigint, committed timestamptz);
\copy commits FROM pstdin
CREATE UNIQUE INDEX ON commits (xid);
ANALYZE commits;

WITH pairs AS (
    SELECT o.committed AS old_at, n.committed AS new_at
    FROM public.users AS a
         JOIN app_v2.users AS b USING (id)
         JOIN commits AS o ON o.xid = a.xmin::text::bigint
         JOIN commits AS n ON n.xid = b.xmin::text::bigint
),
rows AS (
    SELECT CASE WHEN new_at > old_at THEN 'forward' ELSE 'reverse' END AS link,
           least(old_at, new_at) AS written,
           extract(epoch FROM greatest(old_at, new_at) - least(old_at, new_at)) * 1000 AS lag
    FROM pairs
)
SELECT link || CASE WHEN written BETWEEN to_timestamp(:pause) AND to_timestamp(:resume)
                    THEN '_paused' ELSE '' END AS series,
       count(*),
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY lag)::numeric, 1),
       round(percentile_cont(0.99) WITHIN GROUP (ORDER BY lag)::numeric, 1),
       round(max(lag)::numeric, 1)
FROM rows
WHERE written >= to_timestamp(:since)
GROUP BY series
ORDER BY series;
