-- The new table's other indexes, made after the copy. Each statement runs by
-- itself, outside a transaction, as CONCURRENTLY requires. The unique one also
-- serves look-ups by email.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS idx_users_email
    ON app_v2.users (email);

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_users_first_name
    ON app_v2.users (first_name);

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_users_last_name
    ON app_v2.users (last_name);

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_users_full_name
    ON app_v2.users (first_name, last_name);
