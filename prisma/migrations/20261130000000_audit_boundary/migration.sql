-- Where the partitions of audit_events will begin: a Monday (UTC) that is at least four weeks away, so that no event reaches it
-- before the last of these four migrations is applied. A constraint that is not valid is made without reading the table.
DO $$
BEGIN
  EXECUTE format(
    'ALTER TABLE "audit_events" ADD CONSTRAINT "audit_events_before_partitions" CHECK ("at" < %L) NOT VALID',
    (SELECT date_trunc('week', greatest(now(), max("at")), 'UTC') + interval '840 hours' FROM "audit_events")
  );
END
$$;
