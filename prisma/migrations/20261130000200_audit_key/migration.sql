-- The key of a partitioned table holds the column by which it is partitioned.
CREATE UNIQUE INDEX CONCURRENTLY "audit_events_id_at_key" ON "audit_events" ("id", "at");
