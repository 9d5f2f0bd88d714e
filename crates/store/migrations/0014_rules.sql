-- Counts up with every change of the organization's guardrails and budgets: a receipt names the version by which it was
-- decided, and is redeemed only while it is the same (VER-6).
ALTER TABLE tenants ADD COLUMN rules_version BIGINT NOT NULL DEFAULT 1;
