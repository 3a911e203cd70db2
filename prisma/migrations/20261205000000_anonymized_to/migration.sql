-- How far the events of a deleted user are done, so that none is read twice. The last hour before the deletion is read once more, an
-- hour after it: transactions that were under way may have written there.
ALTER TABLE deleted_users
  ADD COLUMN anonymized_to timestamptz(3) NOT NULL DEFAULT '1970-01-01T00:00:00Z',
  ADD COLUMN is_last_pass boolean NOT NULL DEFAULT false;
