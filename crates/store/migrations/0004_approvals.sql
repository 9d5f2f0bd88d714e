-- Approvals in depth (APR-1, APR-2): how often a grant may be used, in which task it was asked, how many people must
-- agree, what each of them said, and links by which one of them answers on another device.

ALTER TABLE approvals ADD COLUMN task TEXT;
ALTER TABLE approvals ADD COLUMN scope TEXT;
ALTER TABLE approvals ADD COLUMN uses BIGINT NOT NULL DEFAULT 0;
-- NULL is as often as there is time; whoever does not know of this column grants one use.
ALTER TABLE approvals ADD COLUMN max_uses BIGINT DEFAULT 1;
ALTER TABLE approvals ADD COLUMN quorum BIGINT NOT NULL DEFAULT 1;
ALTER TABLE approvals ADD COLUMN agreed BIGINT NOT NULL DEFAULT 0;

CREATE TABLE approval_answers (
    tenant_id TEXT NOT NULL,
    approval_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    answer TEXT NOT NULL,
    terms TEXT,
    method TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, approval_id, account_id),
    FOREIGN KEY (tenant_id, approval_id) REFERENCES approvals (tenant_id, approval_id)
);

-- A link is for one approval and one person, and works once.
CREATE TABLE approval_links (
    digest BYTEA NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    approval_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    FOREIGN KEY (tenant_id, approval_id) REFERENCES approvals (tenant_id, approval_id)
);

CREATE INDEX approval_links_due ON approval_links (expires_at);
