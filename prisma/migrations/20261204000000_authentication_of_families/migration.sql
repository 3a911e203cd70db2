-- How the user of a family signed in. The defaults are what the release before, which inserts families without them, has shown.
ALTER TABLE refresh_token_families
  ADD COLUMN authenticated_at timestamptz(3),
  ADD COLUMN acr text NOT NULL DEFAULT 'urn:countersign:acr:1',
  ADD COLUMN amr text[] NOT NULL DEFAULT '{pwd}';
