-- A sign-in that still needs a second factor.
CREATE TABLE sign_in_flows (
  flow_hash bytea PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- As it was when the first factor was shown. After a change of a credential the flow is void.
  credentials_state text NOT NULL,
  methods text[] NOT NULL,
  client_id text NOT NULL,
  audience text[] NOT NULL,
  asked_scopes text[],
  jkt text,
  replaced_session_id uuid,
  -- The user has no second factor and has to set one up.
  is_enrolment boolean NOT NULL,
  has_proven_mailbox boolean NOT NULL DEFAULT false,
  sealed_totp_seed bytea,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL
);
CREATE INDEX sign_in_flows_user_id_idx ON sign_in_flows (user_id, created_at);
CREATE INDEX sign_in_flows_expires_at_idx ON sign_in_flows (expires_at);

-- A code generator (RFC 6238). One for a user.
CREATE TABLE totp_factors (
  user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  sealed_seed bytea NOT NULL,
  -- Each step is good once. That of the confirmation is used.
  last_step bigint NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  last_used_at timestamptz(3)
);

-- One that is being set up within a session, until its first code is shown.
CREATE TABLE totp_enrolments (
  user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  session_id uuid NOT NULL,
  sealed_seed bytea NOT NULL,
  expires_at timestamptz(3) NOT NULL
);
CREATE INDEX totp_enrolments_expires_at_idx ON totp_enrolments (expires_at);

CREATE TABLE recovery_codes (
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  code_hash bytea NOT NULL,
  used_at timestamptz(3),
  PRIMARY KEY (user_id, code_hash)
);

-- A public key of an authenticator (WebAuthn).
CREATE TABLE passkeys (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  credential_id bytea NOT NULL,
  -- COSE_Key
  public_key bytea NOT NULL,
  sign_count bigint NOT NULL,
  transports text[] NOT NULL,
  is_backup_eligible boolean NOT NULL,
  is_backed_up boolean NOT NULL,
  name text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  last_used_at timestamptz(3)
);
CREATE UNIQUE INDEX passkeys_credential_id_key ON passkeys (credential_id);
CREATE INDEX passkeys_user_id_idx ON passkeys (user_id, created_at);

-- What an authenticator is to sign. Each is used once.
CREATE TABLE passkey_challenges (
  challenge_hash bytea PRIMARY KEY,
  -- sign_in or registration
  purpose text NOT NULL,
  -- Both are NULL when it is not known yet who signs in.
  user_id uuid REFERENCES users (id) ON DELETE CASCADE,
  session_id uuid,
  -- Of a sign-in that needs a second factor.
  flow_hash bytea REFERENCES sign_in_flows (flow_hash) ON DELETE CASCADE,
  expires_at timestamptz(3) NOT NULL
);
CREATE INDEX passkey_challenges_expires_at_idx ON passkey_challenges (expires_at);
CREATE INDEX passkey_challenges_user_id_idx ON passkey_challenges (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX passkey_challenges_flow_hash_idx ON passkey_challenges (flow_hash) WHERE flow_hash IS NOT NULL;

-- A browser in which the second factor is not asked for at sign-in.
CREATE TABLE trusted_devices (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  token_hash bytea NOT NULL,
  -- After a change of a credential the device is no longer trusted.
  credentials_state text NOT NULL,
  address text NOT NULL,
  user_agent text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  last_used_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL
);
CREATE UNIQUE INDEX trusted_devices_token_hash_key ON trusted_devices (token_hash);
CREATE INDEX trusted_devices_user_id_idx ON trusted_devices (user_id, created_at);
CREATE INDEX trusted_devices_expires_at_idx ON trusted_devices (expires_at);

-- The trusted device that stood in for the second factor.
ALTER TABLE refresh_token_families ADD COLUMN trusted_device_id uuid;

-- A session of one factor for a user who has two is a fault, or a replica of a version that knows no second factors.
CREATE FUNCTION refuse_missing_factor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM totp_factors WHERE user_id = NEW.user_id) OR EXISTS (SELECT FROM passkeys WHERE user_id = NEW.user_id) THEN
    RAISE EXCEPTION 'this sign-in needs a second factor' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER refuse_missing_factor BEFORE INSERT ON refresh_token_families FOR EACH ROW
  WHEN (NEW.acr = 'urn:countersign:acr:1' AND NEW.trusted_device_id IS NULL) EXECUTE FUNCTION refuse_missing_factor();
