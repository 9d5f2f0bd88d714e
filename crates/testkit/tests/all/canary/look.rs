//! Looking at everything that can be looked at: the API's lists, every trace, the exports, every page of the console
//! that a link leads to, and the widget's frame.

use super::{
    house::{House, Owner},
    settings::Staff,
};
use std::collections::{BTreeSet, VecDeque};

/// How many pages of the console are looked at.
const MAX_PAGES: usize = 600;

/// Lists and documents of the API.
pub(super) async fn at_lists(house: &House, staff: &Staff) {
    let mut paths: Vec<String> = [
        "/v1/activity?limit=200",
        "/v1/changes?limit=200",
        "/v1/approvals",
        "/v1/sessions?limit=200",
        "/v1/agents",
        "/v1/servers",
        "/v1/keys",
        "/v1/members",
        "/v1/organization",
        "/v1/invitations",
        "/v1/whoami",
        "/metrics",
        "/openapi.json",
        "/llms.txt",
        "/.well-known/jwks.json",
        "/healthz",
        "/readyz",
        "/widget.js",
        "/widget.d.ts",
    ]
    .map(str::to_owned)
    .to_vec();
    for agent in [&staff.jwt, &staff.signed, &staff.callback] {
        let id = &agent.id;
        paths.push(format!("/widget/{id}"));
        for part in ["", "/permissions", "/keys", "/user-auth"] {
            paths.push(format!("/v1/agents/{id}{part}"));
        }
    }
    let lists = [
        ("/v1/servers", "/v1/servers"),
        ("/v1/approvals", "/v1/approvals"),
        ("/v1/sessions", "/v1/sessions"),
    ];
    for (list, one) in lists {
        let listed = house.platform.get(list).send().await.ok();
        for item in listed.at("/items").as_array().into_iter().flatten() {
            let id = item["id"].as_str().unwrap();
            paths.push(format!("{one}/{id}"));
            if list == "/v1/servers" {
                paths.push(format!("{one}/{id}/tools"));
            }
        }
    }
    for path in paths {
        let shown = house.ask(&format!("GET {path}"), house.platform.get(&path)).await;
        assert!(shown.status < 500, "{path}: {}", shown.text());
    }
    every_page_of(house, "/v1/activity").await;
    every_page_of(house, "/v1/changes").await;
}

async fn every_page_of(house: &House, path: &str) {
    let mut next = Some(String::new());
    while let Some(cursor) = next {
        let page = house.platform.get(&format!("{path}?limit=200{cursor}"));
        let page = house.ask(&format!("GET {path}"), page).await.ok();
        next = page.at("/nextCursor").as_str().map(|cursor| format!("&cursor={cursor}"));
    }
}

/// The trace of every request so far.
pub(super) async fn at_traces(house: &House) {
    let mut shown = 0;
    for request in house.requests() {
        let trace = house.platform.get(&format!("/v1/traces/{request}"));
        shown += u32::from(house.ask("GET trace", trace).await.status == 200);
    }
    assert!(shown > 200, "only {shown} traces");
}

/// Every page of the console, from link to link.
pub(super) async fn at_pages(house: &House, owner: &Owner) {
    let mut waiting: VecDeque<String> = [
        "/",
        "/activity/tail",
        "/approvals/waiting",
        "/start/steps",
        "/activity/export.csv",
        "/activity/export.json",
        "/policies/new",
        "/tools/api/new",
        "/agents/new",
    ]
    .map(str::to_owned)
    .into();
    let mut known: BTreeSet<String> = waiting.iter().cloned().collect();
    let mut count = 0;
    while let Some(path) = waiting.pop_front().filter(|_| count < MAX_PAGES) {
        count += 1;
        let page = house.ask(&format!("the page {path}"), owner.browser.get(&path)).await;
        assert!(page.status < 400, "{path}: {} {}", page.status, page.text());
        for link in links(&page.text()) {
            if known.insert(link.clone()) {
                waiting.push_back(link);
            }
        }
    }
    assert!(count > 100, "only {count} pages");
}

/// Where the links of a page lead within the house.
fn links(page: &str) -> Vec<String> {
    let hrefs = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let own = hrefs
        .filter(|href| href.starts_with('/') && !href.starts_with("//") && !href.starts_with("/static/"));
    own.map(|href| href.split('#').next().unwrap_or_default().replace("&#38;", "&").replace("&amp;", "&"))
        .filter(|href| !href.is_empty())
        .collect()
}
