//! The SDKs against a real server process (SDK-1, VER-4): whatever goes wrong on the way, the guarded function never ran; and
//! where nothing does, it ran once and its outcome was reported. The same steps and the same expectations for each language.

mod proxy;

use http::Method;
use procura_sdk::{Ask, Error, Failure, GuardError, KeySet, Procura, Settlement, sign_session_token};
use procura_testkit::process::{Founder, Process, skipped, variable, workspace};
use proxy::{Fault, LATE_MS, Proxy};
use serde_json::{Map, Value, json};
use std::{
    path::PathBuf,
    process::Stdio,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{process::Command, time::timeout};

/// No program takes longer.
const LONGEST: Duration = Duration::from_secs(240);
/// How long an answer is waited for, in milliseconds: long where it comes, short where it does not.
const PATIENT_MS: u64 = 60_000;
const HASTY_MS: u64 = LATE_MS / 4;

/// The amount of the question whose answer is lost, and of no other.
const LOST: &str = "77.77";

/// What must have become of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Becomes {
    /// It ran once, and what was reserved stands like this now.
    Ran(&'static str),
    /// The same, and nobody could be told.
    RanUnsettled,
    /// It ran once, and failed; what was reserved stands like this now.
    Failed(&'static str),
    /// It never ran: the answer was no.
    Denied(&'static str),
    /// It never ran: a person must agree.
    Asks,
    /// It never ran: there was no answer to rely on. The code.
    Unavailable(&'static str),
}

struct Step {
    name: String,
    told: Value,
    becomes: Becomes,
}

/// A server, and proxies before it.
struct House {
    process: Process,
    founder: Founder,
    agent: String,
    key: String,
    jwks: Value,
    /// A live session of a user with the agent.
    session: String,
    proxies: Vec<Proxy>,
}

impl House {
    async fn start() -> Self {
        let process = Process::start("").await;
        let founder = process.found().await;
        let made = founder.platform.post("/v1/agents", &json!({"name": "buyer"})).send().await.ok();
        let path = format!("/v1/agents/{}/permissions", made.text_at("/agent/id"));
        let money = |value: &str| json!({"value": value, "currency": "USD"});
        for permission in [
            json!({"effect": "allow", "actions": ["purchase.ticket"], "vendors": ["shop.example.com"],
                "maxAmount": money("500"), "window": {"amount": money("1000000"), "per": "P30D"}}),
            json!({"effect": "allow", "actions": ["purchase.car"], "approval": "always"}),
            json!({"effect": "allow", "actions": ["read.prices"]}),
        ] {
            founder.platform.post(&path, &permission).send().await.ok();
        }
        let jwks = founder.platform.get("/.well-known/jwks.json").send().await.ok().json();
        let (agent, key) = (made.text_at("/agent/id"), made.text_at("/key/secret"));
        let session = session(&founder, &made.text_at("/agent/id"), &key).await;
        Self { agent, key, process, founder, jwks, session, proxies: Vec::new() }
    }

    async fn behind(&mut self, fault: Fault) -> String {
        let proxy = Proxy::start(fault, &self.process.url()).await;
        let url = proxy.url().to_owned();
        self.proxies.push(proxy);
        url
    }

    fn step(&self, url: &str, name: &str, ask: Value, becomes: Becomes) -> Step {
        let options = json!({"url": url, "key": self.key, "agentId": self.agent, "issuer": self.process.url(), "timeoutMs": PATIENT_MS});
        let told = json!({"name": name, "client": url, "options": options, "ask": ask, "act": "return"});
        Step { name: name.to_owned(), told, becomes }
    }

    /// One step behind a proxy of its own.
    async fn faulty(&mut self, fault: Fault, becomes: Becomes) -> Step {
        let url = self.behind(fault).await;
        self.step(&url, &format!("{fault:?}"), ticket("42.50"), becomes)
    }

    /// Everything, for one run of a program.
    async fn steps(&mut self) -> Vec<Step> {
        let mut steps = self.unharmed().await;
        let unsigned = Becomes::Unavailable("UNSIGNED");
        let malformed = Becomes::Unavailable("MALFORMED");
        let unreachable = Becomes::Unavailable("UNREACHABLE");
        for (fault, becomes) in [
            (Fault::Cut, unreachable),
            (Fault::Truncated, unreachable),
            (Fault::Garbled, malformed),
            (Fault::Half, malformed),
            (Fault::Page, malformed),
            (Fault::List, malformed),
            (Fault::Empty, malformed),
            (Fault::Huge, malformed),
            (Fault::Redirect, malformed),
            (Fault::Gateway, malformed),
            (Fault::NoKeys, malformed),
            (Fault::Broken, Becomes::Unavailable("INTERNAL")),
            (Fault::Busy, Becomes::Unavailable("UNAVAILABLE")),
            (Fault::Unsigned, unsigned),
            (Fault::Stripped, unsigned),
            (Fault::AlgNone, unsigned),
            (Fault::Stranger, unsigned),
            (Fault::Introduced, unsigned),
            (Fault::Rebooked, unsigned),
            (Fault::CutOnce, Becomes::Ran("committed")),
            (Fault::BusyOnce, Becomes::Ran("committed")),
            (Fault::Unsettled, Becomes::RanUnsettled),
        ] {
            steps.push(self.faulty(fault, becomes).await);
        }
        let lost = self.behind(Fault::LostOnce).await;
        let name = format!("{:?}", Fault::LostOnce);
        steps.push(self.step(&lost, &name, ticket(LOST), Becomes::Ran("committed")));
        steps.extend(self.late().await);
        steps.extend(self.of_another_question().await);
        steps
    }

    /// What the server says when nothing goes wrong, and what becomes of it.
    async fn unharmed(&mut self) -> Vec<Step> {
        let url = self.behind(Fault::None).await;
        let mut steps = vec![
            self.step(&url, "allowed", ticket("42.50"), Becomes::Ran("committed")),
            self.step(
                &url,
                "allowed, without a limit",
                json!({"action": "read.prices"}),
                Becomes::Ran("none"),
            ),
            self.step(&url, "over the limit", ticket("742.00"), Becomes::Denied("AMOUNT_OVER_LIMIT")),
            self.step(
                &url,
                "not permitted",
                json!({"action": "purchase.gift"}),
                Becomes::Denied("NO_PERMISSION"),
            ),
            self.step(&url, "to be approved", json!({"action": "purchase.car"}), Becomes::Asks),
            self.step(
                &url,
                "of another agent",
                json!({"action": "read.prices",
                "agentId": "agt_01KB4T5XW0000000000000000A"}),
                Becomes::Unavailable("AGENT_MISMATCH"),
            ),
        ];
        for (act, becomes) in [("nothing", Becomes::Failed("released")), ("fail", Becomes::Failed("held"))] {
            let mut step = self.step(&url, act, ticket("42.50"), becomes);
            step.told["act"] = json!(act);
            steps.push(step);
        }
        let mut of_user = ticket("42.50");
        of_user["sessionId"] = json!(self.session);
        steps.push(self.step(&url, "for a user", of_user, Becomes::Ran("committed")));
        let mut spent = self.step(&url, "for less", ticket("42.50"), Becomes::Ran("committed"));
        spent.told["spent"] = json!("40.25");
        steps.push(spent);
        let mut wrong = self.step(
            &url,
            "with a key that is none",
            ticket("1"),
            Becomes::Unavailable("AUTH_CREDENTIAL_MALFORMED"),
        );
        wrong.told["options"]["key"] = json!("pca_nobody");
        wrong.told["client"] = json!("nobody");
        steps.push(wrong);
        let mut pinned = self.step(&url, "with pinned keys", ticket("1"), Becomes::Ran("committed"));
        pinned.told["options"]["keys"] = self.jwks.clone();
        pinned.told["client"] = json!("pinned");
        steps.push(pinned);
        let mut elsewhere =
            self.step(&url, "of another issuer", ticket("1"), Becomes::Unavailable("UNSIGNED"));
        elsewhere.told["options"]["issuer"] = json!("https://procura.example.com");
        elsewhere.told["client"] = json!("elsewhere");
        steps.push(elsewhere);
        steps
    }

    async fn late(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        for fault in [Fault::Silent, Fault::Late, Fault::Drip] {
            let mut step = self.faulty(fault, Becomes::Unavailable("TIMEOUT")).await;
            step.told["options"]["timeoutMs"] = json!(HASTY_MS);
            steps.push(step);
        }
        steps
    }

    /// Answers that the server really signed, to something else.
    async fn of_another_question(&mut self) -> Vec<Step> {
        let unsigned = Becomes::Unavailable("UNSIGNED");
        let replayed = self.behind(Fault::Replayed).await;
        let swapped = self.behind(Fault::Swapped).await;
        let flipped = self.behind(Fault::Flipped).await;
        let usurped = self.behind(Fault::Usurped).await;
        let old_keys = self.behind(Fault::OldKeys).await;
        let mut pinned = self.step(&usurped, "a stranger's keys for pinned ones", ticket("1"), unsigned);
        pinned.told["options"]["keys"] = self.jwks.clone();
        let gift = json!({"action": "purchase.gift", "vendor": "shop.example.com", "amount": "1", "currency": "USD"});
        vec![
            self.step(&replayed, "the first answer", ticket("1"), Becomes::Ran("committed")),
            self.step(&replayed, "the first answer again", ticket("1"), unsigned),
            self.step(&swapped, "the answer for another action", gift, unsigned),
            self.step(&flipped, "a denial made an allow", ticket("742.00"), unsigned),
            pinned,
            self.step(&old_keys, "before the key is published", ticket("1"), unsigned),
            self.step(&old_keys, "after the key is published", ticket("1"), Becomes::Ran("committed")),
        ]
    }

    async fn judge(&self, who: &str, steps: &[Step], said: &[Value]) {
        assert_eq!(said.len(), steps.len(), "{who}: {said:#?}");
        for (step, said) in steps.iter().zip(said) {
            let what = format!("{who}, {}: {said}", step.name);
            assert_eq!(said["name"], step.name.as_str(), "{what}");
            let ran = u64::from(!matches!(
                step.becomes,
                Becomes::Denied(_) | Becomes::Asks | Becomes::Unavailable(_)
            ));
            assert_eq!(said["ran"], ran, "{what}");
            assert_eq!(said["unsettled"], u64::from(step.becomes == Becomes::RanUnsettled), "{what}");
            let error = |kind: &str| said["error"]["kind"].as_str().is_some_and(|found| found == kind);
            match step.becomes {
                Becomes::Ran(_) | Becomes::RanUnsettled => assert_eq!(said["result"], "done", "{what}"),
                Becomes::Failed(_) => assert!(said["result"].is_null() && !said["error"].is_null(), "{what}"),
                Becomes::Denied(code) => {
                    assert!(error("ProcuraDenied") && said["error"]["code"] == code, "{what}");
                }
                Becomes::Asks => assert!(error("ProcuraApprovalRequired"), "{what}"),
                Becomes::Unavailable(code) => {
                    let is_one = error("ProcuraUnavailable") || error("ProcuraRefused");
                    assert!(is_one && said["error"]["code"] == code, "{what}");
                }
            }
            let state = match step.becomes {
                Becomes::Ran(state) | Becomes::Failed(state) => state,
                Becomes::RanUnsettled => "held",
                _ => continue,
            };
            self.judge_reservation(&said["reservation"], state, step.told["spent"].as_str(), &what).await;
        }
    }

    /// A question whose answer was lost was asked again, and is known again: nothing was reserved twice.
    async fn judge_lost(&self, who: &str) {
        let all = self.founder.platform.get("/v1/reservations?limit=200").send().await.ok().json();
        let items = all["items"].as_array().unwrap();
        assert_eq!(items.iter().filter(|one| one["held"] == LOST).count(), 1, "{who}: {all}");
    }

    async fn judge_reservation(&self, id: &Value, state: &str, spent: Option<&str>, what: &str) {
        let Some(id) = id.as_str() else {
            assert_eq!(state, "none", "{what}");
            return;
        };
        let path = format!("/v1/reservations/{id}");
        let reservation = self.founder.platform.get(&path).send().await.ok().json();
        assert_eq!(reservation["state"], state, "{what}: {reservation}");
        if let Some(spent) = spent {
            assert_eq!(reservation["amount"], spent, "{what}: {reservation}");
        }
    }

    /// A server that died: nobody is there any more.
    fn dead(&mut self) -> Vec<Step> {
        self.process.kill();
        let url = self.process.url();
        vec![self.step(&url, "the server was killed", ticket("42.50"), Becomes::Unavailable("UNREACHABLE"))]
    }
}

/// A user shows up, with a token that the business signs by the SDK.
#[expect(clippy::disallowed_methods, reason = "a token that holds now, for a server of its own")]
async fn session(founder: &Founder, agent: &str, key: &str) -> String {
    let path = format!("/v1/agents/{agent}/user-auth");
    founder.platform.put(&path, &json!({"method": {"signedToken": {}}})).send().await.ok();
    let secret = founder.platform.post(&format!("{path}/secrets"), &json!({})).send().await.ok();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let token = json!({"userId": "user_7", "exp": now + 300});
    let token = sign_session_token(&token, &secret.text_at("/secret")).unwrap();
    let agent = founder.platform.with_key(key);
    let opened = agent.call(Method::POST, "/v1/sessions").header("x-user-auth-token", &token).send().await;
    opened.ok().text_at("/sessionId")
}

fn ticket(amount: &str) -> Value {
    json!({"action": "purchase.ticket", "vendor": "shop.example.com", "amount": amount, "currency": "USD",
        "args": {"seats": 2, "\u{e9}tage": "\u{1f600}", "at": {"z": 1.5, "a": [null, true]}}})
}

/// A program in the folder of an SDK, and how it is to use that SDK.
struct Program {
    runs: PathBuf,
    file: &'static str,
    entry: &'static str,
}

impl Program {
    fn of(tool: &str, file: &'static str, entry: &'static str) -> Option<Self> {
        let Some(runs) = variable(tool) else {
            skipped(&format!("{file} ({entry})"), &format!("{tool} names nothing"));
            return None;
        };
        Some(Self { runs: PathBuf::from(runs), file, entry })
    }

    async fn run(&self, steps: &[Step]) -> Vec<Value> {
        let told: Vec<&Value> = steps.iter().map(|step| &step.told).collect();
        let told = json!({"entry": self.entry, "steps": told}).to_string();
        let running = Command::new(&self.runs)
            .arg(workspace().join(self.file))
            .env("PROCURA_STEPS", told)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let ended = timeout(LONGEST, running).await.unwrap().unwrap();
        let errors = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{}: {errors}", self.file);
        let said = String::from_utf8(ended.stdout).unwrap();
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    async fn prove(&self, house: &mut House) {
        let who = format!("{} ({})", self.file, self.entry);
        let steps = house.steps().await;
        house.judge(&who, &steps, &self.run(&steps).await).await;
        house.judge_lost(&who).await;
        let dead = house.dead();
        house.judge(&who, &dead, &self.run(&dead).await).await;
    }
}

async fn prove(tool: &str, file: &'static str, entries: [&'static str; 2]) {
    for entry in entries {
        if let Some(program) = Program::of(tool, file, entry) {
            program.prove(&mut House::start().await).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typescript_guards_whatever_goes_wrong() {
    prove("PROCURA_TEST_NODE", "sdk/typescript/live/guard.mjs", ["esm", "cjs"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_guards_whatever_goes_wrong() {
    prove("PROCURA_TEST_PYTHON", "sdk/python/live/guard.py", ["sync", "async"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rust_guards_whatever_goes_wrong() {
    let mut house = House::start().await;
    let steps = house.steps().await;
    house.judge("rust", &steps, &run_here(&steps).await).await;
    house.judge_lost("rust").await;
    let dead = house.dead();
    house.judge("rust", &dead, &run_here(&dead).await).await;
}

/// What the programs of the other languages do.
async fn run_here(steps: &[Step]) -> Vec<Value> {
    let told: Vec<Value> = steps.iter().map(|step| step.told.clone()).collect();
    let run = move || {
        let mut clients: Map<String, Value> = Map::new();
        let mut made: Vec<Procura> = Vec::new();
        let mut said = Vec::new();
        for step in &told {
            let name = step["client"].as_str().unwrap().to_owned();
            let index = clients.entry(name).or_insert_with(|| {
                made.push(client(&step["options"]));
                json!(made.len() - 1)
            });
            said.push(take(&made[usize::try_from(index.as_u64().unwrap()).unwrap()], step));
        }
        said
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

fn client(options: &Value) -> Procura {
    let text = |name: &str| options[name].as_str().unwrap();
    let timeout = Duration::from_millis(options["timeoutMs"].as_u64().unwrap());
    let mut settings = Procura::settings(text("url"), text("key")).timeout(timeout).issuer(text("issuer"));
    settings = settings.agent_id(text("agentId"));
    if let Some(keys) = options.get("keys") {
        settings = settings.keys(KeySet::parse(&keys.to_string()).unwrap());
    }
    settings.build().unwrap()
}

fn ask_of(told: &Value) -> Ask {
    let mut ask = Ask::new(told["action"].as_str().unwrap());
    let text = |name: &str| told[name].as_str().map(str::to_owned);
    (ask.vendor, ask.amount, ask.currency) = (text("vendor"), text("amount"), text("currency"));
    (ask.agent_id, ask.session_id) = (text("agentId"), text("sessionId"));
    ask.args = told.get("args").cloned();
    ask
}

fn take(client: &Procura, step: &Value) -> Value {
    let (mut ran, mut reservation) = (0, None);
    let outcome = client.guard(&ask_of(&step["ask"]), |grant| {
        ran += 1;
        reservation = grant.reservation_id().map(str::to_owned);
        if let Some(spent) = step["spent"].as_str() {
            grant.spent(spent).unwrap();
        }
        match step["act"].as_str().unwrap() {
            "nothing" => Err(Failure::NothingDone("sold out")),
            "fail" => Err(Failure::Unknown("it broke")),
            _ => Ok("done"),
        }
    });
    let (result, error, settlement) = match outcome {
        Ok(done) => (Some(done.value), Value::Null, done.settlement),
        Err(GuardError::Failed { error, settlement }) => (None, json!({"kind": error}), settlement),
        Err(GuardError::NotAllowed(error)) => {
            let kind = match error {
                Error::Denied(_) => "ProcuraDenied",
                Error::ApprovalRequired(_) => "ProcuraApprovalRequired",
                Error::Refused { .. } => "ProcuraRefused",
                _ => "ProcuraUnavailable",
            };
            (None, json!({"kind": kind, "code": error.code()}), Settlement::Nothing)
        }
    };
    let unsettled = u64::from(matches!(settlement, Settlement::Unsettled(_)));
    json!({"name": step["name"], "ran": ran, "reservation": reservation, "result": result, "error": error,
        "unsettled": unsettled})
}
