-- Somebody asked to sign in by mail, before anybody looks whether there is such a user: as for resets, in a table of its own, since
-- replicas of the release before would answer these with a reset.
CREATE TABLE mail_sign_in_requests (
  id bigserial PRIMARY KEY,
  email_key text,
  username_key text,
  flow_hash bytea NOT NULL,
  language text NOT NULL,
  address text NOT NULL,
  user_agent text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now()
);
