-- The sessions of apps that end with a session of the browser.
CREATE INDEX CONCURRENTLY refresh_token_families_session_id_idx ON refresh_token_families (session_id) WHERE session_id IS NOT NULL;
