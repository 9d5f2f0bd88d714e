//! What a replay of recorded decisions cannot know (VER-5): records name a user by a pseudonym, so a condition
//! that compares with a fact of the user cannot be asked again.

use crate::{
    condition::{Operand, Test},
    decide::{Policy, named},
    rule::Cover,
    subject::Subject,
};
use procura_model::{Ask, Time};

impl Policy {
    /// Whether the answer to an ask could hang on a fact of its verified user (`user.id`, `user.role`, ..) with
    /// which a condition of a permission that covers the ask compares. The user for whom a permission is
    /// (`user`) is no such condition.
    #[must_use]
    pub fn compares_with_user(&self, ask: &Ask, now: Time) -> bool {
        let Ok(subject) = Subject::new(named(ask), now) else { return false };
        let covers = |cover| matches!(cover, Cover::Whole | Cover::ResourceUnknown);
        self.candidates(&subject).filter(|rule| !rule.is_shadow).any(|rule| {
            let mut tests = rule.conditions.iter().map(|check| &check.test);
            tests.any(|test| matches!(test, Test::Eq(Operand::User(_)) | Test::Ne(Operand::User(_))))
                && covers(rule.covers(&subject))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::Permission;

    #[test]
    fn only_a_condition_of_a_permission_that_covers_the_ask_counts() {
        let permissions: Vec<Permission> = serde_json::from_str(
            r#"[{"effect":"allow","actions":["read"],"conditions":[{"path":"args.id","op":"eq","ref":"user.id"}]},
                {"effect":"block","actions":["drop"],"resources":["db/*"],
                 "conditions":[{"path":"args.role","op":"ne","ref":"user.role"}]},
                {"effect":"allow","actions":["pay"],"user":"ada",
                 "conditions":[{"path":"args.to","op":"ne","ref":"args.from"},{"path":"args.n","op":"lt","value":3}]},
                {"effect":"allow","actions":["try"],"shadow":true,
                 "conditions":[{"path":"args.id","op":"eq","ref":"user.id"}]}]"#,
        )
        .unwrap();
        let policy = Policy::compile(1, &permissions);
        let compares = |action: &str, resource: Option<&str>| {
            let ask =
                Ask { action: action.to_owned(), resource: resource.map(str::to_owned), ..Ask::default() };
            policy.compares_with_user(&ask, Time::from_ms(0))
        };
        assert!(compares("read", None));
        assert!(compares("drop", Some("db/users")));
        assert!(compares("drop", None), "a block that names resources holds against an ask that names none");
        assert!(!compares("drop", Some("file/a")));
        assert!(!compares("pay", None));
        assert!(!compares("try", None), "a permission in shadow decides nothing");
        assert!(!compares("other", None));
    }
}
