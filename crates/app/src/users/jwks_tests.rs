use super::*;
use procura_egress::Purpose;

const URL: &str = "https://id.example.com/keys";

fn at(ms: i64) -> Time {
    Time::from_ms(1_790_000_000_000 + ms)
}

fn wanted(ms: i64) -> Wanted<'static> {
    let tenant = "org_00000000000000000000000001".parse().unwrap();
    Wanted { lane: Lane::of(tenant, Purpose::Jwks), url: URL, now: at(ms), newer_than: None }
}

fn good() -> Good {
    let keys = Arc::new(JwkSet::parse(r#"{"keys":[]}"#).unwrap());
    Good { keys, size_bytes: 11, fetched_at: at(0), fresh_ms: USUAL_FRESH_MS }
}

fn down() -> KeySetError {
    KeySetError::new("connect_failed", "No.")
}

/// Begins a fetch and ends it at once.
fn fetched(state: &mut State, ms: i64, outcome: Result<Good, KeySetError>) {
    assert!(matches!(state.next(&wanted(ms)), Next::Fetch(..)), "at {ms}");
    state.land(outcome, at(ms));
}

fn is_done(next: Next, keys: &Arc<JwkSet>) -> bool {
    matches!(next, Next::Done(Ok(found)) if Arc::ptr_eq(&found, keys))
}

fn is_refused(next: Next) -> bool {
    matches!(next, Next::Done(Err(why)) if why == down())
}

#[test]
fn a_set_is_used_until_it_is_no_longer_fresh() {
    let mut state = State::default();
    let set = good();
    let keys = Arc::clone(&set.keys);
    fetched(&mut state, 0, Ok(set));
    assert!(is_done(state.next(&wanted(USUAL_FRESH_MS - 1)), &keys));
    assert!(is_done(state.next(&wanted(-5)), &keys), "an earlier request that is answered later");
    assert!(matches!(state.next(&wanted(USUAL_FRESH_MS)), Next::Fetch(..)));
}

#[test]
fn everybody_waits_for_the_one_fetch_that_is_under_way() {
    let mut state = State::default();
    let Next::Fetch(done, _) = state.next(&wanted(0)) else { panic!("the first fetches") };
    assert!((1..1_000).all(|ms| matches!(state.next(&wanted(ms)), Next::Wait(_))));
    drop(done);
    assert!(matches!(state.next(&wanted(20)), Next::Fetch(..)), "a fetch that was broken off is begun anew");
}

#[test]
fn a_failure_is_remembered_and_then_tried_again() {
    let mut state = State::default();
    fetched(&mut state, 0, Err(down()));
    assert!((0..RETRY_MS).step_by(100).all(|ms| is_refused(state.next(&wanted(ms)))));
    fetched(&mut state, RETRY_MS, Ok(good()));
    assert!(state.landed(&wanted(RETRY_MS)).is_ok());
}

#[test]
fn an_old_set_serves_for_an_hour_while_no_newer_one_can_be_had_and_no_longer() {
    let mut state = State::default();
    let set = good();
    let keys = Arc::clone(&set.keys);
    fetched(&mut state, 0, Ok(set));
    fetched(&mut state, USUAL_FRESH_MS, Err(down()));
    assert!(is_done(state.next(&wanted(USUAL_FRESH_MS + 1)), &keys));
    fetched(&mut state, STALE_MS - 1, Err(down()));
    assert!(is_done(state.next(&wanted(STALE_MS - 1)), &keys));
    assert!(is_refused(state.next(&wanted(STALE_MS))));
}

#[test]
fn a_key_that_is_in_no_set_makes_us_look_again_at_most_every_thirty_seconds() {
    let mut state = State::default();
    let set = good();
    let keys = Arc::clone(&set.keys);
    let newer = |ms| Wanted { newer_than: Some(&keys), ..wanted(ms) };
    fetched(&mut state, 0, Ok(set));
    assert!((0..REFETCH_MS).step_by(100).all(|ms| is_done(state.next(&newer(ms)), &keys)));
    assert!(matches!(state.next(&newer(REFETCH_MS)), Next::Fetch(..)));
    let second = good();
    let newest = Arc::clone(&second.keys);
    state.land(Ok(second), at(REFETCH_MS));
    assert!(is_done(state.next(&newer(REFETCH_MS + 1)), &newest), "who knew the first set gets the second");
    let newer = |ms| Wanted { newer_than: Some(&newest), ..wanted(ms) };
    assert!(is_done(state.next(&newer(2 * REFETCH_MS - 1)), &newest));
    assert!(matches!(state.next(&newer(2 * REFETCH_MS)), Next::Fetch(..)));
    state.land(Err(down()), at(2 * REFETCH_MS));
    assert!(is_refused(state.next(&newer(2 * REFETCH_MS + 1))), "whether the key is in no set is not known");
    assert!(is_done(state.next(&wanted(2 * REFETCH_MS + 1)), &newest), "other keys are as good as before");
}

#[test]
fn the_other_side_says_how_long_a_set_is_fresh_within_our_bounds() {
    let fresh = |header: &str| fresh_ms(header.split(','));
    for (header, seconds) in [
        ("", 600),
        ("public", 600),
        ("public, max-age=300", 300),
        ("Max-Age=\"300\", must-revalidate", 300),
        ("max-age=1", 60),
        ("max-age=86400", 3_600),
        ("max-age=4294967296", 600),
        ("max-age=-1", 600),
        ("max-age=300, no-cache", 60),
        ("no-store", 60),
    ] {
        assert_eq!(fresh(header), seconds * SECOND_MS, "{header}");
    }
}

/// As many sets of this size as fit, and one more; the first is held by somebody.
fn crowd(sets: &KeySets, count: usize, size_bytes: usize) -> Arc<Entry> {
    let url = |number: usize| format!("{URL}/{number}");
    let mut held = None;
    for number in 0..=count {
        let (url, ms) = (url(number), i64::try_from(number).unwrap());
        let entry = sets.entry(&Wanted { url: &url, ..wanted(ms) });
        entry.0.lock().land(Ok(Good { size_bytes, ..good() }), at(ms));
        held.get_or_insert(entry);
    }
    sets.make_room();
    held.unwrap()
}

#[test]
fn the_number_of_sets_is_bounded_and_what_somebody_waits_for_stays() {
    let sets = KeySets::default();
    let held = crowd(&sets, MAX_SETS, 10);
    let kept = sets.0.lock();
    let has = |number: usize| kept.contains_key(&(wanted(0).lane, format!("{URL}/{number}")));
    assert_eq!(kept.len(), MAX_SETS);
    assert!(has(0) && !has(1) && has(2) && has(MAX_SETS), "the one unused for longest went");
    assert_eq!(Arc::strong_count(&held), 2);
}

#[test]
fn the_bytes_of_all_sets_together_are_bounded() {
    let sets = KeySets::default();
    let most = MAX_KEPT_BYTES / MAX_BYTES;
    let _held = crowd(&sets, most, MAX_BYTES);
    assert_eq!(sets.0.lock().len(), most);
}

#[test]
fn one_organization_never_uses_what_another_fetched() {
    let sets = KeySets::default();
    let ours = sets.entry(&wanted(0));
    let theirs = sets.entry(&Wanted { lane: Lane::own(Purpose::Jwks), ..wanted(0) });
    assert!(!Arc::ptr_eq(&ours, &theirs));
    assert!(Arc::ptr_eq(&ours, &sets.entry(&wanted(9))));
}
