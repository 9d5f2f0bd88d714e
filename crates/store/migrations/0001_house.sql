-- Written in PostgreSQL's words. For SQLite the loader (src/migrate.rs) swaps BYTEA, BIGINT, BOOLEAN and the
-- identity column, and makes each table STRICT; "-- rows in key order" makes one WITHOUT ROWID.
-- Times are milliseconds since 1970, documents are JSON text, secrets are SHA-256 digests.

CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE tenants (
    tenant_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE accounts (
    account_id TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE members (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    role TEXT NOT NULL,
    joined_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, account_id)
);

CREATE INDEX members_of_account ON members (account_id);

CREATE TABLE console_sessions (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    session_id TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    digest BYTEA NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    last_seen_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, session_id)
);

CREATE INDEX console_sessions_of_account ON console_sessions (tenant_id, account_id);

CREATE TABLE links (
    digest BYTEA NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    tenant_id TEXT,
    account_id TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE TABLE invitations (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    invitation_id TEXT NOT NULL,
    digest BYTEA NOT NULL UNIQUE,
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    invited_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    revoked_at BIGINT,
    PRIMARY KEY (tenant_id, invitation_id)
);

CREATE TABLE agents (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    agent_id TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    provider TEXT NOT NULL,
    owner_id TEXT,
    status TEXT NOT NULL,
    policy_version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT,
    PRIMARY KEY (tenant_id, agent_id),
    UNIQUE (tenant_id, name)
);

CREATE TABLE credentials (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    credential_id TEXT NOT NULL,
    agent_id TEXT,
    name TEXT NOT NULL,
    preview TEXT NOT NULL,
    scopes TEXT NOT NULL,
    digest BYTEA NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT,
    PRIMARY KEY (tenant_id, credential_id),
    FOREIGN KEY (tenant_id, agent_id) REFERENCES agents (tenant_id, agent_id)
);

CREATE INDEX credentials_of_agent ON credentials (tenant_id, agent_id);

CREATE TABLE permissions (
    tenant_id TEXT NOT NULL,
    permission_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, permission_id),
    FOREIGN KEY (tenant_id, agent_id) REFERENCES agents (tenant_id, agent_id)
);

CREATE INDEX permissions_of_agent ON permissions (tenant_id, agent_id);

CREATE TABLE approvals (
    tenant_id TEXT NOT NULL,
    approval_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    user_ref TEXT,
    digest BYTEA NOT NULL,
    canonical_ask TEXT NOT NULL,
    policy_version BIGINT NOT NULL,
    permission_id TEXT,
    sentence TEXT NOT NULL,
    state TEXT NOT NULL,
    asked_in TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    decided_by TEXT,
    decided_at BIGINT,
    consumed_in TEXT,
    PRIMARY KEY (tenant_id, approval_id),
    FOREIGN KEY (tenant_id, agent_id) REFERENCES agents (tenant_id, agent_id)
);

-- One ask waits once, however often it is repeated.
CREATE UNIQUE INDEX approvals_waiting ON approvals (tenant_id, agent_id, digest, policy_version)
    WHERE state = 'waiting';

CREATE INDEX approvals_of_ask ON approvals (tenant_id, agent_id, digest);

CREATE INDEX approvals_by_state ON approvals (tenant_id, state, approval_id);

CREATE INDEX approvals_due ON approvals (expires_at)
    WHERE state IN ('waiting', 'granted');

CREATE TABLE servers (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    server_id TEXT NOT NULL,
    name TEXT NOT NULL,
    transport TEXT NOT NULL,
    settings TEXT NOT NULL,
    sealed_credential BYTEA,
    enabled BOOLEAN NOT NULL,
    from_file BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, server_id),
    UNIQUE (tenant_id, name)
);

-- The record (AUD-1). Written by every request, changed by none. Only the first row of a request says where it
-- came from.
CREATE TABLE evidence (
    tenant_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    method TEXT,
    path TEXT,
    ip TEXT,
    user_agent TEXT,
    kind TEXT NOT NULL,
    agent_id TEXT,
    user_ref TEXT,
    target TEXT,
    action TEXT,
    resource TEXT,
    verdict TEXT,
    reason TEXT,
    risk TEXT,
    status BIGINT,
    duration_us BIGINT,
    approval_id TEXT,
    facts TEXT NOT NULL,
    PRIMARY KEY (tenant_id, request_id, position)
); -- rows in key order

CREATE INDEX evidence_of_agent ON evidence (tenant_id, agent_id, request_id, position)
    WHERE kind = 'decision';

-- Changes, as against the steps of a call; the list of kinds stands in src/evidence.rs too.
CREATE INDEX evidence_of_changes ON evidence (tenant_id, request_id, position)
    WHERE kind NOT IN ('request.answered', 'decision', 'intent', 'egress', 'outcome');

-- Events on their way to webhooks (WHK-1), written in the transaction of the change.
CREATE TABLE outbox (
    tenant_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    lease_until BIGINT,
    PRIMARY KEY (tenant_id, event_id)
);

CREATE INDEX outbox_due ON outbox (due_at)
    WHERE state = 'due';

-- What every node must stop believing (SES-1); seq is handed out before the commit, so readers look back.
CREATE TABLE revocations (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX revocations_by_time ON revocations (created_at);

-- The rest of a truncated tool result (RED-2).
CREATE TABLE results (
    tenant_id TEXT NOT NULL,
    result_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    body BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, result_id)
);

CREATE INDEX results_due ON results (expires_at);

CREATE TABLE idempotency (
    tenant_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    digest BYTEA NOT NULL,
    request_id TEXT NOT NULL,
    status BIGINT,
    body BYTEA,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, actor, name)
);

CREATE INDEX idempotency_due ON idempotency (expires_at);
