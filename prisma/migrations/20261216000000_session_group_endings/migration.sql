-- The order in which sessions begin. The moment would not do: clocks step back, and two can begin in one millisecond. NULL is before all.
CREATE SEQUENCE refresh_token_families_start_number_seq;
ALTER TABLE refresh_token_families ADD COLUMN start_number bigint;
ALTER TABLE refresh_token_families ALTER COLUMN start_number SET DEFAULT nextval('refresh_token_families_start_number_seq');
ALTER SEQUENCE refresh_token_families_start_number_seq OWNED BY refresh_token_families.start_number;

-- Many sessions that have ended together, while their rows are revoked in batches: those for which all conditions hold that are given. In
-- a table of its own, since replicas of the release before would delete such rows from session_endings.
CREATE TABLE session_group_endings (
  id bigserial PRIMARY KEY,
  user_id uuid,
  client_id text,
  -- The session of the browser. Sessions with offline_access outlast it.
  session_id uuid,
  excepted_id uuid,
  -- Sessions that began before.
  before_number bigint NOT NULL,
  reason text NOT NULL,
  actor_id uuid,
  -- Those up to this id are done, except what somebody held.
  after_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  -- Those with the fewest have their turn.
  batches integer NOT NULL DEFAULT 0,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  CHECK (num_nonnulls(user_id, client_id, session_id) > 0)
);
