-- Decisions that a permission in shadow would have changed (VER-5): their target is that permission. Few rows, and
-- without this index counting them would read the whole record.
CREATE INDEX evidence_of_shadows ON evidence (tenant_id, request_id, position)
    WHERE kind = 'decision' AND target IS NOT NULL;
