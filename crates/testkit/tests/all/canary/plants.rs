//! What is planted: users whose every value can be told from everything else, and what proves or opens something. Each
//! value has a word in it that is nowhere else, so that a part of it that leaks is known too, however it is written.

use parking_lot::Mutex;
use serde_json::{Map, Value, json};

/// How many users there are: four for each method.
pub(super) const USERS: usize = 12;

/// What was planted, by its number in [`Plants`].
pub(super) type Id = usize;

/// What kind of thing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Tells who the user of this number is.
    Personal(usize),
    /// Proves a user to us, or was meant to.
    UserToken,
    /// Opens something: a session, an API, the console.
    Opener,
    /// Signs or verifies: a shared secret.
    Secret,
}

/// One planted value.
#[derive(Clone, Debug)]
pub(super) struct Plant {
    /// Where it was planted, for the one who reads of a leak.
    pub(super) label: String,
    /// The value.
    pub(super) value: String,
    /// What kind of thing it is.
    pub(super) kind: Kind,
}

/// Everything that was planted; it grows while the house makes secrets of its own.
#[derive(Default)]
pub(super) struct Plants(Mutex<Vec<Plant>>);

impl Plants {
    /// Plants a value.
    pub(super) fn plant(&self, kind: Kind, label: impl Into<String>, value: impl Into<String>) -> Id {
        let mut all = self.0.lock();
        all.push(Plant { label: label.into(), value: value.into(), kind });
        all.len() - 1
    }

    /// Says what the value is of something that was planted before it was known.
    pub(super) fn set(&self, id: Id, value: &str) {
        value.clone_into(&mut self.0.lock()[id].value);
    }

    /// Everything.
    pub(super) fn all(&self) -> Vec<Plant> {
        self.0.lock().clone()
    }

    /// The numbers of what tells who a user is.
    pub(super) fn of_user(&self, user: usize) -> Vec<Id> {
        let all = self.0.lock();
        (0..all.len()).filter(|id| all.get(*id).is_some_and(|p| p.kind == Kind::Personal(user))).collect()
    }
}

/// A word that is no other's and in no language: letters that no id of ours has (`o`, `u`) stand in it.
pub(super) fn word(number: usize) -> String {
    const CONSONANTS: &[u8; 14] = b"bdfgklmnprstvz";
    const VOWELS: &[u8; 3] = b"aei";
    // Any odd factor makes every number another; this one scatters neighbours.
    let mut rest = (number * 1_103_515_245 + 12_345) % (14_usize.pow(5) * 3_usize.pow(3));
    let mut draw = |from: &[u8]| {
        let letter = char::from(from[rest % from.len()]);
        rest /= from.len();
        letter
    };
    let mut out = String::new();
    for vowels in [&VOWELS[..], b"o", &VOWELS[..], b"u", &VOWELS[..]] {
        out.push(draw(CONSONANTS));
        out.push(draw(vowels));
    }
    out
}

/// Digits that are no other's.
pub(super) fn digits(number: usize) -> u64 {
    let number = u64::try_from(number).unwrap();
    610_000_000_007 + number * 31_415_926_535 % 389_999_999_989
}

/// A user of a business with everything that the business says of them.
#[derive(Clone, Debug)]
pub(super) struct Somebody {
    /// Which one.
    pub(super) number: usize,
    /// The id.
    pub(super) id: String,
    /// The address.
    pub(super) email: String,
    /// The role.
    pub(super) role: String,
    /// Everything else.
    pub(super) attributes: Map<String, Value>,
}

