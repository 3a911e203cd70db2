-- What a client needs so that users sign in to it (OpenID Connect).
ALTER TABLE clients
  ADD COLUMN application_type text NOT NULL DEFAULT 'web',
  ADD COLUMN redirect_uris text[] NOT NULL DEFAULT '{}',
  ADD COLUMN post_logout_redirect_uris text[] NOT NULL DEFAULT '{}',
  ADD COLUMN backchannel_logout_uri text,
  ADD COLUMN logo_uri text,
  ADD COLUMN policy_uri text,
  ADD COLUMN tos_uri text,
  ADD COLUMN require_pkce boolean NOT NULL DEFAULT true,
  ADD COLUMN first_party boolean NOT NULL DEFAULT false,
  ADD COLUMN id_token_ttl_seconds integer;

ALTER TABLE refresh_token_families
  -- The session of the browser in which the user allowed this one.
  ADD COLUMN session_id uuid,
  -- openid, profile, email and offline_access, as far as they were granted.
  ADD COLUMN identity_scopes text[] NOT NULL DEFAULT '{}';

-- An app asks for a user to be signed in. Each row is used once.
CREATE TABLE authorization_requests (
  -- Of what the address of the page names, or of what a pushed request got (RFC 9126).
  id_hash bytea PRIMARY KEY,
  -- Of the cookie of the browser that began it. NULL while a pushed request waits for its browser.
  browser_hash bytea,
  -- Of what the browser got in which the user is signed in, so that only this one goes on.
  ticket_hash bytea,
  client_id text NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  redirect_uri text NOT NULL,
  response_mode text NOT NULL,
  state text,
  nonce text,
  code_challenge text,
  identity_scopes text[] NOT NULL,
  scopes text[] NOT NULL,
  resource text,
  prompt text[] NOT NULL,
  max_age integer,
  login_hint text,
  hinted_user_id uuid,
  acr_values text[] NOT NULL,
  ui_locales text[] NOT NULL,
  dpop_jkt text,
  user_id uuid REFERENCES users (id) ON DELETE CASCADE,
  session_id uuid,
  -- As it was at the claim. After a change of a credential the claim is void.
  credentials_state text,
  authenticated_at timestamptz(3),
  acr text,
  amr text[],
  -- Of the scopes, those that the user held at the claim.
  granted_scopes text[],
  -- allow or deny
  decision text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL
);
CREATE INDEX authorization_requests_expires_at_idx ON authorization_requests (expires_at);
CREATE INDEX authorization_requests_client_id_idx ON authorization_requests (client_id);
CREATE INDEX authorization_requests_user_id_idx ON authorization_requests (user_id) WHERE user_id IS NOT NULL;

-- What a client exchanges for tokens, once.
CREATE TABLE authorization_codes (
  code_hash bytea PRIMARY KEY,
  client_id text NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  redirect_uri text NOT NULL,
  code_challenge text,
  nonce text,
  identity_scopes text[] NOT NULL,
  scopes text[] NOT NULL,
  resource text,
  dpop_jkt text,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  session_id uuid NOT NULL,
  credentials_state text NOT NULL,
  authenticated_at timestamptz(3) NOT NULL,
  acr text NOT NULL,
  amr text[] NOT NULL,
  used_at timestamptz(3),
  -- The session that it started.
  family_id uuid,
  expires_at timestamptz(3) NOT NULL
);
CREATE INDEX authorization_codes_expires_at_idx ON authorization_codes (expires_at);
CREATE INDEX authorization_codes_client_id_idx ON authorization_codes (client_id);
CREATE INDEX authorization_codes_user_id_idx ON authorization_codes (user_id);

-- What a user has allowed an app: for each API its scopes, and those of identity under an empty name.
CREATE TABLE consents (
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  client_id text NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  api text NOT NULL,
  scopes text[] NOT NULL,
  granted_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, client_id, api)
);
CREATE INDEX consents_client_id_idx ON consents (client_id);
