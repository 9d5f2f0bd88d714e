//! The canaries (USR-7): more than 200 values that tell who somebody is, or prove or open something, are planted, every
//! journey is walked with them, and then everything that left the house is searched for them: logs at their most
//! talkative, what a crash says, traces, lists, metrics, exports, pages, URLs and cookies, and every value of every
//! table, in any spelling. What runs is the real binary.
//!
//! What may show a value is this, and nothing else; each place is named where it is asked:
//! * the context of a session, to the agent that acts in it and to the customer's server: it is what the user is verified
//!   for (USR-6);
//! * the result of a tool, to the agent that called it for that user, as far as it is about that user (USR-9);
//! * a key, a session's token, a secret that we made: in the one answer in which it is shown once;
//! * the console's cookie, where it is set;
//! * the token, to the callback that is asked about it; the user's own values and the API's credential, to that API; what
//!   the agent itself wrote, to the tool that it called.

mod broken;
mod business;
mod calls;
mod house;
mod look;
mod plants;
mod sessions;
mod settings;
mod sieve;
mod wrong;

use house::{House, Outlet, files};
use plants::{Id, Kind};
use procura_store::{Store, testing};
use sieve::{Hit, Sieve};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt::Write as _,
};

/// How many hits are shown of each place.
const SHOWN: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_left_the_house_names_a_user_or_opens_anything() {
    let mut house = House::new().await;
    let owner = house.owner().await;
    let staff = settings::by_api(&house).await;
    settings::by_console(&house, &owner).await;
    let acting = sessions::open_all(&house, &staff).await;
    sessions::refuse_all(&house, &staff, &owner, &acting).await;
    sessions::in_the_older_era(&house, &staff).await;
    for each in &acting {
        sessions::look_at(&house, each).await;
        calls::ask_for_decisions(&house, &owner, each).await;
        calls::use_tools(&house, &owner, each).await;
    }
    calls::read_another_s(&house, &acting[0], &acting[3]).await;
    wrong::tokens_as_arguments(&house, &staff, &acting[1]).await;
    for each in &acting[..2] {
        wrong::in_urls(&house, &owner, each).await;
        wrong::in_headers(&house, &owner, each).await;
        wrong::in_bodies(&house, &owner, each).await;
    }
    wrong::in_names(&house, &acting[1]).await;
    sessions::end_all(&house, &staff, &owner, &acting[2..]).await;
    look::at_lists(&house, &staff).await;
    look::at_traces(&house).await;
    look::at_pages(&house, &owner).await;
    broken::break_and_mend(&mut house, &owner, &acting[0], &acting[1]).await;

    let planted = house.plants.all();
    assert!(planted.len() >= 200, "{} values", planted.len());
    let sieve = Sieve::new(&planted);
    let outlets = everything(&house).await;
    let log = house.process.log();
    assert!(
        log.contains("\"level\":\"TRACE\"") && log.contains("\"level\":\"ERROR\""),
        "the log says little"
    );
    assert!(!log.contains("panicked"), "something panicked: {log}");
    let hits: Vec<Hit> =
        outlets.iter().flat_map(|outlet| sieve.search(&outlet.place, &outlet.bytes, &outlet.may)).collect();
    assert!(hits.is_empty(), "{}", report(&hits));
}

/// Everything that left the house: what was answered, what was sent to others, what was logged, what is kept.
async fn everything(house: &House) -> Vec<Outlet> {
    let mut all = house.outlets();
    let own = |place: String, bytes: Vec<u8>| Outlet { place, bytes, may: HashSet::new() };
    all.extend(files(house.process.folder()).into_iter().map(|(place, bytes)| own(place, bytes)));
    let store = Store::open(&house.rows).await.unwrap();
    let rows = testing::every_value(&store).await;
    assert!(rows.len() > 10_000, "only {} values in the database", rows.len());
    all.extend(rows.into_iter().map(|(place, bytes)| own(format!("the column {place}"), bytes)));
    all.extend(sent(house));
    all
}

/// What was sent to the business and to tools.
fn sent(house: &House) -> Vec<Outlet> {
    let of_kind = |is: &dyn Fn(&plants::Plant) -> bool| -> HashSet<Id> {
        house.plants.all().iter().enumerate().filter(|(_, plant)| is(plant)).map(|(id, _)| id).collect()
    };
    let (tokens, people) = (
        of_kind(&|plant| plant.kind == Kind::UserToken && plant.value.starts_with("cb-")),
        of_kind(&|plant| matches!(plant.kind, Kind::Personal(_))),
    );
    let credentials = of_kind(&|plant| plant.label.contains("credential of"));
    let arguments = of_kind(&|plant| plant.label.contains("as an argument"));
    let hosts = [
        ("the identity provider", house.business.jwks.visits(), HashSet::new()),
        ("the callback", house.business.callback.visits(), tokens),
        ("the business's API", house.business.api.visits(), &people | &credentials),
    ];
    let mut all = Vec::new();
    for (place, visits, may) in hosts {
        assert!(!visits.is_empty(), "nobody came to {place}");
        for visit in visits {
            let head = format!("{} {} {:?}\n", visit.method, visit.path, visit.headers);
            let bytes = [head.as_bytes(), &visit.body].concat();
            all.push(Outlet { place: place.to_owned(), bytes, may: may.clone() });
        }
    }
    for seen in house.business.tools.seen() {
        let bytes = serde_json::to_vec(&seen).unwrap();
        let may = &(&people | &credentials) | &arguments;
        all.push(Outlet { place: "the tool server".to_owned(), bytes, may });
    }
    all
}

/// What was found, by place, with some of it.
fn report(hits: &[Hit]) -> String {
    let mut places: BTreeMap<&str, BTreeSet<(&str, &str)>> = BTreeMap::new();
    for hit in hits {
        places.entry(&hit.place).or_default().insert((&hit.label, &hit.around));
    }
    let mut out = format!("{} hits in {} places\n", hits.len(), places.len());
    for (place, found) in places {
        let _written = writeln!(out, "{place}: {}", found.len());
        for (label, around) in found.into_iter().take(SHOWN) {
            let _written = writeln!(out, "    {label}: {around:?}");
        }
    }
    out
}
