//! What an identity callback may answer (USR-4): `{"userId": string, "email"?: string, "role"?: string,
//! "attributes"?: object}` and nothing else. A member that the contract does not know is a wrong answer and not a spare
//! one: what one side means and the other passes over decides who somebody is.

use crate::claims::{self, ClaimError, Claims, ObjectError, SubjectError};
use procura_model::{Json, VerifiedUser};

/// Everything that may stand in an answer.
const MEMBERS: [&str; 4] = ["userId", "email", "role", "attributes"];

/// Why an answer cannot be used. Says nothing of what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// No object.
    #[error(transparent)]
    Content(#[from] ObjectError),
    /// A member of the wrong type.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// Attributes that are none.
    #[error("`attributes` is not an object")]
    NotAttributes,
    /// One too many.
    #[error("it has a member other than userId, email, role and attributes")]
    UnknownMember,
    /// Nobody.
    #[error("`userId` names nobody: {0}")]
    Subject(#[from] SubjectError),
}

/// Whom the answer names.
///
/// # Errors
/// [`AnswerError`] when it is not exactly what was agreed.
pub fn read(body: &[u8]) -> Result<VerifiedUser, AnswerError> {
    let claims = Claims::read(body, claims::MAX_DEPTH)?;
    let id = claims::user_id(claims.member("userId"))?;
    let email = claims.text("email", "`email`")?;
    let role = claims.text("role", "`role`")?;
    let attributes = match claims.member("attributes") {
        None => Vec::new(),
        Some(Json::Map(members)) => members.clone(),
        Some(_) => return Err(AnswerError::NotAttributes),
    };
    if !claims.into_attributes(&MEMBERS).is_empty() {
        return Err(AnswerError::UnknownMember);
    }
    Ok(VerifiedUser { id, email, role, attributes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_a_user_and_perhaps_what_is_known_of_them() {
        let user =
            read(br#"{"userId":"u-1","email":"a@b.example","role":"r","attributes":{"plan":"pro","a":[1]}}"#);
        let user = user.unwrap();
        assert_eq!((user.id.as_str(), user.email.as_deref()), ("u-1", Some("a@b.example")));
        assert_eq!((user.role.as_deref(), user.attributes.len()), (Some("r"), 2));
        assert_eq!(user.fact("user.attributes.plan"), Some(Json::Text("pro".to_owned())));
        assert_eq!(
            read(br#" {"userId":"u"} "#).unwrap(),
            VerifiedUser { id: "u".to_owned(), ..VerifiedUser::default() }
        );
    }

    #[test]
    fn anything_else_is_a_wrong_answer() {
        for (body, error) in [
            ("", AnswerError::Content(ObjectError::NotJson)),
            ("<html>", AnswerError::Content(ObjectError::NotJson)),
            ("\u{feff}{}", AnswerError::Content(ObjectError::NotJson)),
            (r#""u-1""#, AnswerError::Content(ObjectError::NotObject)),
            (r#"{"userId":"u","userId":"v"}"#, AnswerError::Content(ObjectError::Duplicate)),
            (r#"{"userId":"u","attributes":{"a":1,"a":2}}"#, AnswerError::Content(ObjectError::Duplicate)),
            ("{}", AnswerError::Subject(SubjectError::Missing)),
            (r#"{"userId":7}"#, AnswerError::Subject(SubjectError::NotText)),
            (r#"{"userId":" "}"#, AnswerError::Subject(SubjectError::Blank)),
            (r#"{"userId":"u","email":null}"#, AnswerError::Claim(ClaimError::NotText("`email`"))),
            (r#"{"userId":"u","role":["r"]}"#, AnswerError::Claim(ClaimError::NotText("`role`"))),
            (r#"{"userId":"u","attributes":null}"#, AnswerError::NotAttributes),
            (r#"{"userId":"u","attributes":[]}"#, AnswerError::NotAttributes),
            (r#"{"userId":"u","user_id":"v"}"#, AnswerError::UnknownMember),
            (r#"{"userId":"u","success":true}"#, AnswerError::UnknownMember),
        ] {
            assert_eq!(read(body.as_bytes()), Err(error), "{body}");
        }
        let nested = |lists: usize| {
            format!(r#"{{"userId":"u","attributes":{{"a":{}{}}}}}"#, "[".repeat(lists), "]".repeat(lists))
        };
        assert!(read(nested(30).as_bytes()).is_ok());
        assert_eq!(read(nested(31).as_bytes()), Err(AnswerError::Content(ObjectError::TooDeep)));
    }
}
