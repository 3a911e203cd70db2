-- The oldest version that can use this schema, named by the newest migration that it must know. A migration that takes away
-- what earlier versions need moves this on in its own transaction.
CREATE TABLE "schema_contract" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "oldest_migration" TEXT NOT NULL,

    CONSTRAINT "schema_contract_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "schema_contract_is_one_row" CHECK ("id" = 1)
);

INSERT INTO "schema_contract" ("oldest_migration") VALUES ('20261129000000_schema_contract');
