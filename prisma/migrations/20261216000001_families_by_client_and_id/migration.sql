-- The sessions that end with a change of their client, in the order of the batches.
CREATE INDEX CONCURRENTLY refresh_token_families_client_id_id_idx ON refresh_token_families (client_id, id) WHERE revoked_at IS NULL;
