-- Users that were deleted, until the audit log holds nothing of them but their ids.
CREATE TABLE deleted_users (
  id uuid PRIMARY KEY,
  deleted_at timestamptz(3) NOT NULL DEFAULT now()
);
