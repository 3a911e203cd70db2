-- Whose mail it is: names and addresses change, and a deleted user leaves none behind.
ALTER TABLE mail_outbox ADD COLUMN user_id uuid;
