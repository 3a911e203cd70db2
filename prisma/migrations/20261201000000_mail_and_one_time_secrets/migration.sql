-- Mail waits here, written in the transaction that causes it, until the mail server has taken it.
CREATE TABLE mail_outbox (
  id uuid PRIMARY KEY,
  recipient text NOT NULL,
  template text NOT NULL,
  language text NOT NULL,
  parameters jsonb NOT NULL,
  has_secret boolean NOT NULL,
  sealed_secret bytea,
  message_id text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  give_up_at timestamptz(3) NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz(3) NOT NULL DEFAULT now(),
  claimed_until timestamptz(3),
  may_be_duplicate boolean NOT NULL DEFAULT false,
  delivered_at timestamptz(3),
  dead_at timestamptz(3),
  last_error text
);
CREATE INDEX mail_outbox_due_idx ON mail_outbox (next_attempt_at) WHERE delivered_at IS NULL AND dead_at IS NULL;
CREATE INDEX mail_outbox_delivered_idx ON mail_outbox (delivered_at) WHERE delivered_at IS NOT NULL;
CREATE INDEX mail_outbox_dead_idx ON mail_outbox (dead_at, id) WHERE dead_at IS NOT NULL;
-- How many mails an address got lately.
CREATE INDEX mail_outbox_recipient_idx ON mail_outbox (lower(recipient), created_at);

-- One live secret of a purpose for a user: a new one takes the place of the older.
CREATE TABLE one_time_secrets (
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  purpose text NOT NULL,
  address text NOT NULL,
  link_hash bytea NOT NULL,
  code_hmac bytea,
  flow_hash bytea NOT NULL,
  tries integer NOT NULL DEFAULT 0,
  credentials_version integer NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  used_at timestamptz(3),
  PRIMARY KEY (user_id, purpose)
);
CREATE UNIQUE INDEX one_time_secrets_link_hash_key ON one_time_secrets (link_hash);
CREATE UNIQUE INDEX one_time_secrets_flow_hash_key ON one_time_secrets (flow_hash);
CREATE INDEX one_time_secrets_expires_at_idx ON one_time_secrets (expires_at);

-- What somebody asked for, before anybody looks whether there is such a user: the response takes the same time for all names.
CREATE TABLE password_reset_requests (
  id bigserial PRIMARY KEY,
  email_key text,
  username_key text,
  flow_hash bytea NOT NULL,
  language text NOT NULL,
  address text NOT NULL,
  user_agent text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now()
);

ALTER TABLE users
  ADD COLUMN email_key text,
  ADD COLUMN email_verified_at timestamptz(3),
  ADD COLUMN language text,
  ADD COLUMN credentials_version integer NOT NULL DEFAULT 0;
