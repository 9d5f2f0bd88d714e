//! The vectors that every SDK runs too (`vectors/README.md`): what they sign is what the server takes.

#[cfg(test)]
mod vectors {
    use procura_crypto::signed_token::{self, Rules};
    use procura_model::{Json, Secret, Time};
    use serde_json::Value;

    fn vectors() -> Vec<Value> {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/session-token.json");
        let file: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        file["vectors"].as_array().unwrap().clone()
    }

    #[test]
    fn session_tokens_are_judged_as_the_vectors_say() {
        let vectors = vectors();
        assert!(vectors.len() > 100);
        for vector in &vectors {
            let text = |name: &str| vector[name].as_str().unwrap();
            let (name, form) = (text("name"), text("form"));
            let secrets = [Secret::new(text("secret").to_owned())];
            let now = Time::from_ms(vector["now"].as_i64().unwrap() * 1_000);
            let verdict = signed_token::verify(&Rules::new(&secrets, now), text("token"));
            assert_eq!(
                verdict.as_ref().err().map(|error| error.reason().code()),
                vector["code"].as_str(),
                "{name}, {form}"
            );
            let Ok(user) = verdict else { continue };
            let asserted = |member: &str| vector["identity"][member].as_str();
            assert_eq!(Some(user.id.as_str()), asserted("userId"), "{name}, {form}");
            assert_eq!(user.email.as_deref(), asserted("email"), "{name}, {form}");
            assert_eq!(user.role.as_deref(), asserted("role"), "{name}, {form}");
            let attributes = Json::parse(&vector["attributes"].to_string()).unwrap();
            assert_eq!(Json::Map(user.attributes), attributes, "{name}, {form}");
        }
    }
}
