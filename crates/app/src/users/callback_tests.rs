use super::*;
use procura_crypto::StepOutcome;
use procura_egress::{Refused as NotReached, Stage};
use std::io;

#[test]
fn every_way_of_failing_has_its_code_its_step_and_a_word_for_the_record() {
    let broken = || std::sync::Arc::new(io::Error::other("the other side's words"));
    for (error, reason, step, cause) in [
        (EgressError::Timeout(Stage::Connect), Reason::CallbackTimeout, REACHED, "timeout"),
        (EgressError::Timeout(Stage::Body), Reason::CallbackTimeout, REACHED, "timeout"),
        (NotReached::PrivateAddress.into(), Reason::CallbackFailed, REACHED, "private_address"),
        (EgressError::Dns(None), Reason::CallbackFailed, REACHED, "no_address"),
        (EgressError::Connect(broken()), Reason::CallbackFailed, REACHED, "connect_failed"),
        (EgressError::Tls(broken()), Reason::CallbackFailed, REACHED, "tls_failed"),
        (EgressError::Closed(broken()), Reason::CallbackFailed, REACHED, "closed"),
        (EgressError::TooLarge { max_bytes: 7 }, Reason::CallbackInvalid, CONTENT, "bad_answer"),
        (EgressError::Protocol(broken()), Reason::CallbackInvalid, CONTENT, "bad_answer"),
    ] {
        let refused = not_had(error);
        assert_eq!((refused.reason, refused.step, refused.cause), (reason, step, Some(cause)));
        assert!(!refused.sentence.contains("the other side's words"), "{}", refused.sentence);
    }
}

#[test]
fn the_steps_stop_where_the_asking_did() {
    let outcomes = |refused: Option<Refused>| -> Vec<StepOutcome> {
        steps(refused.as_ref()).iter().map(|step| step.outcome).collect()
    };
    use StepOutcome::{Failed, NotReached, Passed};
    assert_eq!(outcomes(None), [Passed; 4]);
    assert_eq!(outcomes(Some(bad("it is empty"))), [Passed, Passed, Passed, Failed]);
    let late = not_had(EgressError::Timeout(Stage::Answer));
    assert_eq!(outcomes(Some(late)), [Passed, Failed, NotReached, NotReached]);
}
