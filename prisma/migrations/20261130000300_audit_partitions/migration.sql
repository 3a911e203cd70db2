-- audit_events by weeks. The table of before becomes the first partition as it is: its constraint is validated and it has each
-- index, so nothing is read and nothing is built while everything else waits.
LOCK TABLE "audit_events" IN ACCESS EXCLUSIVE MODE;

ALTER TABLE "audit_events" RENAME TO "audit_events_unpartitioned";
ALTER TABLE "audit_events_unpartitioned" DROP CONSTRAINT "audit_events_pkey";
ALTER TABLE "audit_events_unpartitioned"
  ADD CONSTRAINT "audit_events_unpartitioned_pkey" PRIMARY KEY USING INDEX "audit_events_id_at_key";
ALTER INDEX "audit_events_at_id_idx" RENAME TO "audit_events_unpartitioned_at_id_idx";
ALTER INDEX "audit_events_type_at_id_idx" RENAME TO "audit_events_unpartitioned_type_at_id_idx";
ALTER INDEX "audit_events_user_id_at_id_idx" RENAME TO "audit_events_unpartitioned_user_id_at_id_idx";
ALTER INDEX "audit_events_session_id_at_id_idx" RENAME TO "audit_events_unpartitioned_session_id_at_id_idx";
ALTER INDEX "audit_events_client_id_at_id_idx" RENAME TO "audit_events_unpartitioned_client_id_at_id_idx";

CREATE TABLE "audit_events" (
    "id" BIGINT NOT NULL DEFAULT nextval('audit_events_id_seq'),
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "type" TEXT NOT NULL,
    "user_id" UUID,
    "actor_id" UUID,
    "session_id" UUID,
    "client_id" TEXT,
    "address" TEXT,
    "user_agent" TEXT,
    "detail" JSONB,

    CONSTRAINT "audit_events_pkey" PRIMARY KEY ("id", "at")
) PARTITION BY RANGE ("at");
-- It would be dropped with the first partition.
ALTER SEQUENCE "audit_events_id_seq" OWNED BY "audit_events"."id";

CREATE INDEX "audit_events_at_id_idx" ON "audit_events"("at", "id");
CREATE INDEX "audit_events_type_at_id_idx" ON "audit_events"("type", "at", "id");
CREATE INDEX "audit_events_user_id_at_id_idx" ON "audit_events"("user_id", "at", "id");
CREATE INDEX "audit_events_session_id_at_id_idx" ON "audit_events"("session_id", "at", "id");
CREATE INDEX "audit_events_client_id_at_id_idx" ON "audit_events"("client_id", "at", "id");

DO $$
BEGIN
  EXECUTE format(
    'ALTER TABLE "audit_events" ATTACH PARTITION "audit_events_unpartitioned" FOR VALUES FROM (MINVALUE) TO (%L)',
    (
      SELECT substring(pg_get_constraintdef(oid) FROM '''(.+)''') FROM pg_constraint
      WHERE conrelid = '"audit_events_unpartitioned"'::regclass AND conname = 'audit_events_before_partitions'
    )
  );
END
$$;
ALTER TABLE "audit_events_unpartitioned" DROP CONSTRAINT "audit_events_before_partitions";

-- For events of a moment that has no partition: an insert must not fail, since a sign-in would fail with it.
CREATE TABLE "audit_events_default" PARTITION OF "audit_events" DEFAULT;

CREATE VIEW "audit_partitions" AS
  SELECT c.relname AS "name", b."from", b."to"
  FROM pg_inherits i
  JOIN pg_class c ON c.oid = i.inhrelid
  CROSS JOIN LATERAL pg_get_expr(c.relpartbound, c.oid) AS bound
  CROSS JOIN LATERAL (
    SELECT
      coalesce(substring(bound FROM 'FROM \(''([^'']+)''\)')::timestamptz, '-infinity') AS "from",
      substring(bound FROM 'TO \(''([^'']+)''\)')::timestamptz AS "to"
  ) b
  WHERE i.inhparent = '"audit_events"'::regclass AND bound <> 'DEFAULT';

-- Makes a partition for each week (from Monday, UTC) that touches the time from "since" until "until" and has none. A week of which
-- there are events in the default partition has none and gets none: they stay there until they expire.
-- Returns how many were made. It waits for nobody: it makes none while a transaction reads the default partition, or another one
-- makes or drops partitions.
CREATE FUNCTION "make_audit_partitions"("since" TIMESTAMPTZ, "until" TIMESTAMPTZ) RETURNS INTEGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET "TimeZone" = 'UTC' SET "lock_timeout" = '100ms' AS $$
DECLARE
  week TIMESTAMPTZ;
  name TEXT;
  made INTEGER := 0;
BEGIN
  IF NOT pg_try_advisory_xact_lock(4010206) THEN
    RETURN 0;
  END IF;
  FOR week IN
    SELECT w FROM generate_series(date_trunc('week', since), until, interval '7 days') w
    WHERE NOT EXISTS (SELECT FROM audit_partitions p WHERE p."from" < w + interval '7 days' AND p."to" > w)
  LOOP
    IF made = 0 THEN
      LOCK TABLE audit_events_default IN ACCESS EXCLUSIVE MODE NOWAIT;
    END IF;
    CONTINUE WHEN EXISTS (SELECT FROM audit_events_default WHERE at >= week AND at < week + interval '7 days');
    name := 'audit_events_' || to_char(week, 'YYYYMMDD');
    EXECUTE format('CREATE TABLE %I (LIKE audit_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
    EXECUTE format('ALTER TABLE audit_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, week, week + interval '7 days');
    made := made + 1;
  END LOOP;
  RETURN made;
EXCEPTION WHEN lock_not_available THEN
  RETURN 0;
END
$$;

-- Drops the oldest partition if all of its events are older than so many days, and returns how many were dropped: 1 or 0. It drops none
-- while a transaction reads the partition or another one makes or drops partitions, and waits a tenth of a second for those that read
-- or write the table.
CREATE FUNCTION "drop_audit_partition"("retention_days" INTEGER) RETURNS INTEGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT SET "lock_timeout" = '100ms' AS $$
DECLARE
  oldest TEXT;
BEGIN
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
CREATE FUNCTION "delete_audit_events"("retention_days" INTEGER, "batch" INTEGER) RETURNS INTEGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  partition TEXT;
  deleted INTEGER := 0;
  total INTEGER := 0;
BEGIN
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

-- A user who may only connect must not be able to remove events by them.
REVOKE ALL ON FUNCTION "make_audit_partitions", "drop_audit_partition", "delete_audit_events" FROM PUBLIC;

SELECT "make_audit_partitions"(now(), now() + interval '26 weeks');
