-- The sessions that end with a change of their client.
CREATE INDEX CONCURRENTLY refresh_token_families_client_id_idx ON refresh_token_families (client_id) WHERE revoked_at IS NULL;
