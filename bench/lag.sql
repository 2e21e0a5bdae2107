-- Rows, median and 99th percentile of the time in milliseconds from a row's commit
-- on the source to its commit on the target, for what was written since :since.
-- In the current folder: the commits of both servers' logs (commit_times), and id
-- and xmin of the rows of both tables.
CREATE TEMP TABLE source_commits (xid bigint, committed timestamptz);
CREATE TEMP TABLE target_commits (xid bigint, committed timestamptz);
CREATE TEMP TABLE source_rows (id bigint, xid bigint);
CREATE TEMP TABLE target_rows (id bigint, xid bigint);
\copy source_commits FROM 'source.commits'
\copy target_commits FROM 'target.commits'
\copy source_rows FROM 'source.rows'
\copy target_rows FROM 'target.rows'
ANALYZE source_commits, target_commits, source_rows, target_rows;

SELECT count(*),
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY lag)::numeric, 1),
       round(percentile_cont(0.99) WITHIN GROUP (ORDER BY lag)::numeric, 1)
FROM (SELECT extract(epoch FROM tc.committed - sc.committed) * 1000 AS lag
      FROM source_rows AS s
           JOIN source_commits AS sc USING (xid)
           JOIN target_rows AS t USING (id)
           JOIN target_commits AS tc ON tc.xid = t.xid
      WHERE sc.committed >= to_timestamp(:since)) AS lags;
