-- Verified users (USR, SES). Nothing that identifies a user stands here in clear: a user is a pseudonym, and what a
-- token said of one is sealed.

-- The secret store (VLT-6): values of the customer's that must be used again, sealed and never given out.
CREATE TABLE secrets (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    secret_id TEXT NOT NULL,
    purpose TEXT NOT NULL,
    subject TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    retires_at BIGINT,
    PRIMARY KEY (tenant_id, secret_id)
);

CREATE INDEX secrets_of_subject ON secrets (tenant_id, purpose, subject);

-- By which one method the users of an agent are verified (USR-1).
CREATE TABLE user_auth (
    tenant_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    method TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, agent_id),
    FOREIGN KEY (tenant_id, agent_id) REFERENCES agents (tenant_id, agent_id)
);

-- sealed_user is forgotten when the session ends; token_code is an HMAC of the user's token, by which a token is known
-- again whose session was revoked.
CREATE TABLE agent_sessions (
    tenant_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    user_ref TEXT NOT NULL,
    digest BYTEA NOT NULL UNIQUE,
    sealed_user BYTEA,
    token_code BYTEA NOT NULL,
    method TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    last_used_at BIGINT,
    PRIMARY KEY (tenant_id, session_id),
    FOREIGN KEY (tenant_id, agent_id) REFERENCES agents (tenant_id, agent_id)
);

CREATE INDEX agent_sessions_of_user ON agent_sessions (tenant_id, agent_id, user_ref);

CREATE INDEX agent_sessions_due ON agent_sessions (expires_at);

-- Of whom it is still known who they are.
CREATE INDEX agent_sessions_known ON agent_sessions (expires_at)
    WHERE sealed_user IS NOT NULL;

CREATE INDEX agent_sessions_revoked ON agent_sessions (tenant_id, agent_id, token_code)
    WHERE revoked_at IS NOT NULL;
