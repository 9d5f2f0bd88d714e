-- Receipts that were redeemed (VER-6), each once. A row is kept until long after the receipt has expired: then the receipt
-- is refused for that.
CREATE TABLE redemptions (
    tenant_id TEXT NOT NULL,
    receipt_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, receipt_id)
);

CREATE INDEX redemptions_due ON redemptions (expires_at);
