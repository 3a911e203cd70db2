-- An app asks for its user to be signed out (OpenID Connect RP-Initiated Logout). Each row is used once.
CREATE TABLE logout_requests (
  -- Of what the address of the page names.
  id_hash bytea PRIMARY KEY,
  -- Of the cookie of the browser that began it. NULL while the form of an app waits for its browser.
  browser_hash bytea,
  client_id text REFERENCES clients (id) ON DELETE CASCADE,
  -- Of the ID token that the app sent: its user, and its own session.
  hinted_user_id uuid,
  hinted_session_id uuid,
  -- Where the browser goes afterwards, as the client has registered it.
  return_to text,
  -- The app has named an address that it has not registered.
  is_return_refused boolean NOT NULL DEFAULT false,
  state text,
  ui_locales text[] NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL
);
CREATE INDEX logout_requests_expires_at_idx ON logout_requests (expires_at);
CREATE INDEX logout_requests_client_id_idx ON logout_requests (client_id);

-- Apps that have to hear of the end of a session (OpenID Connect Back-Channel Logout), written in the transaction that ends it. Clients
-- and users are not referenced: to check a reference would lock the client after the session, and others take these locks the other way
-- round, and a user who was deleted is signed out as well.
CREATE TABLE backchannel_logouts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  client_id text NOT NULL,
  user_id uuid NOT NULL,
  session_id uuid NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz(3) NOT NULL DEFAULT now(),
  claimed_until timestamptz(3),
  last_error text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  give_up_at timestamptz(3) NOT NULL DEFAULT now() + interval '1 day'
);
CREATE INDEX backchannel_logouts_due_idx ON backchannel_logouts (client_id, next_attempt_at);
CREATE INDEX backchannel_logouts_claimed_idx ON backchannel_logouts (client_id, claimed_until) WHERE claimed_until IS NOT NULL;
CREATE INDEX backchannel_logouts_failed_idx ON backchannel_logouts (client_id) WHERE last_error IS NOT NULL;
CREATE INDEX backchannel_logouts_give_up_at_idx ON backchannel_logouts (give_up_at);
