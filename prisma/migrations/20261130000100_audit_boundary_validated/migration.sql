-- Reads the whole table, with a lock that neither reads nor writes wait for.
ALTER TABLE "audit_events" VALIDATE CONSTRAINT "audit_events_before_partitions";
