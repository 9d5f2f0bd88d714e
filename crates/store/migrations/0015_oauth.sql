-- The authorization server (OAU). Clients are rows of the deployment where they registered themselves, and an
-- organization's where a person made them; grants, sessions, codes and tokens are always an organization's. Secrets of
-- every kind are digests here, but for what must be used again, which is sealed.

-- The keys that access tokens are signed with. One signs from signs_from until the next one does; each stays published
-- until what it signed is over.
CREATE TABLE oauth_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    algorithm TEXT NOT NULL,
    public_jwk TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    generation BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    signs_from BIGINT NOT NULL,
    published_until BIGINT,
    UNIQUE (algorithm, generation)
);

-- client_id is cli_.. or the URL of a client id metadata document. fingerprint finds an identical registration of a
-- client without secrets again; registered_from is a code of the address it came from. What was removed stays as a row
-- that nobody finds, for what hangs on it.
CREATE TABLE oauth_clients (
    client_id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT REFERENCES tenants (tenant_id),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    metadata TEXT NOT NULL,
    agent_id TEXT,
    fingerprint BYTEA,
    registered_from TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    used_at BIGINT,
    disabled_at BIGINT,
    removed_at BIGINT,
    FOREIGN KEY (tenant_id, agent_id) REFERENCES agents (tenant_id, agent_id)
);

CREATE INDEX oauth_clients_of_tenant ON oauth_clients (tenant_id, client_id);

CREATE UNIQUE INDEX oauth_clients_alike ON oauth_clients (registered_from, fingerprint)
    WHERE fingerprint IS NOT NULL;

CREATE INDEX oauth_clients_unused ON oauth_clients (created_at)
    WHERE used_at IS NULL AND kind <> 'manual';

CREATE INDEX oauth_clients_unused_of ON oauth_clients (registered_from)
    WHERE used_at IS NULL AND kind = 'registered';

-- A bcrypt hash, itself sealed.
CREATE TABLE oauth_client_secrets (
    client_id TEXT NOT NULL REFERENCES oauth_clients (client_id) ON DELETE CASCADE,
    secret_id TEXT NOT NULL,
    sealed_hash BYTEA NOT NULL,
    preview TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    PRIMARY KEY (client_id, secret_id)
);

-- APIs that an organization guards with this server. The identifier is what stands in `resource` and `aud`.
CREATE TABLE oauth_resources (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    resource_id TEXT NOT NULL,
    identifier TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, resource_id)
);

-- Whose ID-JAGs an organization believes.
CREATE TABLE oauth_issuers (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    issuer_id TEXT NOT NULL,
    issuer TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, issuer_id),
    UNIQUE (tenant_id, issuer)
);

-- What a person allowed a client: to act as this agent.
CREATE TABLE oauth_grants (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    grant_id TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    agent_id TEXT NOT NULL,
    client_id TEXT NOT NULL REFERENCES oauth_clients (client_id),
    scope TEXT NOT NULL,
    resources TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (tenant_id, grant_id),
    FOREIGN KEY (tenant_id, agent_id) REFERENCES agents (tenant_id, agent_id)
);

CREATE UNIQUE INDEX oauth_grants_live ON oauth_grants (tenant_id, account_id, client_id, agent_id)
    WHERE revoked_at IS NULL;

CREATE INDEX oauth_grants_of_client ON oauth_grants (client_id);

CREATE INDEX oauth_grants_of_account ON oauth_grants (account_id);

-- The family that tokens hang on: one sign-in of a client, or a client's standing session without a person. scope and
-- resources are what was granted; a token may have less. parent_id is the session of the token that was exchanged for
-- tokens of this one (RFC 8693), actor_id that of the token which said who acts: with either, this one ends.
CREATE TABLE oauth_sessions (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    session_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    grant_id TEXT,
    parent_id TEXT,
    actor_id TEXT,
    client_id TEXT NOT NULL REFERENCES oauth_clients (client_id),
    agent_id TEXT NOT NULL,
    account_id TEXT,
    subject TEXT NOT NULL,
    scope TEXT NOT NULL,
    resources TEXT NOT NULL,
    dpop_jkt TEXT,
    auth_time BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT,
    revoked_for TEXT,
    PRIMARY KEY (tenant_id, session_id),
    FOREIGN KEY (tenant_id, agent_id) REFERENCES agents (tenant_id, agent_id),
    FOREIGN KEY (tenant_id, grant_id) REFERENCES oauth_grants (tenant_id, grant_id)
);

