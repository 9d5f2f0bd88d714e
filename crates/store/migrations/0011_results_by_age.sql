-- Holds all that is read to see which results are beyond the share of an organization, so that no body is read for it.

CREATE INDEX results_by_age ON results (tenant_id, result_id, size_bytes);
