-- A role that may only execute these functions must not be able to drop or delete anything else by them: so no table of its own, not even a
-- temporary one, is found in place of ours, and no number of days reaches the events of today.
-- Drops the oldest partition if all of its events are older than so many days, and returns how many were dropped: 1 or 0. It drops none
-- while a transaction reads the partition or another one makes or drops partitions, and waits a tenth of a second for those that read
-- or write the table.
CREATE OR REPLACE FUNCTION "drop_audit_partition"("retention_days" INTEGER) RETURNS INTEGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET "lock_timeout" = '100ms' AS $$
DECLARE
  oldest TEXT;
BEGIN
  IF retention_days IS NULL OR retention_days < 1 THEN
    RAISE EXCEPTION 'Audit events are kept for a day at least.' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NOT pg_try_advisory_xact_lock(4010206) THEN
    RETURN 0;
  END IF;
  oldest := (
    SELECT p."name" FROM audit_partitions p WHERE p."to" <= now() - make_interval(days => retention_days) ORDER BY p."to" LIMIT 1
  );
  IF oldest IS NULL THEN
    RETURN 0;
  END IF;
  EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE NOWAIT', oldest);
  EXECUTE format('DROP TABLE %I', oldest);
  RETURN 1;
EXCEPTION WHEN lock_not_available THEN
  RETURN 0;
END
$$;

-- Deletes at most "batch" events that are older than so many days from the partitions that are no weeks, and returns how many.
CREATE OR REPLACE FUNCTION "delete_audit_events"("retention_days" INTEGER, "batch" INTEGER) RETURNS INTEGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  partition TEXT;
  deleted INTEGER := 0;
  total INTEGER := 0;
BEGIN
  IF retention_days IS NULL OR retention_days < 1 THEN
    RAISE EXCEPTION 'Audit events are kept for a day at least.' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  FOREACH partition IN ARRAY '{audit_events_unpartitioned,audit_events_default}'::text[] LOOP
    CONTINUE WHEN to_regclass(partition) IS NULL;
    EXECUTE format(
      'DELETE FROM %1$I WHERE (id, at) IN (
         SELECT id, at FROM %1$I WHERE at < now() - make_interval(days => $1) ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)',
      partition
    ) USING retention_days, batch - total;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    total := total + deleted;
  END LOOP;
  RETURN total;
END
$$;

DO $$
DECLARE
  name TEXT;
BEGIN
  FOREACH name IN ARRAY '{make_audit_partitions,drop_audit_partition,delete_audit_events}'::text[] LOOP
    EXECUTE format('ALTER FUNCTION %I SET search_path = %I, pg_temp', name, current_schema());
  END LOOP;
END
$$;
