//! Judges every record of the published corpora of users' tokens, which are not part of the repository: they are
//! looked for at `PROCURA_CORPORA`, by default beside the checkout. Where they are absent the tests say so and pass.

#[cfg(test)]
mod corpora {
    use procura_crypto::{Algorithm, JwkSet, StepOutcome, jwt, signed_token, steps::Step};
    use procura_model::{Json, Secret, Time, VerifiedUser};
    use serde_json::Value;
    use std::path::PathBuf;

    /// The records of a corpus, or nothing where it is absent.
    fn records(name: &str) -> Option<Vec<Value>> {
        #[expect(clippy::disallowed_methods, reason = "a test finds the corpora by the environment")]
        let root = std::env::var("PROCURA_CORPORA").map_or_else(
            |_| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
            PathBuf::from,
        );
        let path = root.join(name);
        let Ok(text) = std::fs::read_to_string(&path) else {
            println!("SKIPPED: no corpus at {}; set PROCURA_CORPORA", path.display());
            return None;
        };
        Some(text.lines().map(|line| serde_json::from_str(line).expect("a record is JSON")).collect())
    }

    fn text<'r>(record: &'r Value, name: &str) -> &'r str {
        record[name].as_str().expect("a text")
    }

    fn number<N: TryFrom<u64>>(config: &Value, name: &str) -> N {
        N::try_from(config[name].as_u64().expect("a number")).ok().expect("a number in range")
    }

    fn time(config: &Value) -> Time {
        Time::from_ms(config["now"].as_i64().expect("a time") * 1_000)
    }

    struct Verdict {
        code: &'static str,
        user: Option<VerifiedUser>,
        steps: Vec<Step>,
    }

    /// Counts what is as expected; what is contested is counted apart and may differ.
    fn score(name: &str, judge: impl Fn(&Value) -> Verdict) {
        let Some(records) = records(name) else { return };
        let (mut right, mut contested, mut differing) = (0, 0, Vec::new());
        for record in &records {
            let verdict = judge(record);
            let is_accepted = verdict.code == "accept";
            let fits = match text(record, "expect") {
                "not_accept" => !is_accepted,
                expected => verdict.code == expected,
            };
            if record["contested"].as_bool() == Some(true) {
                contested += 1;
                if !fits {
                    differing.push(text(record, "name").to_owned());
                }
                continue;
            }
            assert!(fits, "{}: {} where {} is expected", record["name"], verdict.code, record["expect"]);
            let failed = verdict.steps.iter().filter(|step| step.outcome == StepOutcome::Failed).count();
            assert_eq!(failed, usize::from(!is_accepted), "{}: the steps say something else", record["name"]);
            if let (Some(user), Some(identity)) = (&verdict.user, record.get("identity")) {
                assert_user(user, identity, &record["attributes"]);
            }
            right += 1;
        }
        assert!(right > 0);
        println!("{name}: {right} right, {contested} contested, of which differing: {differing:?}");
    }

    fn assert_user(user: &VerifiedUser, identity: &Value, attributes: &Value) {
        assert_eq!(user.id, text(identity, "userId"));
        assert_eq!(user.email.as_deref(), identity["email"].as_str());
        assert_eq!(user.role.as_deref(), identity["role"].as_str());
        let ours: Value =
            serde_json::from_str(&Json::Map(user.attributes.clone()).canonical()).expect("JSON");
        let theirs =
            if attributes.is_null() { Value::Object(serde_json::Map::new()) } else { attributes.clone() };
        assert_eq!(ours, theirs);
    }

    #[test]
    fn every_signed_token_of_the_corpus_gets_its_code_and_its_user() {
        score("session-token/dev.jsonl", |record| {
            let config = &record["config"];
            let secrets = [Secret::new(text(config, "secret").to_owned())];
            let rules = signed_token::Rules {
                leeway_seconds: number(config, "leeway"),
                max_lifetime_seconds: number(config, "max_lifetime"),
                max_bytes: number(config, "max_token_bytes"),
                max_depth: number(config, "max_depth"),
                ..signed_token::Rules::new(&secrets, time(config))
            };
            let verdict = signed_token::verify(&rules, text(record, "token"));
            let code = verdict.as_ref().map_or_else(|error| error.reason().code(), |_| "accept");
            Verdict { code, steps: signed_token::steps(&verdict), user: verdict.ok() }
        });
    }

    #[test]
    fn every_jwt_of_the_corpus_gets_its_code() {
        score("jwt/dev.jsonl", |record| {
            let config = &record["config"];
            let keys = JwkSet::parse(&record["jwks"].to_string()).unwrap_or_default();
            let names = config["algs"].as_array().expect("a list");
            let algorithms: Vec<_> =
                names.iter().filter_map(|name| Algorithm::by_name(name.as_str()?)).collect();
            let rules = jwt::Rules {
                algorithms: &algorithms,
                leeway_seconds: number(config, "leeway"),
                max_bytes: number(config, "max_token_bytes"),
                ..jwt::Rules::new(text(config, "iss"), text(config, "aud"), time(config))
            };
            let verdict = jwt::verify(&rules, &keys, text(record, "token"));
            let code = verdict.as_ref().map_or_else(|error| error.reason().code(), |_| "accept");
            Verdict { code, steps: jwt::steps(&verdict), user: verdict.ok() }
        });
    }
}
