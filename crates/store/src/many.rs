//! Statements over many rows at once: the texts that the queue of records needs, and the only generated SQL in the house
//! (decisions.md 21). Each is built once for each number of rows.

use crate::{db::Dialect, record};
use std::sync::OnceLock;

/// How many rows one statement takes at the most.
pub(crate) const MAX_ROWS: usize = 64;

/// The text of one statement, for each number of rows.
pub(crate) struct Many {
    /// How it begins, up to the rows.
    head: &'static str,
    /// The kinds of the columns, for what cannot tell them from where they go.
    columns: &'static [&'static str],
    /// How it goes on after the rows.
    tail: &'static str,
    sqlite: [OnceLock<String>; MAX_ROWS],
    postgres: [OnceLock<String>; MAX_ROWS],
}

/// Rows of the record.
pub(crate) static EVIDENCE: Many = Many::new(
    "INSERT INTO evidence
            (tenant_id, request_id, position, at, actor, method, path, ip, user_agent, kind, agent_id, user_ref, target,
             action, resource, verdict, reason, risk, status, duration_us, approval_id, facts)
     VALUES ",
    &[""; record::COLUMNS],
    "",
);

/// Opaque access tokens.
pub(crate) static ACCESS_TOKENS: Many = Many::new(
    "INSERT INTO oauth_access_tokens (tenant_id, token_id, digest, session_id, claims, created_at, expires_at)
     VALUES ",
    &[""; 7],
    "",
);

/// The next links of chains of refresh tokens.
pub(crate) static REFRESH_TOKENS: Many = Many::new(
    "INSERT INTO oauth_refresh_tokens
            (tenant_id, digest, session_id, client_id, generation, created_at, expires_at, replays)
     VALUES ",
    &[""; 8],
    "",
);

/// Uses refresh tokens whose sessions stand as they were seen to: of many who show one token, one uses it. What does not
/// come back was not used.
pub(crate) static ROTATE: Many = Many::new(
    "WITH shown (of, token, holder, at, request, reply, hangs_on, scoped, ruled) AS (VALUES ",
    &["TEXT", "BYTEA", "TEXT", "BIGINT", "BYTEA", "BYTEA", "TEXT", "TEXT", "TEXT"],
    ")
     UPDATE oauth_refresh_tokens
        SET used_at = shown.at, request_code = shown.request, sealed_reply = shown.reply
       FROM shown
       JOIN oauth_sessions s ON s.tenant_id = shown.of AND s.session_id = shown.hangs_on
       JOIN oauth_clients c ON c.client_id = s.client_id
       JOIN agents a ON a.tenant_id = s.tenant_id AND a.agent_id = s.agent_id
       LEFT JOIN oauth_grants g ON g.tenant_id = s.tenant_id AND g.grant_id = s.grant_id
       LEFT JOIN members m ON m.tenant_id = s.tenant_id AND m.account_id = s.account_id
       LEFT JOIN oauth_client_blocks b ON b.tenant_id = s.tenant_id AND b.client_id = s.client_id
      WHERE oauth_refresh_tokens.tenant_id = shown.of
        AND oauth_refresh_tokens.digest = shown.token
        AND oauth_refresh_tokens.client_id = shown.holder
        AND oauth_refresh_tokens.session_id = shown.hangs_on
        AND oauth_refresh_tokens.used_at IS NULL
        AND oauth_refresh_tokens.expires_at > shown.at
        AND s.revoked_at IS NULL
        AND s.expires_at > shown.at
        AND s.scope = shown.scoped
        AND c.disabled_at IS NULL
        AND b.client_id IS NULL
        AND a.status = 'enabled'
        AND g.revoked_at IS NULL
        AND COALESCE(m.role, '') = shown.ruled
  RETURNING oauth_refresh_tokens.digest",
);

/// Every one, for the tests.
#[cfg(test)]
pub(crate) static ALL: [(&str, &Many); 4] = [
    ("EVIDENCE", &EVIDENCE),
    ("ACCESS_TOKENS", &ACCESS_TOKENS),
    ("REFRESH_TOKENS", &REFRESH_TOKENS),
    ("ROTATE", &ROTATE),
];

impl Many {
    const fn new(head: &'static str, columns: &'static [&'static str], tail: &'static str) -> Self {
        Self {
            head,
            columns,
            tail,
            sqlite: [const { OnceLock::new() }; MAX_ROWS],
            postgres: [const { OnceLock::new() }; MAX_ROWS],
        }
    }

    /// The text for so many rows, from 1 to [`MAX_ROWS`].
    pub(crate) fn text(&'static self, rows: usize, dialect: Dialect) -> &'static str {
        let texts = match dialect {
            Dialect::Sqlite => &self.sqlite,
            Dialect::Postgres => &self.postgres,
        };
        texts.get(rows.saturating_sub(1)).map_or("", |text| text.get_or_init(|| self.build(rows, dialect)))
    }

    fn build(&self, rows: usize, dialect: Dialect) -> String {
        let mut number = 0_usize;
        let mut parameter = |kind: &&str| {
            number += 1;
            match (dialect, *kind) {
                (Dialect::Sqlite, _) => "?".to_owned(),
                (Dialect::Postgres, "") => format!("${number}"),
                (Dialect::Postgres, kind) => format!("CAST(${number} AS {kind})"),
            }
        };
        let tuples: Vec<String> = (0..rows)
            .map(|_| format!("({})", self.columns.iter().map(&mut parameter).collect::<Vec<_>>().join(", ")))
            .collect();
        format!("{}{}{}", self.head, tuples.join(", "), self.tail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_parameter_for_each_column_of_each_row() {
        for (name, many) in ALL {
            for rows in [1, 2, MAX_ROWS] {
                let wanted = rows * many.columns.len();
                assert_eq!(many.text(rows, Dialect::Sqlite).matches('?').count(), wanted, "{name}");
                let postgres = many.text(rows, Dialect::Postgres);
                assert_eq!(postgres.matches('$').count(), wanted, "{name}");
                assert!(postgres.contains(&format!("${wanted}")), "{name}");
            }
            assert_eq!(many.text(MAX_ROWS + 1, Dialect::Sqlite), "", "{name}");
        }
    }
}
