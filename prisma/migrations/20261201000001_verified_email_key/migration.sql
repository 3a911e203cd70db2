-- A verified address belongs to one user. Others may give it, and cannot verify it.
CREATE UNIQUE INDEX CONCURRENTLY users_verified_email_key ON users (email_key) WHERE email_verified_at IS NOT NULL;
