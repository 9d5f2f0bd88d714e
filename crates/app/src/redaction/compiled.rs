//! The redactor of each organization. Rules that no longer compile are a fault and not left out: a rule that is skipped
//! takes nothing out.

use crate::App;
use parking_lot::Mutex;
use procura_model::{Ctx, Doing as _, RedactionEffect, RedactionRule, Result, TenantId};
use procura_screen::redact::{Custom, Redactor, Rule, RuleError};
use std::{borrow::Cow, collections::HashMap, sync::Arc};

/// Of how many organizations the compiled rules are kept at the most; then all are dropped and compiled anew.
const MAX_KEPT: usize = 10_000;

/// Redactors with the rules of organizations, each compiled once for each revision.
pub struct Redactors {
    plain: Arc<Redactor>,
    kept: Mutex<HashMap<TenantId, Compiled>>,
}

struct Compiled {
    rules: Vec<RedactionRule>,
    redactor: Arc<Redactor>,
}

impl Redactors {
    /// Redactors that know what `plain` knows, and the organization's rules.
    #[must_use]
    pub fn new(plain: Redactor) -> Self {
        Self { plain: Arc::new(plain), kept: Mutex::default() }
    }

    /// The redactor without anybody's rules.
    #[must_use]
    pub fn plain(&self) -> &Redactor {
        &self.plain
    }

    /// The redactor with these rules, the organization's as they are now.
    ///
    /// # Errors
    /// A fault when they do not compile.
    pub(crate) fn with(&self, tenant: TenantId, rules: Vec<RedactionRule>) -> Result<Arc<Redactor>> {
        if rules.is_empty() {
            return Ok(Arc::clone(&self.plain));
        }
        if let Some(same) = self.kept.lock().get(&tenant).filter(|kept| kept.rules == rules) {
            return Ok(Arc::clone(&same.redactor));
        }
        let custom = compile(&standing(&rules)).doing("compile the organization's redaction rules")?;
        let redactor = Arc::new(self.plain.with(Arc::new(custom)));
        let mut kept = self.kept.lock();
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(tenant, Compiled { rules, redactor: Arc::clone(&redactor) });
        Ok(redactor)
    }
}

/// The rules that are in force. One that allows and would not be accepted any more, because what is asked of such rules
/// has become more, is left out: then more is taken out, and never less. Where one that redacts no longer compiles,
/// nothing is left out for it.
pub(super) fn standing(rules: &[RedactionRule]) -> Vec<RedactionRule> {
    if compile(rules).is_ok() {
        return rules.to_vec();
    }
    let stands = |rule: &&RedactionRule| {
        let is_good = rule.effect == RedactionEffect::Redact || compile(std::slice::from_ref(*rule)).is_ok();
        if !is_good {
            tracing::warn!(rule.id = %rule.id, "a rule that allows would let secrets pass, and is left out");
        }
        is_good
    };
    rules.iter().filter(stands).cloned().collect()
}

/// Compiles rules together.
pub(super) fn compile(rules: &[RedactionRule]) -> Result<Custom, RuleError> {
    let of = |effect| rules.iter().filter(move |rule| rule.effect == effect);
    let redacting: Vec<Rule> = of(RedactionEffect::Redact)
        .map(|rule| Rule { name: rule.name.clone(), pattern: rule.pattern.clone() })
        .collect();
    let allowed: Vec<String> = of(RedactionEffect::Allow).map(|rule| rule.pattern.clone()).collect();
    Custom::compile(&redacting, &allowed)
}

/// The redactor of the caller's organization, as it is now.
///
/// # Errors
/// A fault when its rules cannot be read.
pub async fn redactor(app: &App, ctx: &Ctx) -> Result<Arc<Redactor>> {
    app.snapshots.redactor(&app.rows(ctx.now), ctx.tenant).await
}

/// A JSON document without the secrets in it; `null` for a text that cannot be read, so that what cannot be redacted is
/// never kept.
#[must_use]
pub fn redacted_json<'t>(redactor: &Redactor, raw: &'t str) -> Cow<'t, str> {
    redactor.redact_json(raw).map_or(Cow::Borrowed("null"), |redacted| redacted.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::{Entropy, RedactionRuleId, Time};

    fn rule(name: &str, effect: RedactionEffect, pattern: &str) -> RedactionRule {
        let at = Time::from_ms(1);
        let id = RedactionRuleId::new(at, &Entropy::seeded(1));
        let (name, pattern) = (name.to_owned(), pattern.to_owned());
        RedactionRule { id, name, effect, pattern, created_at: at, updated_at: at }
    }

    #[test]
    fn rules_are_compiled_once_for_each_revision() {
        let redactors = Redactors::new(Redactor::new());
        let tenant = TenantId::new(Time::from_ms(1), &Entropy::seeded(2));
        let one = vec![rule("badge", RedactionEffect::Redact, r"BADGE-\d{5}")];
        let first = redactors.with(tenant, one.clone()).unwrap();
        assert!(Arc::ptr_eq(&first, &redactors.with(tenant, one).unwrap()));
        assert_eq!(first.redact("his BADGE-12345").text, "his [redacted:badge]");
        let none = redactors.with(tenant, Vec::new()).unwrap();
        assert_eq!(none.redact("his BADGE-12345").text, "his BADGE-12345");
        let other = vec![rule("badge", RedactionEffect::Redact, r"BADGE-\d{6}")];
        let second = redactors.with(tenant, other).unwrap();
        assert_eq!(second.redact("BADGE-12345 BADGE-123456").text, "BADGE-12345 [redacted:badge]");
    }

    #[test]
    fn an_older_rule_that_would_let_secrets_pass_is_left_out_and_the_others_hold() {
        let redactors = Redactors::new(Redactor::new());
        let tenant = TenantId::new(Time::from_ms(1), &Entropy::seeded(2));
        let rules = vec![
            rule("badge", RedactionEffect::Redact, r"BADGE-\d{5}"),
            rule("any", RedactionEffect::Allow, "[A-Za-z0-9_]{28,}"),
            rule("demo", RedactionEffect::Allow, "demo-[a-z0-9]+"),
        ];
        let redactor = redactors.with(tenant, rules).unwrap();
        let token = ["gh", "p_", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0xL3nR6"].concat();
        let text = format!("BADGE-12345 {token} api_key=demo-9x8c7v6b5n4m");
        let expected = "[redacted:badge] [redacted:github-token] api_key=demo-9x8c7v6b5n4m";
        assert_eq!(redactor.redact(&text).text, expected);
    }

    #[test]
    fn rules_that_do_not_compile_are_a_fault() {
        let redactors = Redactors::new(Redactor::new());
        let tenant = TenantId::new(Time::from_ms(1), &Entropy::seeded(2));
        let broken = vec![rule("broken", RedactionEffect::Redact, "(")];
        assert!(redactors.with(tenant, broken).is_err());
    }
}
