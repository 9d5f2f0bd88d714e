//! Who the user of a session is, as it lies sealed in the store: one JSON document.

use procura_model::{Error, Json, Result, VerifiedUser};

/// What is being done when a profile cannot be read.
const READING: &str = "read the user of a session";

/// The document of a user.
pub(super) fn write(user: &VerifiedUser) -> String {
    let text = |text: &Option<String>| text.clone().map_or(Json::Null, Json::Text);
    Json::Map(vec![
        ("attributes".to_owned(), Json::Map(user.attributes.clone())),
        ("email".to_owned(), text(&user.email)),
        ("id".to_owned(), Json::Text(user.id.clone())),
        ("role".to_owned(), text(&user.role)),
    ])
    .canonical()
}

/// The user of a document.
///
/// # Errors
/// A fault for anything that [`write`] did not write; it quotes nothing.
pub(super) fn read(document: &str) -> Result<VerifiedUser> {
    let wrong = || Error::fault(READING, "the sealed document has another form");
    let Ok(Json::Map(members)) = Json::parse(document) else { return Err(wrong()) };
    let mut user = VerifiedUser::default();
    for (name, value) in members {
        match (name.as_str(), value) {
            ("attributes", Json::Map(attributes)) => user.attributes = attributes,
            ("id", Json::Text(id)) => user.id = id,
            ("email", Json::Text(email)) => user.email = Some(email),
            ("role", Json::Text(role)) => user.role = Some(role),
            ("email" | "role", Json::Null) => {}
            _ => return Err(wrong()),
        }
    }
    if user.id.is_empty() { Err(wrong()) } else { Ok(user) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_reads_back_as_it_was_written() {
        let Ok(Json::Map(attributes)) = Json::parse(r#"{"n":1.50,"plan":{"name":"pro"},"x":null}"#) else {
            panic!("an object");
        };
        let ada = VerifiedUser {
            id: "u\"1".to_owned(),
            email: Some("ada@example.com".to_owned()),
            role: None,
            attributes,
        };
        assert_eq!(read(&write(&ada)).unwrap(), ada);
        let bare = VerifiedUser { id: "u".to_owned(), ..VerifiedUser::default() };
        assert_eq!(read(&write(&bare)).unwrap(), bare);
    }

    #[test]
    fn another_document_is_a_fault_that_quotes_nothing() {
        for text in ["", "[]", "{}", r#"{"id":7}"#, r#"{"id":"u-secret","other":1}"#] {
            let error = format!("{:?}", read(text).unwrap_err());
            assert!(error.contains(READING) && !error.contains("u-secret"), "{error}");
        }
    }
}
