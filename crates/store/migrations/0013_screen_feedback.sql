-- What people say of the screens (SCR-3): one row per person and trace, which names rules and source and holds no text.
CREATE TABLE screen_feedback (
    tenant_id TEXT NOT NULL REFERENCES tenants (tenant_id),
    request_id TEXT NOT NULL,
    person TEXT NOT NULL,
    judgement TEXT NOT NULL,
    channel TEXT NOT NULL,
    source TEXT NOT NULL,
    rules TEXT NOT NULL,
    given_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, request_id, person)
);

CREATE INDEX screen_feedback_by_time ON screen_feedback (tenant_id, given_at);

-- What the screens found. Without this index counting it would read the whole record of those days.
CREATE INDEX evidence_of_findings ON evidence (tenant_id, request_id, position)
    WHERE (reason IN ('PROMPT_INJECTION', 'COULD_NOT_SCAN')
           OR kind = 'outcome' AND risk <> 'none'
           OR kind = 'decision' AND facts LIKE '%"found":true%');
