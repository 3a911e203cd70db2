-- Which transaction made an entry. By this a reader finds what was committed since it last looked: ids are given before the commit,
-- so an entry with a lower id can become visible later.
ALTER TABLE "revocations" ADD COLUMN "transaction_id" XID8 NOT NULL DEFAULT pg_current_xact_id();

CREATE INDEX "revocations_transaction_id_id_idx" ON "revocations"("transaction_id", "id");
