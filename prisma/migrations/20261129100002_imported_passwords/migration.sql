-- Which formats are left, for the work that a sign-in with an unknown name does.
CREATE INDEX CONCURRENTLY users_imported_password_hash_idx ON users (id) WHERE imported_password_hash IS NOT NULL;
