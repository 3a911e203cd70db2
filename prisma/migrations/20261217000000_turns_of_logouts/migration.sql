-- The order in which an app hears of the ends of sessions: each further one of a user comes a second later in it, however soon it is sent.
ALTER TABLE backchannel_logouts ADD COLUMN turn_at timestamptz(3) NOT NULL DEFAULT now();
-- What has not failed is due. What has failed is due after a pause.
CREATE INDEX backchannel_logouts_turn_idx ON backchannel_logouts (client_id, turn_at) WHERE last_error IS NULL;
CREATE INDEX backchannel_logouts_retry_idx ON backchannel_logouts (client_id, next_attempt_at) WHERE last_error IS NOT NULL;
CREATE INDEX backchannel_logouts_user_idx ON backchannel_logouts (client_id, user_id);
DROP INDEX backchannel_logouts_due_idx;
DROP INDEX backchannel_logouts_failed_idx;
