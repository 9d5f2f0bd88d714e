use super::*;

fn read(text: &str) -> Result<Question> {
    Question::read(&Json::parse(text).unwrap())
}

fn refused(text: &str) -> String {
    let error = read(text).unwrap_err();
    assert_eq!(error.reason(), Reason::FieldInvalid, "{text}");
    error.sentence().to_owned()
}

const WHOLE: &str =
    r#""subject":{"type":"user","id":"a"},"action":{"name":"read"},"resource":{"type":"r","id":"1"}"#;

#[test]
fn unknown_members_mean_nothing() {
    let plain = read(&format!("{{{WHOLE}}}")).unwrap();
    let more = read(
        r#"{"subject":{"type":"user","id":"a","identity":7},"action":{"name":"read","x":[]},
            "resource":{"type":"r","id":"1","ownerID":"a"},"extra":null}"#,
    );
    assert_eq!(more.unwrap(), plain);
}

#[test]
fn known_members_of_another_type_are_named() {
    for (text, named) in [
        (r#"{}"#, "subject is missing"),
        (r#"{"subject":7}"#, "subject must be an object"),
        (r#"{"subject":{"id":"a"}}"#, "subject.type is missing"),
        (r#"{"subject":{"type":"user","id":7}}"#, "subject.id must be a string"),
        (r#"{"subject":{"type":"user","id":""}}"#, "subject.id must be a string that is not empty"),
        (r#"{"subject":{"type":"user","id":"a","properties":null}}"#, "subject.properties must be an object"),
        (r#"{"subject":{"type":"user","id":"a"},"action":{"name":1}}"#, "action.name must be a string"),
        (r#"{"subject":{"type":"user","id":"a"},"action":"read"}"#, "action must be an object"),
        (
            r#"{"subject":{"type":"user","id":"a"},"action":{"name":"read"},"resource":{"type":"r"}}"#,
            "resource.id is missing",
        ),
    ] {
        assert!(refused(text).contains(named), "{text}: {}", refused(text));
    }
    assert!(refused(&format!("{{{WHOLE},\"context\":[]}}")).contains("context must be an object"));
}

#[test]
fn an_item_stands_over_what_stands_above_and_is_not_mixed_with_it() {
    let text = format!(
        r#"{{{WHOLE},"context":{{"a":1}},"evaluations":[{{}},
            {{"resource":{{"type":"r","id":"2"}},"context":{{"b":2}}}},
            {{"resource":{{"type":"r"}}}}, {{"action":{{"name":1}}}}]}}"#
    );
    let batch = Batch::read(&Json::parse(&text).unwrap()).unwrap().unwrap();
    let [first, second, third, fourth] = batch.items.as_slice() else { panic!("four items") };
    let (first, second) = (first.as_ref().unwrap(), second.as_ref().unwrap());
    assert_eq!(first.resource.name.id, "1");
    assert_eq!(second.resource.name.id, "2");
    assert_eq!(second.context.keys().collect::<Vec<_>>(), ["b"]);
    assert!(third.as_ref().unwrap_err().sentence().contains("resource.id is missing"));
    assert!(fourth.is_err());
    assert_eq!(batch.until, Until::All);
}

#[test]
fn a_request_without_questions_is_one_question() {
    for text in ["{}", r#"{"evaluations":[]}"#, r#"{"options":{}}"#] {
        assert!(Batch::read(&Json::parse(text).unwrap()).unwrap().is_none(), "{text}");
    }
    for text in [
        r#"{"evaluations":{}}"#,
        r#"{"evaluations":null}"#,
        r#"{"options":[]}"#,
        r#"{"options":{"evaluations_semantic":"maybe"},"evaluations":[{}]}"#,
        r#"{"options":{"evaluations_semantic":1}}"#,
    ] {
        assert!(Batch::read(&Json::parse(text).unwrap()).is_err(), "{text}");
    }
    let many = format!("{{\"evaluations\":[{}]}}", vec!["{}"; MAX_EVALUATIONS + 1].join(","));
    assert!(Batch::read(&Json::parse(&many).unwrap()).is_err());
    let until = r#"{"options":{"evaluations_semantic":"deny_on_first_deny"},"evaluations":[{}]}"#;
    assert_eq!(Batch::read(&Json::parse(until).unwrap()).unwrap().unwrap().until, Until::FirstDeny);
}
