//! How the members of a half are trained. Each half has two: one with high capacity that knows what it has seen (the
//! scholar), and one that only learns what the expert does not say already (the pupil). The first is strong where a
//! source is known, the second where it is not; their sum is the best compromise that was found.

use procura_screen::inject::model::{Features, Half, Member, Side, Table, Unit};

use crate::prepared::Prepared;
use crate::svm::{Look, NEUTRAL, Sample, Weights, fit};

/// What the scholar looks at.
const SCHOLAR: Look = Look { classes: false, dense: 0.0, offset: 0.0 };
/// What a text of the other side counts for the scholar.
const OTHER_SIDE: f32 = 0.1;

/// The numbers that were chosen by leaving one source out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// The cost of the scholar.
    pub(crate) scholar_cost: f32,
    /// The cost of the pupil.
    pub(crate) pupil_cost: f32,
    /// What the pupil looks at.
    pub(crate) pupil: Look,
    /// What a point of the expert's sum adds to the sum of the members.
    pub(crate) expert: f32,
    /// What the pupil's score counts beside the scholar's.
    pub(crate) pupil_share: f32,
    /// Rounds over the samples.
    pub(crate) epochs: usize,
}

impl Settings {
    /// The numbers for a side.
    pub(crate) fn of(side: Side) -> Self {
        match side {
            Side::Inside => Self {
                scholar_cost: 1.0,
                pupil_cost: 0.05,
                pupil: Look { classes: true, dense: 0.1, offset: 0.6 },
                expert: 0.0,
                pupil_share: 1.4,
                epochs: 10,
            },
            Side::Outside => Self {
                scholar_cost: 1.0,
                pupil_cost: 0.1,
                pupil: Look { classes: true, dense: 0.3, offset: 0.6 },
                expert: 1.0,
                pupil_share: 1.0,
                epochs: 10,
            },
        }
    }
}

/// Trains the half for a side. Shares are one; they are set when scores of held-out texts are known.
pub(crate) fn train(lessons: &[&Prepared], side: Side, settings: &Settings, seed: u64) -> Half {
    let scholar = scholar(lessons, side, settings, seed);
    let pupil = match side {
        Side::Inside => reader(lessons, settings, seed),
        Side::Outside => finder(lessons, settings, seed),
    };
    Half { members: vec![scholar, pupil], expert: settings.expert }
}

/// A sample with the group by which its cost is found.
struct Weighted<'a> {
    features: &'a Features,
    attack: bool,
    group: usize,
    factor: f32,
}

/// Attacks and benign texts count the same together; inside a class, a group counts by the root of its size.
fn samples<'a>(weighted: &[Weighted<'a>]) -> Vec<Sample<'a>> {
    let mut sizes = std::collections::BTreeMap::new();
    for one in weighted {
        *sizes.entry((one.attack, one.group)).or_insert(0.0_f32) += one.factor;
    }
    let raw = |one: &Weighted<'_>| {
        one.factor / sizes.get(&(one.attack, one.group)).copied().unwrap_or(1.0).max(1.0).sqrt()
    };
    let total = |attack| weighted.iter().filter(|one| one.attack == attack).map(raw).sum::<f32>().max(1e-6);
    let (attacks, benign) = (total(true), total(false));
    let half = weighted.len() as f32 / 2.0;
    let cost = |one: &Weighted<'_>| half * raw(one) / if one.attack { attacks } else { benign };
    weighted
        .iter()
        .map(|one| Sample { features: one.features, attack: one.attack, cost: cost(one) })
        .collect()
}

fn scholar(lessons: &[&Prepared], side: Side, settings: &Settings, seed: u64) -> Member {
    let mut weighted = Vec::new();
    for lesson in lessons.iter().filter(|lesson| lesson.counts) {
        let factor = if lesson.side == side { 1.0 } else { OTHER_SIDE };
        weighted.extend(lesson.whole().map(|features| Weighted {
            features,
            attack: lesson.attack,
            group: lesson.group * 2 + usize::from(lesson.side == side),
            factor,
        }));
    }
    let weights = fit(&samples(&weighted), SCHOLAR, settings.scholar_cost, settings.epochs, seed);
    member(weights, SCHOLAR, Unit::Text)
}

