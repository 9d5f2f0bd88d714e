-- Agents that register themselves at a guarded API (AGT-2). Claim tokens, links and keys are digests; the code that a
-- person types is too short for one, so a keyed code stands for it. Where a person is known by an address, it is sealed,
-- and known again by a keyed code.

-- scope is what the newest credential has, generation counts claims. A registration outlives its API, as history.
CREATE TABLE agent_registrations (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    registration_id TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    name TEXT NOT NULL,
    claim_digest BYTEA UNIQUE,
    issuer TEXT,
    subject TEXT,
    account_id TEXT,
    sealed_claimant BYTEA,
    scope TEXT NOT NULL,
    workspaces TEXT NOT NULL,
    address TEXT NOT NULL,
    generation BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    claimed_at BIGINT,
    ended_at BIGINT,
    PRIMARY KEY (tenant_id, registration_id)
);

CREATE INDEX agent_registrations_due ON agent_registrations (expires_at) WHERE state = 'unclaimed';

CREATE INDEX agent_registrations_of_subject ON agent_registrations (tenant_id, issuer, subject)
    WHERE issuer IS NOT NULL;

CREATE INDEX agent_registrations_of_resource ON agent_registrations (tenant_id, resource_id, registration_id);

-- One try to have a registration claimed. Of one registration at most one waits or was granted.
CREATE TABLE claim_attempts (
    tenant_id TEXT NOT NULL,
    attempt_id TEXT NOT NULL,
    registration_id TEXT NOT NULL,
    code_digest BYTEA NOT NULL UNIQUE,
    link_digest BYTEA UNIQUE,
    sealed_claimant BYTEA,
    claimant_code BYTEA,
    state TEXT NOT NULL,
    tries BIGINT NOT NULL,
    interval_seconds BIGINT NOT NULL,
    polled_at BIGINT,
    scope TEXT NOT NULL,
    account_id TEXT,
    address TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, attempt_id),
    FOREIGN KEY (tenant_id, registration_id) REFERENCES agent_registrations (tenant_id, registration_id)
);

CREATE UNIQUE INDEX claim_attempts_open ON claim_attempts (tenant_id, registration_id)
    WHERE state IN ('waiting', 'granted');

CREATE INDEX claim_attempts_of ON claim_attempts (tenant_id, registration_id, attempt_id);

CREATE INDEX claim_attempts_due ON claim_attempts (expires_at);

-- Credentials of guarded APIs. form tells a key that lasts from a token that an assertion was exchanged for.
CREATE TABLE api_keys (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    key_id TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    registration_id TEXT,
    form TEXT NOT NULL,
    name TEXT NOT NULL,
    preview TEXT NOT NULL,
    digest BYTEA NOT NULL UNIQUE,
    scope TEXT NOT NULL,
    workspaces TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT,
    PRIMARY KEY (tenant_id, key_id),
    FOREIGN KEY (tenant_id, registration_id) REFERENCES agent_registrations (tenant_id, registration_id)
);

CREATE INDEX api_keys_of_resource ON api_keys (tenant_id, resource_id, key_id);

CREATE INDEX api_keys_of_registration ON api_keys (tenant_id, registration_id) WHERE registration_id IS NOT NULL;

CREATE INDEX api_keys_over ON api_keys (expires_at) WHERE expires_at IS NOT NULL;

-- How often something was done from somewhere in an hour: a limit that every node keeps, and that holds after a restart.
CREATE TABLE registration_counts (
    tenant_id TEXT NOT NULL,
    bucket TEXT NOT NULL,
    hour BIGINT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, bucket, hour)
);
