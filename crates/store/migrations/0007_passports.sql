-- One passport for each agent: the public view of its permissions, opened by a token of which only the digest is kept.
-- Rotating replaces the digest, so the old token names nothing from then on.
CREATE TABLE passports (
    tenant_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    passport_id TEXT NOT NULL UNIQUE,
    digest BYTEA NOT NULL UNIQUE,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    rotated_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (tenant_id, agent_id),
    FOREIGN KEY (tenant_id, agent_id) REFERENCES agents (tenant_id, agent_id)
);
