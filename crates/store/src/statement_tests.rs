use super::*;
use crate::{db::Dialect, record, testing};

fn lists() -> Vec<(&'static str, &'static [Statement])> {
    vec![
        ("accounts", crate::accounts::STATEMENTS),
        ("agent_sessions", crate::agent_sessions::STATEMENTS),
        ("agent_registrations", crate::agent_registrations::STATEMENTS),
        ("api_keys", crate::api_keys::STATEMENTS),
        ("claim_attempts", crate::claim_attempts::STATEMENTS),
        ("lobby_agent_auth", crate::lobby_agent_auth::STATEMENTS),
        ("registration_counts", crate::registration_counts::STATEMENTS),
        ("agents", crate::agents::STATEMENTS),
        ("approval_answers", crate::approval_answers::STATEMENTS),
        ("approval_links", crate::approval_links::STATEMENTS),
        ("approvals", crate::approvals::STATEMENTS),
        ("budgets", crate::budgets::STATEMENTS),
        ("console_sessions", crate::console_sessions::STATEMENTS),
        ("credentials", crate::credentials::STATEMENTS),
        ("entities", crate::entities::STATEMENTS),
        ("evidence", crate::evidence::STATEMENTS),
        ("guardrails", crate::guardrails::STATEMENTS),
        ("history", crate::history::STATEMENTS),
        ("idempotency", crate::idempotency::STATEMENTS),
        ("invitations", crate::invitations::STATEMENTS),
        ("ledgers", crate::ledgers::STATEMENTS),
        ("lobby", crate::lobby::STATEMENTS),
        ("lobby_budgets", crate::lobby_budgets::STATEMENTS),
        ("lobby_oauth_devices", crate::lobby_oauth_devices::STATEMENTS),
        ("lobby_oauth_people", crate::lobby_oauth_people::STATEMENTS),
        ("lobby_oauth_pushed", crate::lobby_oauth_pushed::STATEMENTS),
        ("lobby_oauth", crate::lobby_oauth::STATEMENTS),
        ("lobby_passports", crate::lobby_passports::STATEMENTS),
        ("lobby_oauth_clients", crate::lobby_oauth_clients::STATEMENTS),
        ("lobby_oauth_seen", crate::lobby_oauth_seen::STATEMENTS),
        ("lobby_approvals", crate::lobby_approvals::STATEMENTS),
        ("lobby_meta", crate::lobby_meta::STATEMENTS),
        ("lobby_users", crate::lobby_users::STATEMENTS),
        ("members", crate::members::STATEMENTS),
        ("oauth_grants", crate::oauth_grants::STATEMENTS),
        ("oauth_clients", crate::oauth_clients::STATEMENTS),
        ("oauth_issuers", crate::oauth_issuers::STATEMENTS),
        ("oauth_resources", crate::oauth_resources::STATEMENTS),
        ("oauth_access", crate::oauth_access::STATEMENTS),
        ("oauth_codes", crate::oauth_codes::STATEMENTS),
        ("oauth_refresh", crate::oauth_refresh::STATEMENTS),
        ("oauth_sessions", crate::oauth_sessions::STATEMENTS),
        ("outbox", crate::outbox::STATEMENTS),
        ("passports", crate::passports::STATEMENTS),
        ("permissions", crate::permissions::STATEMENTS),
        ("reservations", crate::reservations::STATEMENTS),
        ("redemptions", crate::redemptions::STATEMENTS),
        ("redaction_rules", crate::redaction_rules::STATEMENTS),
        ("results", crate::results::STATEMENTS),
        ("revocations", crate::revocations::STATEMENTS),
        ("screen_feedback", crate::screen_feedback::STATEMENTS),
        ("secrets", crate::secrets::STATEMENTS),
        ("servers", crate::servers::STATEMENTS),
        ("tenants", crate::tenants::STATEMENTS),
        ("tx", crate::tx::STATEMENTS),
        ("user_auth", crate::user_auth::STATEMENTS),
    ]
}

