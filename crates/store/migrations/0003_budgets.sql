-- Limits over time (VER-3): what the organization set, what was allowed and waits for its outcome, and the ledgers on
-- which both are counted.

CREATE TABLE budgets (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    budget_id TEXT NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, budget_id),
    UNIQUE (tenant_id, name)
);

CREATE TABLE reservations (
    tenant_id TEXT NOT NULL,
    reservation_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    user_ref TEXT,
    request_id TEXT NOT NULL,
    permission_id TEXT,
    action TEXT NOT NULL,
    held BIGINT,
    currency TEXT,
    actual BIGINT,
    state TEXT NOT NULL,
    is_late BOOLEAN NOT NULL,
    is_over BOOLEAN NOT NULL,
    retry_key TEXT,
    digest BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    commit_by BIGINT NOT NULL,
    settled_at BIGINT,
    PRIMARY KEY (tenant_id, reservation_id),
    FOREIGN KEY (tenant_id, agent_id) REFERENCES agents (tenant_id, agent_id)
);

CREATE INDEX reservations_by_state ON reservations (tenant_id, state, reservation_id);

CREATE INDEX reservations_of_agent ON reservations (tenant_id, agent_id, reservation_id);

CREATE INDEX reservations_due ON reservations (commit_by)
    WHERE state = 'held';

CREATE INDEX reservations_by_key ON reservations (tenant_id, agent_id, retry_key)
    WHERE retry_key IS NOT NULL;

-- The lock of a ledger: whoever counts on it takes this row first, so that nobody adds up a sum that another is
-- changing. latest is the latest time at which anybody did.
CREATE TABLE ledgers (
    tenant_id TEXT NOT NULL,
    ledger TEXT NOT NULL,
    version BIGINT NOT NULL,
    latest BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, ledger)
); -- rows in key order

-- One row for each reservation on each ledger; until is when what is held lapses by itself.
CREATE TABLE ledger_entries (
    tenant_id TEXT NOT NULL,
    ledger TEXT NOT NULL,
    at BIGINT NOT NULL,
    reservation_id TEXT NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT,
    calls BIGINT NOT NULL,
    until BIGINT,
    PRIMARY KEY (tenant_id, ledger, at, reservation_id)
); -- rows in key order

CREATE INDEX ledger_entries_of_reservation ON ledger_entries (tenant_id, reservation_id);
