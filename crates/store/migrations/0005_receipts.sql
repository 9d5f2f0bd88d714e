-- Receipts that were redeemed (VER-6), each once. A row is kept until long after the receipt has expired: then the receipt
-- is refused for that. A question that was repeated with its key has several receipts and one reservation, and of those
-- receipts one is redeemed.
CREATE TABLE redemptions (
    tenant_id TEXT NOT NULL,
    receipt_id TEXT NOT NULL,
    reservation_id TEXT,
    at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, receipt_id)
);

CREATE UNIQUE INDEX redemptions_of_reservation ON redemptions (tenant_id, reservation_id)
    WHERE reservation_id IS NOT NULL;

CREATE INDEX redemptions_due ON redemptions (expires_at);