async fn prepare_all(store: &crate::Store, dialect: Dialect) {
    let mut texts: Vec<_> =
        lists().iter().flat_map(|(_, list)| list.iter()).map(|one| (one.doing, one.sql)).collect();
    texts.extend((1..=record::MAX_ROWS).map(|rows| ("write the record", record::insert_text(rows, dialect))));
    let mut broken = Vec::new();
    for (doing, sql) in texts {
        match store.db().prepare(sql).await {
            Err(error) => broken.push(format!("{doing}: {error}")),
            Ok(types) => broken.extend(
                types
                    .iter()
                    .filter(|kind| !["TEXT", "INT8", "BOOL", "BYTEA"].contains(&kind.as_str()))
                    .map(|kind| format!("{doing}: a value of the type {kind}")),
            ),
        }
    }
    assert!(broken.is_empty(), "{dialect:?}: {broken:#?}");
    store.close().await;
}

#[tokio::test]
async fn every_statement_prepares_on_both() {
    prepare_all(&testing::fresh_sqlite().await, Dialect::Sqlite).await;
    if testing::has_postgres() {
        prepare_all(&testing::fresh_postgres().await, Dialect::Postgres).await;
    } else {
        eprintln!("NOT TESTED on PostgreSQL: TEST_POSTGRES_URL is not set");
    }
}

/// The files of this crate that are no tests, with their texts.
fn sources() -> Vec<(String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_file()
            && !name.ends_with("_tests.rs")
            && !["house.rs", "testing.rs"].contains(&name.as_str())
        {
            files.push((name, std::fs::read_to_string(path).unwrap()));
        }
    }
    assert!(files.len() > 20);
    files
}

#[test]
fn every_module_that_has_statements_is_listed_above() {
    let listed: Vec<String> = lists().iter().map(|(module, _)| format!("{module}.rs")).collect();
    for (name, text) in sources() {
        let has = text.contains("\nstatements! {");
        assert_eq!(has, listed.contains(&name), "{name}");
    }
}

#[test]
fn no_text_of_sql_stands_outside_of_the_macro() {
    for (name, text) in sources() {
        if ["db.rs", "migrate.rs", "record.rs", "statement.rs"].contains(&name.as_str()) {
            continue;
        }
        let outside = match text.split_once("\nstatements! {") {
            Some((before, rest)) => before.to_owned() + rest.split_once("\n}\n").unwrap().1,
            None => text,
        };
        for word in ["SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM", "sqlx::query", "raw_sql"] {
            assert!(!outside.contains(word), "{name} has {word} outside of statements!");
        }
    }
}

#[test]
fn every_statement_outside_the_lobby_is_bound_to_the_tenant() {
    for (module, list) in lists() {
        for statement in list {
            let text = statement.sql.split_whitespace().collect::<Vec<_>>().join(" ");
            let bound = text.contains("tenant_id = $1");
            let inserts = text.starts_with("INSERT INTO")
                && text.contains(" (tenant_id, ")
                && text.contains("VALUES ($1, ");
            assert!(module.starts_with("lobby") || bound || inserts, "{} is not bound", statement.doing);
        }
    }
}

