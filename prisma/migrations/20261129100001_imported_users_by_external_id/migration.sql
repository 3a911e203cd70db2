-- A second import finds by it what is there.
CREATE UNIQUE INDEX CONCURRENTLY users_external_id_key ON users (external_id) WHERE external_id IS NOT NULL;
