-- The few users whose deletion is pending, the next one first.
CREATE INDEX CONCURRENTLY users_deletion_at_idx ON users (deletion_at) WHERE deletion_at IS NOT NULL;
