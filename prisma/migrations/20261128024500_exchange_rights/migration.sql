-- What a client may do with the tokens of users that it acts for. Off for every client, those that are registered already included.
ALTER TABLE "clients"
    ADD COLUMN "may_carry_roles" BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN "may_unbind_tokens" BOOLEAN NOT NULL DEFAULT false;
