use super::*;
use serde_json::Value;

fn vectors() -> Vec<Value> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/webhook.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    file["vectors"].as_array().unwrap().clone()
}

fn judge(row: &Value, secrets: &[&str], tolerance: u64) -> Result<Delivery, WebhookError> {
    let headers = row["headers"].as_object().unwrap();
    let header = |name: &str| {
        let found = headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| value.as_str())
    };
    let body = STANDARD.decode(row["body"].as_str().unwrap()).unwrap();
    verify_webhook_signature_at(&body, header, secrets, (row["now"].as_i64().unwrap(), tolerance))
}

fn secrets(row: &Value) -> Vec<&str> {
    row["secrets"].as_array().unwrap().iter().filter_map(Value::as_str).collect()
}

#[test]
fn every_vector_is_taken_or_refused_as_it_says() {
    let vectors = vectors();
    assert!(vectors.len() > 50);
    for row in &vectors {
        let judged = judge(row, &secrets(row), USUAL_TOLERANCE);
        assert_eq!(judged.is_ok(), row["accepted"] == true, "{}: {judged:?}", row["name"]);
        if let Ok(delivery) = judged {
            assert_eq!(delivery.id.as_deref(), row["id"].as_str(), "{}", row["name"]);
            assert_eq!(Some(delivery.timestamp), row["timestamp"].as_i64(), "{}", row["name"]);
        }
    }
}

#[test]
fn the_time_is_that_of_the_machine_and_the_tolerance_the_callers() {
    let vectors = vectors();
    let good = vectors.iter().find(|row| row["name"] == "the oldest that is taken").unwrap();
    assert!(judge(good, &secrets(good), 300).is_ok());
    assert_eq!(judge(good, &secrets(good), 299), Err(WebhookError::Time));
    let header = |name: &str| good["headers"][name].as_str();
    let body = STANDARD.decode(good["body"].as_str().unwrap()).unwrap();
    // The vectors were signed on a day of 2026, and it is another second now.
    assert_eq!(verify_webhook_signature(&body, header, &secrets(good)), Err(WebhookError::Time));
}

#[test]
fn a_secret_that_is_none_is_refused_whatever_was_sent() {
    let vectors = vectors();
    let good = vectors.iter().find(|row| row["name"] == "as it is sent").unwrap();
    for secret in ["", "whsec_", "whsec_AAAA", "whsec_not base64 at all, and long enough"] {
        assert_eq!(judge(good, &[secret], 300), Err(WebhookError::Secret), "{secret}");
    }
    assert_eq!(judge(good, &[], 300), Err(WebhookError::Secret));
}
