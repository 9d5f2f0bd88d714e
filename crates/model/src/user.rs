//! End users of the customer's product: who a verified token says that somebody is, and how they are
//! named where nobody needs to know (USR-6, USR-7).
//!
//! What identifies a person (id, e-mail, role, attributes) is in [`VerifiedUser`], which shows nothing of
//! itself. Records, logs, lists and pages name a user by [`UserRef`], a pseudonym.

use crate::{agent::UserRef, entropy::Entropy, ids::SessionId, json::Json, time::Time};
use std::{fmt, sync::Arc};

/// How long a user's id may be, in bytes.
pub const MAX_USER_ID_BYTES: usize = 256;

/// What the customer asserts about an end user, proven by a token (USR-1).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct VerifiedUser {
    /// The customer's own id of the user: 1 to [`MAX_USER_ID_BYTES`] bytes, not blank.
    pub id: String,
    /// The e-mail address, where it was asserted.
    pub email: Option<String>,
    /// The role, where it was asserted.
    pub role: Option<String>,
    /// Everything else that was asserted: free-form, and untrusted as text. Sorted by name, as in [`Json::Map`].
    pub attributes: Vec<(String, Json)>,
}

impl VerifiedUser {
    /// The fact that a path such as `user.id`, `user.email`, `user.role` or `user.attributes.plan` names.
    #[must_use]
    pub fn fact(&self, path: &str) -> Option<Json> {
        let text = |text: &String| Json::Text(text.clone());
        match path.strip_prefix("user.")? {
            "id" => Some(text(&self.id)),
            "email" => self.email.as_ref().map(text),
            "role" => self.role.as_ref().map(text),
            other => {
                let (name, rest) = match other.strip_prefix("attributes.")?.split_once('.') {
                    Some((name, rest)) => (name, Some(rest)),
                    None => (other.strip_prefix("attributes.")?, None),
                };
                let index = self.attributes.binary_search_by(|(key, _)| key.as_str().cmp(name)).ok()?;
                let (_, value) = self.attributes.get(index)?;
                rest.map_or(Some(value), |rest| value.at(rest)).cloned()
            }
        }
    }
}

impl fmt::Debug for VerifiedUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifiedUser([personal])")
    }
}

/// The user for whom an agent acts in a live session (SES-1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActingUser {
    /// The pseudonym: the one name that records and pages show.
    pub reference: UserRef,
    /// The session on which all of this hangs.
    pub session: SessionId,
    /// Who it is.
    pub user: Arc<VerifiedUser>,
}

impl ActingUser {
    /// Somebody of this id in no real session: for judging a policy offline.
    #[must_use]
    pub fn supposed(user: VerifiedUser) -> Self {
        let session = SessionId::new(Time::from_ms(0), &Entropy::seeded(0));
        Self { reference: UserRef(format!("usr_{:0>32}", "")), session, user: Arc::new(user) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_found_by_path_and_nothing_is_shown() {
        let Json::Map(attributes) = Json::parse(r#"{"plan":{"name":"pro"},"team":"a"}"#).unwrap() else {
            panic!("an object");
        };
        let user =
            VerifiedUser { id: "u-1".to_owned(), email: None, role: Some("customer".to_owned()), attributes };
        let text = |path: &str| user.fact(path).and_then(|value| value.as_text().map(str::to_owned));
        assert_eq!(text("user.id").as_deref(), Some("u-1"));
        assert_eq!(text("user.role").as_deref(), Some("customer"));
        assert_eq!(text("user.attributes.team").as_deref(), Some("a"));
        assert_eq!(text("user.attributes.plan.name").as_deref(), Some("pro"));
        for path in ["user.email", "user.attributes.none", "user.attributes", "user.other", "id"] {
            assert_eq!(user.fact(path), None, "{path}");
        }
        assert!(!format!("{user:?}").contains("u-1"));
    }
}
