-- Somebody is invited by mail to make an account. The row goes when the invitation is accepted or withdrawn.
CREATE TABLE invitations (
  id uuid PRIMARY KEY,
  email text NOT NULL,
  email_key text NOT NULL,
  username text,
  roles text[] NOT NULL,
  language text,
  -- NULL is the operator at the command line. No foreign key, so that a deleted admin is no operator.
  invited_by uuid,
  link_hash bytea NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL
);
CREATE UNIQUE INDEX invitations_email_key_key ON invitations (email_key);
CREATE UNIQUE INDEX invitations_link_hash_key ON invitations (link_hash);
CREATE INDEX invitations_created_at_idx ON invitations (created_at, id);
CREATE INDEX invitations_expires_at_idx ON invitations (expires_at);
