-- Whether a user has signed in from a network is one look into this index, however many sessions there are.
CREATE INDEX "refresh_token_families_user_id_sign_in_network_created_at_idx"
  ON "refresh_token_families"("user_id", "sign_in_network", "created_at");
