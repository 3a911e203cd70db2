-- APIs with their scopes, and roles that hold scopes of APIs.
CREATE TABLE "apis" (
    "identifier" TEXT PRIMARY KEY,
    "id" UUID NOT NULL UNIQUE,
    "name" TEXT NOT NULL,
    "carries_roles" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now()
);

CREATE TABLE "api_scopes" (
    "api" TEXT NOT NULL REFERENCES "apis" ("identifier") ON DELETE CASCADE,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    PRIMARY KEY ("api", "name")
);

CREATE TABLE "roles" (
    "name" TEXT PRIMARY KEY,
    "description" TEXT NOT NULL DEFAULT '',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now()
);

-- In this order of columns: each refresh looks up what the roles of one user hold at one API.
CREATE TABLE "role_scopes" (
    "role" TEXT NOT NULL REFERENCES "roles" ("name") ON DELETE CASCADE,
    "api" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    PRIMARY KEY ("role", "api", "scope"),
    FOREIGN KEY ("api", "scope") REFERENCES "api_scopes" ("api", "name") ON DELETE CASCADE
);
CREATE INDEX "role_scopes_api_scope_idx" ON "role_scopes" ("api", "scope");

INSERT INTO "roles" ("name", "description") VALUES
    ('admin', 'Administers users, clients, keys, APIs and roles.'),
    ('user', 'Every account has it, without being given it.');
INSERT INTO "roles" ("name") SELECT DISTINCT unnest("roles") FROM "users" ON CONFLICT DO NOTHING;

-- What a session's tokens are to have when a refresh asks for nothing else. NULL is all that its user's roles hold.
ALTER TABLE "refresh_token_families" ADD COLUMN "asked_scopes" TEXT[];

-- Sessions that have to end, since their users' roles lost a scope: ended in batches.
CREATE TABLE "session_endings" (
    "id" BIGSERIAL PRIMARY KEY,
    "roles" TEXT[] NOT NULL,
    "api" TEXT NOT NULL,
    "scopes" TEXT[] NOT NULL,
    "actor_id" UUID,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    "swept" BOOLEAN NOT NULL DEFAULT false
);

-- From which API to which other one a client may exchange users' tokens.
ALTER TABLE "clients" ADD COLUMN "exchange_rules" JSONB NOT NULL DEFAULT '[]';
