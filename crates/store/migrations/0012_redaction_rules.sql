-- An organization's own patterns of what is secret, and of what is not although it looks so (RED-1).

CREATE TABLE redaction_rules (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    rule_id TEXT NOT NULL,
    name TEXT NOT NULL,
    effect TEXT NOT NULL,
    pattern TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, rule_id),
    UNIQUE (tenant_id, name)
);
