-- A service elsewhere with which users sign in.
CREATE TABLE identity_providers (
  -- In the redirect URI.
  id text PRIMARY KEY,
  kind text NOT NULL,
  name text NOT NULL,
  issuer text NOT NULL,
  client_id text NOT NULL,
  sealed_secret bytea,
  scopes text[] NOT NULL,
  -- Whether an address belongs to its user is this provider's to say for these domains.
  authoritative_domains text[] NOT NULL,
  -- What its ID tokens say of second factors counts.
  trusts_amr boolean NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  changed_at timestamptz(3) NOT NULL DEFAULT now(),
  disabled_at timestamptz(3)
);

-- Who a user is at a provider.
CREATE TABLE identities (
  issuer text NOT NULL,
  subject text NOT NULL,
  id uuid NOT NULL,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  provider_id text NOT NULL REFERENCES identity_providers (id),
  -- As the provider said it last.
  address text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  last_used_at timestamptz(3),
  PRIMARY KEY (issuer, subject)
);
CREATE UNIQUE INDEX identities_id_key ON identities (id);
CREATE INDEX identities_user_id_idx ON identities (user_id, created_at);
CREATE INDEX identities_provider_id_idx ON identities (provider_id);

-- A browser is at a provider, and is expected back. Each row is used once.
CREATE TABLE provider_transactions (
  -- Of what the browser keeps.
  secret_hash bytea PRIMARY KEY,
  -- Of what goes to the provider and back.
  state_hash bytea NOT NULL,
  provider_id text NOT NULL REFERENCES identity_providers (id) ON DELETE CASCADE,
  issuer text NOT NULL,
  nonce text NOT NULL,
  sealed_verifier bytea NOT NULL,
  -- All three are NULL for a sign-in. Otherwise the identity is to be linked to this user.
  user_id uuid REFERENCES users (id) ON DELETE CASCADE,
  session_id uuid,
  credentials_state text,
  asked_resource text,
  asked_scopes text[],
  expires_at timestamptz(3) NOT NULL
);
CREATE INDEX provider_transactions_expires_at_idx ON provider_transactions (expires_at);
CREATE INDEX provider_transactions_provider_id_idx ON provider_transactions (provider_id);
CREATE INDEX provider_transactions_user_id_idx ON provider_transactions (user_id) WHERE user_id IS NOT NULL;