CREATE INDEX oauth_sessions_of_grant ON oauth_sessions (tenant_id, grant_id);

CREATE INDEX oauth_sessions_of_client ON oauth_sessions (client_id);

CREATE INDEX oauth_sessions_of_account ON oauth_sessions (account_id, tenant_id);

CREATE INDEX oauth_sessions_due ON oauth_sessions (expires_at);

-- A client without a person has one standing session for each agent.
CREATE UNIQUE INDEX oauth_sessions_standing ON oauth_sessions (tenant_id, client_id, agent_id)
    WHERE kind = 'client' AND revoked_at IS NULL;

-- A client that exchanges tokens of one session again and again has one session for them.
CREATE UNIQUE INDEX oauth_sessions_exchanged
    ON oauth_sessions (tenant_id, parent_id, client_id, agent_id, COALESCE(actor_id, ''))
    WHERE kind = 'exchange' AND revoked_at IS NULL;

-- A used code stays, so that a replay is known for one; what it issued hangs on session_id.
CREATE TABLE oauth_codes (
    digest BYTEA NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    challenge TEXT NOT NULL,
    resources TEXT NOT NULL,
    dpop_jkt TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    replays BIGINT NOT NULL,
    replayed_at BIGINT,
    FOREIGN KEY (tenant_id, session_id) REFERENCES oauth_sessions (tenant_id, session_id)
);

CREATE INDEX oauth_codes_due ON oauth_codes (expires_at);

-- One live refresh token for each session. sealed_reply is what was answered when it was used, for a client whose answer
-- was lost; it is forgotten with the grace.
CREATE TABLE oauth_refresh_tokens (
    digest BYTEA NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    generation BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    request_code BYTEA,
    sealed_reply BYTEA,
    replays BIGINT NOT NULL,
    replayed_at BIGINT,
    UNIQUE (tenant_id, session_id, generation),
    FOREIGN KEY (tenant_id, session_id) REFERENCES oauth_sessions (tenant_id, session_id)
);

CREATE INDEX oauth_refresh_tokens_due ON oauth_refresh_tokens (expires_at);

-- Opaque access tokens, and signed ones that were revoked before their time (then without a digest).
CREATE TABLE oauth_access_tokens (
    tenant_id TEXT NOT NULL,
    token_id TEXT NOT NULL,
    digest BYTEA UNIQUE,
    session_id TEXT NOT NULL,
    claims TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (tenant_id, token_id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES oauth_sessions (tenant_id, session_id)
);

CREATE INDEX oauth_access_tokens_due ON oauth_access_tokens (expires_at);

CREATE INDEX oauth_access_tokens_revoked ON oauth_access_tokens (tenant_id, session_id)
    WHERE revoked_at IS NOT NULL;

-- Authorization requests that were pushed (RFC 9126).
CREATE TABLE oauth_pushed (
    digest BYTEA NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL,
    parameters TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    opened_at BIGINT,
    used_at BIGINT
);

-- Devices that wait for a person (RFC 8628).
CREATE TABLE oauth_devices (
    device_digest BYTEA NOT NULL PRIMARY KEY,
    user_digest BYTEA NOT NULL UNIQUE,
    client_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    resources TEXT NOT NULL,
    state TEXT NOT NULL,
    interval_seconds BIGINT NOT NULL,
    polled_at BIGINT,
    tenant_id TEXT,
    session_id TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

-- What may be seen once: the jti of assertions and proofs, under a digest of whose it is.
CREATE TABLE oauth_seen (
    digest BYTEA NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE INDEX oauth_seen_due ON oauth_seen (expires_at);

-- When the person of a console session last proved who they are; changing the organization does not. Without it, when
-- the session began.
ALTER TABLE console_sessions ADD COLUMN auth_time BIGINT;
