-- A key is published before it signs, and stays published after it has signed.
ALTER TABLE "signing_keys"
  ALTER COLUMN "signs_from" DROP NOT NULL,
  ALTER COLUMN "sealed_private_jwk" DROP NOT NULL,
  ADD COLUMN "retired_at" TIMESTAMPTZ(3);

-- Of several keys that sign by the former rule, the newest one did.
UPDATE "signing_keys" k SET "retired_at" = CURRENT_TIMESTAMP
WHERE "pulled_at" IS NULL AND EXISTS (
  SELECT FROM "signing_keys" n
  WHERE n."pulled_at" IS NULL AND (n."signs_from", n."kid") > (k."signs_from", k."kid"));

-- A pulled key is of no use to anybody but a thief.
UPDATE "signing_keys" SET "sealed_private_jwk" = NULL WHERE "pulled_at" IS NOT NULL;

ALTER TABLE "signing_keys" ADD CONSTRAINT "signing_keys_retired_after_signing"
  CHECK ("retired_at" IS NULL OR "signs_from" IS NOT NULL);

-- Whatever replicas do at the same moment: one key signs, and one is the next.
CREATE UNIQUE INDEX "signing_keys_signing" ON "signing_keys" ((true))
  WHERE "signs_from" IS NOT NULL AND "retired_at" IS NULL AND "pulled_at" IS NULL;
CREATE UNIQUE INDEX "signing_keys_spare" ON "signing_keys" ((true))
  WHERE "signs_from" IS NULL AND "pulled_at" IS NULL;