impl Somebody {
    /// The user of this number: every one of another shape.
    pub(super) fn new(number: usize) -> Self {
        let w = |part: usize| word(number * 32 + part);
        let id = match number {
            0 => format!("cust-{}", w(0)),
            1 => digits(1_000).to_string(),
            2 => format!("{}/orders?as={}", w(0), w(0)),
            3 => format!("{}@kunden.example", w(0)),
            4 => format!("uid:{}:Łódź", w(0)),
            5 => format!("{} \"the {}\" \\ co", w(0), w(0)),
            6 => format!("{}%2F100%25+1", w(0)),
            7 => format!("покупатель-{}", w(0)),
            8 => w(0).to_uppercase(),
            9 => format!("{}&<b>'x'</b>", w(0)),
            10 => format!("\u{1f469}\u{200d}\u{1f680} {}", w(0)),
            _ => {
                format!("ＡＢ－{} {}", w(0), "of the northern branch in the harbour, second floor ".repeat(2))
            }
        };
        let email = match number % 4 {
            0 => format!("{}.Bélanger@mail.example", w(1)),
            1 => format!("{}+tag@mail.example", w(1).to_uppercase()),
            2 => format!("\"{} x\"@mail.example", w(1)),
            _ => format!("{}@postfach-{}.example", w(1), w(1)),
        };
        let role = match number % 3 {
            0 => w(2),
            1 => format!("Ärztin der {}", w(2)),
            _ => format!("{} manager", w(2)),
        };
        Self { number, id: id.trim().to_owned(), email, role, attributes: attributes(number, w) }
    }

    /// What the business says, as the payload of a signed session token has it.
    pub(super) fn payload(&self) -> Value {
        let mut all = self.attributes.clone();
        all.insert("userId".to_owned(), json!(self.id));
        all.insert("email".to_owned(), json!(self.email));
        all.insert("role".to_owned(), json!(self.role));
        Value::Object(all)
    }

    /// The same as claims of a JWT.
    pub(super) fn claims(&self) -> Value {
        let mut all = self.attributes.clone();
        all.insert("sub".to_owned(), json!(self.id));
        all.insert("email".to_owned(), json!(self.email));
        all.insert("role".to_owned(), json!(self.role));
        Value::Object(all)
    }

    /// The same as a callback answers it.
    pub(super) fn answer(&self) -> Value {
        json!({"userId": self.id, "email": self.email, "role": self.role, "attributes": self.attributes})
    }

    /// Every text and number that tells who it is, with where it stands.
    pub(super) fn values(&self) -> Vec<(String, Value)> {
        let own = [("id", &self.id), ("email", &self.email), ("role", &self.role)];
        let mut all: Vec<(String, Value)> =
            own.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        for (name, value) in &self.attributes {
            leaves(name, value, &mut all);
        }
        all
    }
}

fn attributes(number: usize, w: impl Fn(usize) -> String) -> Map<String, Value> {
    let account = digits(number);
    let balance: Value =
        serde_json::from_str(&format!("{}.{:04}", digits(100 + number), 2_501 + number)).unwrap();
    let about = "Collects stamps, keeps two cats and answers letters on Sundays. ".repeat(6);
    let all = json!({
        "name": format!("Éloïse {}", w(3)),
        "phone": format!("+49 ({}) 17-{}", digits(200 + number), number),
        "address": {
            "street": format!("12, rue de l'{}", w(4)),
            "city": {"name": format!("{} am Main", w(5)), "zip": format!("Z-{}", w(6))},
        },
        "account": account,
        "balance": balance,
        "tags": [w(7), format!("{}/{}", w(8), w(8))],
        "about": format!("{} {about}", w(9)),
        "note": format!("{{\"inner\": \"{}\"}}", w(10)),
        "link": format!("https://club.example/?q={}%20%C3%A9&t=1", w(11)),
        "deep": {"a": {"b": [{"c": [format!("{}\n{}", w(12), w(12))]}]}},
        "nickname": format!("Ame\u{301}lie {}", w(13)),
        "isMember": true,
    });
    let Value::Object(all) = all else { panic!("an object was written") };
    all
}

fn leaves(path: &str, value: &Value, all: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| leaves(&format!("{path}.{name}"), value, all));
        }
        Value::Array(items) => items.iter().for_each(|item| leaves(path, item, all)),
        Value::String(_) | Value::Number(_) => all.push((path.to_owned(), value.clone())),
        Value::Bool(_) | Value::Null => {}
    }
}

/// A value as text.
pub(super) fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[test]
fn every_word_and_every_number_is_another() {
    let words: std::collections::HashSet<String> = (0..USERS * 64).map(word).collect();
    assert_eq!(words.len(), USERS * 64);
    assert!(words.iter().all(|word| word.len() == 10 && word.contains('o') && word.contains('u')));
    let numbers: std::collections::HashSet<u64> = (0..2_000).map(digits).collect();
    assert_eq!(numbers.len(), 2_000);
}
