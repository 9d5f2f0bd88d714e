-- Cedar policies of the organization, above all permissions (VER-2).

CREATE TABLE guardrails (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    guardrail_id TEXT NOT NULL,
    name TEXT NOT NULL,
    policy TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, guardrail_id),
    UNIQUE (tenant_id, name)
);
