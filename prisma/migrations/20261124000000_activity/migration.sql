-- A replica writes its own rows: the count so far, so that writing it twice changes nothing, and no two wait for each other.
CREATE TABLE "activity" (
    "minute" TIMESTAMPTZ(3) NOT NULL,
    "kind" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "replica" UUID NOT NULL,
    "count" BIGINT NOT NULL,

    CONSTRAINT "activity_pkey" PRIMARY KEY ("minute", "kind", "outcome", "replica")
);

-- The audit log is read the newest first, by what is looked for: each page is a range of one of these.
CREATE INDEX "audit_events_at_id_idx" ON "audit_events"("at", "id");
CREATE INDEX "audit_events_type_at_id_idx" ON "audit_events"("type", "at", "id");
CREATE INDEX "audit_events_user_id_at_id_idx" ON "audit_events"("user_id", "at", "id");
CREATE INDEX "audit_events_session_id_at_id_idx" ON "audit_events"("session_id", "at", "id");
CREATE INDEX "audit_events_client_id_at_id_idx" ON "audit_events"("client_id", "at", "id");

-- They begin like these, which are of no use beside them.
DROP INDEX "audit_events_at_idx";
DROP INDEX "audit_events_user_id_at_idx";

-- What was done to a client had its id in the detail alone.
UPDATE "audit_events" SET "client_id" = "detail"->>'client_id' WHERE "type" LIKE 'client.%' AND "client_id" IS NULL;
