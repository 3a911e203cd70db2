CREATE TABLE "clients" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "auth_method" TEXT NOT NULL,
    "jwks" JSONB,
    "jwks_uri" TEXT,
    "secret_hashes" TEXT[] NOT NULL DEFAULT '{}',
    "grant_types" TEXT[] NOT NULL,
    "scopes" TEXT[] NOT NULL,
    "audiences" TEXT[] NOT NULL,
    "resources" TEXT[] NOT NULL,
    "may_act_for" TEXT[] NOT NULL,
    "access_token_ttl_seconds" INTEGER,
    "epoch" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "disabled_at" TIMESTAMPTZ(3),

    CONSTRAINT "clients_pkey" PRIMARY KEY ("id")
);

ALTER TABLE "refresh_token_families" ADD COLUMN "jkt" TEXT;

-- The client that signs in at this service itself: public, and never changed.
INSERT INTO "clients" ("id", "name", "auth_method", "grant_types", "scopes", "audiences", "resources", "may_act_for", "epoch")
VALUES ('countersign', 'Countersign', 'none', '{refresh_token}', '{account}', '{}', '{}', '{}', gen_random_uuid());
