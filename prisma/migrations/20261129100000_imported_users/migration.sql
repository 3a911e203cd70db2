-- Users of another system. A hash that it has made stands beside password_hash until the first sign-in replaces both, so that
-- a version that does not know the column refuses the password and nothing worse.
ALTER TABLE users ADD COLUMN external_id text, ADD COLUMN imported_password_hash text;
