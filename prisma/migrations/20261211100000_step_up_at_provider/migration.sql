-- What a browser that comes back from a provider is to do: sign_in, link or step_up.
ALTER TABLE provider_transactions ADD COLUMN purpose TEXT NOT NULL DEFAULT 'sign_in';
UPDATE provider_transactions SET purpose = 'link' WHERE user_id IS NOT NULL;
