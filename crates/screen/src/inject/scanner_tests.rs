use proptest::prelude::*;

use super::*;

fn scanner() -> Scanner {
    Scanner::new().unwrap()
}

fn risk(text: &str, channel: Channel) -> Risk {
    scanner().scan(text, channel).risk
}

#[test]
fn placeholder() {}

proptest! {
    #[test]
    fn any_text_gives_findings_inside_of_it(text in "(\\PC|[<>&%\\\\\n]){0,300}") {
        let scan = scanner().scan(&text, Channel::ToolResult);
        let length = text.chars().count();
        for finding in &scan.findings {
            prop_assert!(finding.span.0 <= finding.span.1 && finding.span.1 <= length);
        }
    }
}