/// The pupil for prompts reads whole texts.
fn reader(lessons: &[&Prepared], settings: &Settings, seed: u64) -> Member {
    let own = lessons.iter().filter(|lesson| lesson.counts && lesson.side == Side::Inside);
    let weighted: Vec<_> = own
        .flat_map(|lesson| {
            lesson.whole().map(|features| Weighted {
                features,
                attack: lesson.attack,
                group: lesson.group,
                factor: 1.0,
            })
        })
        .collect();
    let weights = fit(&samples(&weighted), settings.pupil, settings.pupil_cost, settings.epochs, seed + 1);
    member(weights, settings.pupil, Unit::Text)
}

/// Windows of a benign text that are learned from.
const BENIGN_WINDOWS: usize = 14;
/// Windows of an attack that are looked through for the one that attacks.
const ATTACK_WINDOWS: usize = 24;
/// Rounds in which the window that attacks is chosen.
const ROUNDS: usize = 2;

/// The pupil for text from outside reads windows. Which window of an attack is the attack, nobody said: at first all of
/// them count a little, then the one that the last round found gravest.
fn finder(lessons: &[&Prepared], settings: &Settings, seed: u64) -> Member {
    let own: Vec<_> = lessons.iter().filter(|lesson| lesson.counts && lesson.side == Side::Outside).collect();
    let mut benign = Vec::new();
    for lesson in own.iter().filter(|lesson| !lesson.attack) {
        benign.extend(lesson.windows().take(BENIGN_WINDOWS).map(|features| (lesson.group, features)));
    }
    let mut chosen: Option<Member> = None;
    for _ in 0..=ROUNDS {
        let mut weighted: Vec<Weighted<'_>> = benign
            .iter()
            .map(|(group, features)| Weighted { features, attack: false, group: *group, factor: 1.0 })
            .collect();
        for lesson in own.iter().filter(|lesson| lesson.attack) {
            let windows: Vec<&Features> = lesson.windows().take(ATTACK_WINDOWS).collect();
            let share = 1.0 / windows.len().max(1) as f32;
            let gravest = chosen.as_ref().and_then(|member| gravest(member, &windows));
            weighted.extend(windows.iter().enumerate().filter_map(|(number, features)| {
                let factor = if gravest.is_none() { share } else { 1.0 };
                let learned = gravest.is_none_or(|gravest| gravest == number);
                learned.then_some(Weighted { features, attack: true, group: lesson.group, factor })
            }));
        }
        weighted.extend(direct(lessons));
        let weights =
            fit(&samples(&weighted), settings.pupil, settings.pupil_cost, settings.epochs, seed + 2);
        chosen = Some(member(weights, settings.pupil, Unit::Window));
    }
    chosen.unwrap_or_else(|| scholar(lessons, Side::Outside, settings, seed))
}

fn gravest(member: &Member, windows: &[&Features]) -> Option<usize> {
    let scores = windows.iter().map(|features| member.score(features)).enumerate();
    scores.max_by(|one, other| one.1.total_cmp(&other.1)).map(|(number, _)| number)
}

/// Short attacks on prompts are attacks in a window too.
fn direct<'a>(lessons: &[&'a Prepared]) -> impl Iterator<Item = Weighted<'a>> {
    lessons.iter().filter(|lesson| lesson.attack && lesson.side == Side::Inside && !lesson.long).flat_map(
        |lesson| {
            lesson.whole().map(|features| Weighted {
                features,
                attack: true,
                group: 1_000 + lesson.group,
                factor: 0.3,
            })
        },
    )
}

/// The member with these weights, those of buckets in eight bits.
fn member(weights: Weights, look: Look, unit: Unit) -> Member {
    Member {
        unit,
        grams: table(&weights.grams),
        classes: table(&weights.classes),
        dense: weights.dense,
        bias: weights.bias - look.offset * NEUTRAL,
        offset: look.offset,
        share: 1.0,
    }
}

/// The share of weights that are not cut off.
const KEPT: f64 = 0.9995;

fn table(weights: &[f32]) -> Table {
    let mut sizes: Vec<f32> = weights.iter().map(|weight| weight.abs()).collect();
    sizes.sort_unstable_by(f32::total_cmp);
    let place = (sizes.len() as f64 * KEPT) as usize;
    let step = sizes.get(place).copied().unwrap_or(0.0).max(1e-9) / 127.0;
    let weights = weights.iter().map(|weight| (weight / step).round().clamp(-127.0, 127.0) as i8).collect();
    Table { step, weights }
}