#[test]
fn no_statement_uses_what_one_database_lacks() {
    for statement in lists().iter().flat_map(|(_, list)| list.iter()) {
        // A sum is a NUMERIC on PostgreSQL, so it is cast, as house.md section 4 has it.
        let sql = statement.sql.replace("CAST(COALESCE(SUM(", "CAST(COALESCE(");
        for word in ["NOW()", "now()", "ILIKE", "SKIP LOCKED", "FOR UPDATE", "jsonb", "ARRAY", "SUM("] {
            assert!(!sql.contains(word), "{} uses {word}", statement.doing);
        }
        assert!(!statement.sql.contains('?'), "{} has a nameless parameter", statement.doing);
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one list")]
fn the_lobby_holds_these_statements_and_no_others() {
    let names: Vec<&str> = crate::lobby::STATEMENTS
        .iter()
        .chain(crate::lobby_meta::STATEMENTS)
        .chain(crate::lobby_approvals::STATEMENTS)
        .chain(crate::lobby_users::STATEMENTS)
        .chain(crate::lobby_budgets::STATEMENTS)
        .chain(crate::lobby_passports::STATEMENTS)
        .chain(crate::lobby_oauth_clients::STATEMENTS)
        .chain(crate::lobby_oauth_seen::STATEMENTS)
        .chain(crate::lobby_oauth_pushed::STATEMENTS)
        .chain(crate::lobby_oauth_devices::STATEMENTS)
        .chain(crate::lobby_oauth::STATEMENTS)
        .chain(crate::lobby_oauth_people::STATEMENTS)
        .chain(crate::lobby_agent_auth::STATEMENTS)
        .map(|statement| statement.doing.rsplit(':').next().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "CREDENTIAL_BY_DIGEST",
            "SESSION_BY_DIGEST",
            "ACCOUNT_BY_EMAIL",
            "ACCOUNT_BY_ID",
            "INSERT_ACCOUNT",
            "MEMBERSHIPS",
            "INSERT_LINK",
            "PEEK_LINK",
            "CONSUME_LINK",
            "PEEK_INVITATION",
            "CONSUME_INVITATION",
            "TENANTS",
            "HAS_OWNER",
            "LEASE_OUTBOX",
            "PRUNE_OUTBOX",
            "REVOCATIONS_SINCE",
            "LAST_REVOCATION",
            "PRUNE_REVOCATIONS",
            "EXPIRE_APPROVALS",
            "PRUNE_RESULTS",
            "PRUNE_REDEMPTIONS",
            "PRUNE_IDEMPOTENCY",
            "REVOKE_OTHER_SESSIONS",
            "PRUNE_SESSIONS",
            "PRUNE_LINKS",
            "FORGET_USERS",
            "PRUNE_AGENT_SESSIONS",
            "META_GET",
            "META_SET",
            "META_CLAIM",
            "PEEK_APPROVAL_LINK",
            "PRUNE_APPROVAL_LINKS",
            "USER_AUTH_OF_AGENT",
            "PRUNE_SECRETS",
            "RESERVATIONS_DUE",
            "PASSPORT_BY_TOKEN",
            "OAUTH_CLIENT",
            "OAUTH_CLIENT_SECRETS",
            "OAUTH_CLIENT_ALIKE",
            "OAUTH_CLIENTS_UNUSED",
            "INSERT_OAUTH_CLIENT",
            "INSERT_OAUTH_CLIENT_SECRET",
            "PUT_OAUTH_DOCUMENT",
            "TOUCH_OAUTH_CLIENT",
            "PRUNE_OAUTH_CLIENTS",
            "OAUTH_RESOURCE",
            "OAUTH_SEE_ONCE",
            "PRUNE_OAUTH_SEEN",
            "INSERT_PUSHED",
            "OPEN_PUSHED",
            "CONSUME_PUSHED",
            "PRUNE_PUSHED",
            "INSERT_DEVICE",
            "WAITING_DEVICE",
            "ANSWER_DEVICE",
            "GRANTED_DEVICE",
            "TAKE_DEVICE",
            "SLOW_DEVICE",
            "POLL_DEVICE",
            "PRUNE_DEVICES",
            "CODE_BY_DIGEST",
            "REFRESH_BY_DIGEST",
            "ACCESS_BY_DIGEST",
            "KEYS",
            "INSERT_KEY",
            "RETIRE_KEYS",
            "PRUNE_OAUTH_REFRESH",
            "FORGET_REPLIES",
            "PRUNE_OAUTH_CODES",
            "PRUNE_OAUTH_ACCESS",
            "PRUNE_OAUTH_SESSIONS",
            "PRUNE_OAUTH_KEYS",
            "REVOKE_GRANTS",
            "REVOKE_SESSIONS",
            "TELL",
            "API_KEY_BY_DIGEST",
            "RESOURCE_BY_ID",
            "ATTEMPT_BY_CODE",
            "ATTEMPT_BY_LINK",
            "REGISTRATION_BY_CLAIM_TOKEN",
            "EXPIRE_REGISTRATIONS",
            "PRUNE_CLAIM_ATTEMPTS",
            "PRUNE_API_TOKENS",
            "PRUNE_REGISTRATION_COUNTS",
        ],
        "a statement that knows no tenant needs a reason in decisions.md 2"
    );
}
