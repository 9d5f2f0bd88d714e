//! How an API learns for which user it is called: an assertion of ours, or headers with places. Nothing
//! is sent about a user half: a fact that a header needs and the user lacks stops the call.

use super::headers::{self, Use};
use procura_crypto::Disclosure;
use procura_model::{
    Json, VerifiedUser,
    api_server::{UserClaim, UserForward},
};

const MAX_HEADERS: usize = 16;
const MAX_AUDIENCE_BYTES: usize = 512;

/// What is told of the user.
#[derive(Clone, Debug)]
pub enum Forward {
    /// Nothing.
    Nothing,
    /// A signed assertion.
    Assertion {
        /// In this header.
        header: String,
        /// For this audience.
        audience: String,
        /// With this beside the id.
        disclosure: Disclosure,
    },
    /// Headers with places.
    Headers(Vec<(String, Template)>),
}

impl Forward {
    /// Reads a declaration; the error says which member must be what.
    pub(super) fn compile(forward: &UserForward) -> Result<Self, String> {
        match forward {
            UserForward::None => Ok(Self::Nothing),
            UserForward::Assertion { header, audience, claims } => {
                let header = named(header, "user.header")?;
                if !(1..=MAX_AUDIENCE_BYTES).contains(&audience.len()) || !headers::is_value(audience) {
                    return Err(
                        "user.audience must be 1 to 512 visible characters, such as the API's URL".to_owned()
                    );
                }
                let has = |claim| claims.contains(&claim);
                let disclosure = match (has(UserClaim::Email), has(UserClaim::Role)) {
                    (true, true) => Disclosure::EmailAndRole,
                    (true, false) => Disclosure::Email,
                    (false, true) => Disclosure::Role,
                    (false, false) => Disclosure::IdAlone,
                };
                Ok(Self::Assertion { header, audience: audience.clone(), disclosure })
            }
            UserForward::Headers { headers } => {
                if !(1..=MAX_HEADERS).contains(&headers.len()) {
                    return Err("user.headers must hold 1 to 16 headers".to_owned());
                }
                let read = headers.iter().map(|(name, template)| {
                    let at = format!(
                        "user.headers.{}",
                        name.chars().filter(|c| !c.is_control()).take(64).collect::<String>()
                    );
                    let template = Template::parse(template).map_err(|must| format!("{at} {must}"))?;
                    Ok((named(name, &at)?, template))
                });
                let read = read.collect::<Result<Vec<(String, Template)>, String>>()?;
                let mut names: Vec<&str> = read.iter().map(|(name, _)| name.as_str()).collect();
                names.sort_unstable();
                names.dedup();
                if names.len() < read.len() {
                    return Err("user.headers must not name the same header twice".to_owned());
                }
                Ok(Self::Headers(read))
            }
        }
    }

    /// The headers that it sets.
    pub(super) fn header_names(&self) -> Vec<&str> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Assertion { header, .. } => vec![header],
            Self::Headers(headers) => headers.iter().map(|(name, _)| name.as_str()).collect(),
        }
    }
}

fn named(header: &str, at: &str) -> Result<String, String> {
    headers::name(header, Use::Server).ok_or_else(|| {
        format!("{at} must be a header that a call may set, not one of the connection or routing")
    })
}

/// A text with places such as `{{user.id}}`.
#[derive(Clone, Debug)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    Fixed(String),
    Fact(String),
}

impl Template {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let mut pieces = Vec::new();
        let mut rest = text;
        if !headers::is_value(text) {
            return Err("must be visible ASCII without blanks at its ends");
        }
        while let Some((fixed, after)) = rest.split_once("{{") {
            let (fact, after) = after.split_once("}}").ok_or("must close every {{ with }}")?;
            let fact = fact.trim();
            let is_path = |path: &str| !path.split('.').any(str::is_empty);
            let is_known = matches!(fact, "user.id" | "user.email" | "user.role")
                || fact.strip_prefix("user.attributes.").is_some_and(is_path);
            if !is_known {
                return Err(
                    "must use user.id, user.email, user.role or user.attributes. and a path between {{ and }}",
                );
            }
            pieces.push(Piece::Fixed(fixed.to_owned()));
            pieces.push(Piece::Fact(fact.to_owned()));
            rest = after;
        }
        if rest.contains("}}") || pieces.is_empty() {
            return Err("must hold a place such as {{user.id}}");
        }
        pieces.push(Piece::Fixed(rest.to_owned()));
        Ok(Self(pieces))
    }

    /// The text for this user.
    ///
    /// # Errors
    /// The fact that the user lacks, or that cannot stand in a header.
    pub fn fill(&self, user: &VerifiedUser) -> Result<String, &str> {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Fixed(text) => out.push_str(text),
                Piece::Fact(fact) => {
                    let value = match user.fact(fact) {
                        Some(Json::Text(text)) => text,
                        Some(Json::Number(digits)) => digits.into(),
                        Some(Json::Bool(value)) => value.to_string(),
                        Some(Json::Null | Json::List(_) | Json::Map(_)) | None => return Err(fact),
                    };
                    if value.is_empty() || !headers::is_value(&value) {
                        return Err(fact);
                    }
                    out.push_str(&value);
                }
            }
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: &str) -> VerifiedUser {
        let attributes = vec![("plan".to_owned(), Json::parse(r#"{"seats":3}"#).unwrap())];
        VerifiedUser { id: id.to_owned(), attributes, ..VerifiedUser::default() }
    }

    #[test]
    fn places_are_filled_and_what_cannot_be_sent_stops_the_call() {
        let template = Template::parse("id={{ user.id }};seats={{user.attributes.plan.seats}}").unwrap();
        assert_eq!(template.fill(&user("ada")).as_deref(), Ok("id=ada;seats=3"));
        for id in ["a\r\nx-admin: 1", "é", " a", ""] {
            assert_eq!(template.fill(&user(id)), Err("user.id"), "{id:?}");
        }
        assert_eq!(Template::parse("{{user.email}}").unwrap().fill(&user("a")), Err("user.email"));
        assert_eq!(
            Template::parse("{{user.attributes.plan}}").unwrap().fill(&user("a")),
            Err("user.attributes.plan")
        );
        for text in
            ["", "fixed", "{{user.name}}", "{{user.id", "user.id}}", "{{user.attributes.}}", "a\n{{user.id}}"]
        {
            assert!(Template::parse(text).is_err(), "{text:?}");
        }
    }
}
