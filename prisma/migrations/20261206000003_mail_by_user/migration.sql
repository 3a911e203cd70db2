-- For the deletion of a user.
CREATE INDEX CONCURRENTLY mail_outbox_user_id_idx ON mail_outbox (user_id) WHERE user_id IS NOT NULL;
