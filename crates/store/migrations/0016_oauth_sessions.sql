-- The authorization server, second part (OAU): what ends with a trusted issuer, which clients an organization keeps
-- out, what a guarded API has its tokens signed with, and how clients by document are counted.

-- Whose assertion began a session. alike is a digest of issuer, subject, client, agent and resource: the next assertion
-- that says the same goes on with the session.
ALTER TABLE oauth_sessions ADD COLUMN issuer_id TEXT;

ALTER TABLE oauth_sessions ADD COLUMN alike BYTEA;

CREATE INDEX oauth_sessions_of_issuer ON oauth_sessions (tenant_id, issuer_id)
    WHERE issuer_id IS NOT NULL;

CREATE UNIQUE INDEX oauth_sessions_asserted ON oauth_sessions (tenant_id, alike)
    WHERE alike IS NOT NULL AND revoked_at IS NULL;

-- Without it, what the operator set.
ALTER TABLE oauth_resources ADD COLUMN signing_alg TEXT;

-- Clients of the deployment that nobody in the organization may let in. The client need not be known yet.
CREATE TABLE oauth_client_blocks (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    block_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, block_id),
    UNIQUE (tenant_id, client_id)
);

CREATE INDEX oauth_clients_documents ON oauth_clients (client_id)
    WHERE kind = 'document';

CREATE INDEX oauth_clients_documents_unused_of ON oauth_clients (registered_from)
    WHERE used_at IS NULL AND kind = 'document';
