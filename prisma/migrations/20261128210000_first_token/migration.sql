-- When the client got its first token at the token endpoint, so that its page can say that it works. NULL until then.
ALTER TABLE "clients" ADD COLUMN "first_token_at" TIMESTAMPTZ(3);
