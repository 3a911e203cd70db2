-- The generations that were used lately, when, and which current generation the lists belong to: replicas of the version
-- before advance a family and leave them. The defaults are constant, so no row is rewritten, and old inserts go on working.
ALTER TABLE "refresh_token_families"
  ADD COLUMN "used_generations" INTEGER[] NOT NULL DEFAULT '{}',
  ADD COLUMN "used_at" TIMESTAMPTZ(3)[] NOT NULL DEFAULT '{}',
  ADD COLUMN "uses_generation" INTEGER NOT NULL DEFAULT 0;
