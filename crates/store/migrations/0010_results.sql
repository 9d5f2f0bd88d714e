-- The rest of a cut result belongs to the session in which it was got, and an organization keeps only its share (RED-2).

ALTER TABLE results ADD COLUMN session_id TEXT;
ALTER TABLE results ADD COLUMN size_bytes BIGINT NOT NULL DEFAULT 0;
