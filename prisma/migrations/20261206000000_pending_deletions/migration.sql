-- Users who have asked to be deleted: when they did, when it happens, and in which language they asked.
ALTER TABLE users
  ADD COLUMN deletion_requested_at timestamptz(3),
  ADD COLUMN deletion_at timestamptz(3),
  ADD COLUMN deletion_language text;
