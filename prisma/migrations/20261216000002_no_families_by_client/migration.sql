-- The index on the client and the id serves instead.
DROP INDEX CONCURRENTLY refresh_token_families_client_id_idx;
