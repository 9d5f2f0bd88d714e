//! The scan: readings are made one from another, each is normalised and shown to the rules, and the findings are led back
//! to the text as given. Bounded by bytes and readings, never by the clock: what goes beyond is `could_not_scan`.

use std::borrow::Cow;

use procura_model::Risk;

use super::disguise::{self, Survey};
use super::engine::{BrokenRule, Engine, Match, Matches};
use super::fuse::{MODEL, Opinion, Weighed, fuse, weigh};
use super::kinds::{Channel, CouldNotScan, Finding, Scan, View};
use super::layer::{Layer, trace};
use super::model::{Finder, Hit, Model, Parsed, Scratch, Side};
use super::{decode, document, markup, normalise};
use crate::pieces::Map;

/// The longest text that is scanned.
pub const MAX_BYTES: usize = 64 * 1024;
/// How many readings are made beside the first.
const MAX_VIEWS: usize = 6;
/// How often something decoded is decoded again.
const MAX_DEPTH: usize = 2;
/// All readings together may be this many times as large as the text: as many whole copies as there may be readings.
const MAX_GROWTH: usize = MAX_VIEWS;
/// Hidden tag letters that are grave by themselves.
const MANY_TAGS: usize = 8;

/// The model that the program carries; `crates/trainer` writes it, and its card lies beside it.
const EMBEDDED: &[u8] = include_bytes!("../../model/inject.bin");

/// Screens texts for instructions that nobody gave. Build one and share it.
pub struct Scanner {
    engine: Engine,
    finder: Finder,
    model: Option<Model>,
}

/// A reading of a text as the model sees it.
#[derive(Debug, Clone)]
pub struct Reading {
    /// How it was made.
    pub view: View,
    /// The normalised text.
    pub text: String,
    hits: Vec<Hit>,
}

impl Reading {
    /// How many matches the rules made.
    #[must_use]
    pub fn hits(&self) -> usize {
        self.hits.len()
    }
}

impl Scanner {
    /// Compiles the rules and reads the model that the program carries.
    pub fn new() -> Result<Self, BrokenRule> {
        let model = Model::read(EMBEDDED).map_err(|error| BrokenRule::of("the embedded model", &error))?;
        Self::with_model(model)
    }

    /// Compiles the rules, and asks this model.
    pub fn with_model(model: Model) -> Result<Self, BrokenRule> {
        Ok(Self { model: Some(model), ..Self::rules_only()? })
    }

    /// Compiles the rules, and asks no model.
    pub fn rules_only() -> Result<Self, BrokenRule> {
        Ok(Self { engine: Engine::new()?, finder: Finder::new()?, model: None })
    }

    /// The version of the model that is asked.
    #[must_use]
    pub fn model_version(&self) -> Option<&str> {
        self.model.as_ref().map(|model| model.version.as_str())
    }

    /// The readings of a text, as the model sees them; for the trainer.
    pub fn readings(&self, text: &str, channel: Channel) -> Result<Vec<Reading>, CouldNotScan> {
        let first =
            Layer { view: View::Plain, text: Cow::Borrowed(text), map: Map::Same, parent: None, depth: 0 };
        let (layers, normals) = self.read(first)?;
        let reading = |(index, (layer, normal)): (usize, (&Layer<'_>, &Normal))| {
            (!is_replaced(&layers, index)).then(|| Reading {
                view: layer.view,
                text: normal.text(layer).to_owned(),
                hits: hits(&normal.matches, side_of(channel)),
            })
        };
        Ok(layers.iter().zip(&normals).enumerate().filter_map(reading).collect())
    }

    /// Finds words, marks and sentences of a reading; for the trainer.
    #[must_use]
    pub fn parse<'a>(&self, reading: &'a Reading) -> Parsed<'a> {
        Parsed::new(&reading.text, &reading.hits, &self.finder)
    }

    /// Scans a text.
    #[must_use]
    pub fn scan(&self, text: &str, channel: Channel) -> Scan {
        self.scan_with(text, channel, None)
    }

    /// Scans a text of which a model already has an opinion.
    #[must_use]
    pub fn scan_with(&self, text: &str, channel: Channel, opinion: Option<Opinion>) -> Scan {
        if text.len() > MAX_BYTES {
            return Scan::refused(CouldNotScan::TooLong);
        }
        let first =
            Layer { view: View::Plain, text: Cow::Borrowed(text), map: Map::Same, parent: None, depth: 0 };
        self.scan_layer(text, first, channel, opinion)
    }

    /// Scans the strings and member names of a JSON document: each alone, and one after another, so that an instruction
    /// that is split over fields is found too. What is no JSON could not be scanned.
    #[must_use]
    pub fn scan_json(&self, raw: &[u8], channel: Channel) -> Scan {
        if raw.len() > MAX_BYTES {
            return Scan::refused(CouldNotScan::TooLong);
        }
        let Ok(text) = std::str::from_utf8(raw) else { return Scan::refused(CouldNotScan::NotText) };
        match document::join(text) {
            Ok((joined, map)) => {
                let first =
                    Layer { view: View::Joined, text: Cow::Owned(joined), map, parent: None, depth: 0 };
                self.scan_layer(text, first, channel, None)
            }
            Err(why) => Scan::refused(why),
        }
    }

    fn scan_layer(
        &self,
        original: &str,
        first: Layer<'_>,
        channel: Channel,
        opinion: Option<Opinion>,
    ) -> Scan {
        let (layers, normals) = match self.read(first) {
            Ok(read) => read,
            Err(why) => return Scan::refused(why),
        };
        let mut weighed = Vec::new();
        for (index, normal) in normals.iter().enumerate() {
            weighed.extend(weigh_matches(normal, (&layers, index), channel));
            weighed.extend(tag_finding(&layers, index));
        }
        let thought = self.think((&layers, &normals), channel);
        let opinion = graver(thought.map(|(opinion, _)| opinion), opinion);
        weighed.extend(thought.and_then(|(_, finding)| finding));
        if weighed.is_empty() && opinion.is_none() {
            return Scan::clean();
        }
        let ranges: Vec<_> = weighed.iter().map(|one| one.finding.span).collect();
        for (one, points) in
            weighed.iter_mut().zip(crate::offsets::code_points(original, &snapped(original, ranges)))
        {
            one.finding.span = points;
        }
        fuse(weighed, opinion)
    }

    /// Makes the readings one from another, and shows each to the rules.
    fn read<'a>(&self, first: Layer<'a>) -> Result<(Vec<Layer<'a>>, Vec<Normal>), CouldNotScan> {
        let mut readings = Readings { layers: vec![first], bytes: 0 };
        let mut normals = Vec::new();
        while let Some(layer) = readings.layers.get(normals.len()) {
            let (normal, map) = normalise::normalise(&layer.text);
            let matches = self.engine.run(&normal);
            let derived =
                if layer.depth < MAX_DEPTH { derive(layer, normals.len(), &matches) } else { Vec::new() };
            let changed = match normal {
                Cow::Borrowed(_) => None,
                Cow::Owned(text) => Some(text),
            };
            readings.add(derived)?;
            normals.push(Normal { changed, map, matches });
        }
        Ok((readings.layers, normals))
    }

    /// What the model thinks of the gravest reading, and the part that it rests on when it is grave.
    fn think(
        &self,
        (layers, normals): (&[Layer<'_>], &[Normal]),
        channel: Channel,
    ) -> Option<(Opinion, Option<Weighed>)> {
        let model = self.model.as_ref()?;
        let side = side_of(channel);
        let mut scratch = Scratch::default();
        let read = layers.iter().zip(normals).enumerate().filter(|(index, _)| !is_replaced(layers, *index));
        let judged = read.map(|(index, (layer, normal))| {
            let text = normal.text(layer);
            let hits = hits(&normal.matches, side);
            let judgement =
                model.half(side).judge(&Parsed::new(text, &hits, &self.finder), side, &mut scratch);
            (index, judgement)
        });
        let (index, judgement) =
            judged.reduce(|best, one| if one.1.score > best.1.score { one } else { best })?;
        let calibration = model.calibration(channel);
        let risk = calibration.risk(judgement.score);
        let opinion = Opinion { probability: calibration.probability(judgement.score), risk };
        if risk == Risk::None {
            return Some((opinion, None));
        }
        let (layer, normal, half) = (layers.get(index)?, normals.get(index)?, model.half(side));
        let (start, end) = if half.reads_windows() {
            judgement.part
        } else {
            half.place(&Parsed::new(normal.text(layer), &[], &self.finder), side, &mut scratch)
        };
        let span = trace(layers, index, normal.map.original(start, end));
        let finding = Finding { rule: MODEL, view: layer.view, span, risk };
        Some((opinion, Some(Weighed { finding, topic: None, damped: true })))
    }
}

/// The normalised form of a reading, and what the rules found in it.
struct Normal {
    /// None where the reading is normal as it stands.
    changed: Option<String>,
    map: Map,
    matches: Matches,
}

impl Normal {
    fn text<'a>(&'a self, layer: &'a Layer<'_>) -> &'a str {
        self.changed.as_deref().unwrap_or(&layer.text)
    }
}

fn side_of(channel: Channel) -> Side {
    if channel.is_outside() { Side::Outside } else { Side::Inside }
}

/// Whether the model reads something better in place of this reading: the strings of a document for its source, a page
/// without its tags for the page. What stands in tags is read as hidden text; the rules see every reading.
fn is_replaced(layers: &[Layer<'_>], index: usize) -> bool {
    let is_source = layers.get(index).is_some_and(|layer| layer.view == View::Plain && layer.depth == 0);
    let replaces =
        |layer: &Layer<'_>| layer.parent == Some(index) && matches!(layer.view, View::Joined | View::Visible);
    is_source && layers.iter().any(replaces)
}

fn graver(one: Option<Opinion>, other: Option<Opinion>) -> Option<Opinion> {
    let (Some(one), Some(other)) = (one, other) else { return one.or(other) };
    Some(Opinion { probability: one.probability.max(other.probability), risk: one.risk.max(other.risk) })
}

/// The rules' matches as the model sees them.
fn hits(matches: &Matches, side: Side) -> Vec<Hit> {
    let hit = |found: &Match| {
        let risk = match side {
            Side::Inside => found.rule.inside,
            Side::Outside => found.rule.inside.max(found.rule.outside),
        };
        let share = if found.damped { 0.5 } else { 1.0 };
        Hit { start: found.start, topic: found.rule.topic.number(), gravity: share * gravity(risk) }
    };
    matches.matches.iter().map(hit).collect()
}

fn gravity(risk: Risk) -> f32 {
    match risk {
        Risk::None => 0.0,
        Risk::Low => 0.25,
        Risk::Medium => 0.5,
        Risk::High => 0.75,
        Risk::Critical => 1.0,
    }
}

fn snapped(text: &str, ranges: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    let snap = |(start, end)| {
        (crate::offsets::floor_boundary(text, start), crate::offsets::ceil_boundary(text, end))
    };
    ranges.into_iter().map(snap).collect()
}

struct Readings<'a> {
    layers: Vec<Layer<'a>>,
    bytes: usize,
}

impl<'a> Readings<'a> {
    fn add(&mut self, derived: Vec<Layer<'a>>) -> Result<(), CouldNotScan> {
        let limit = self.layers.first().map_or(0, |first| first.text.len() * MAX_GROWTH).max(4096);
        for layer in derived {
            self.bytes += layer.text.len();
            if self.bytes > limit {
                return Err(CouldNotScan::TooMuchDecoded);
            }
            if self.layers.len() > MAX_VIEWS {
                return Err(CouldNotScan::TooManyViews);
            }
            self.layers.push(layer);
        }
        Ok(())
    }
}

/// What the matches in the normalised reading of layer `index` weigh.
fn weigh_matches(read: &Normal, (layers, index): (&[Layer<'_>], usize), channel: Channel) -> Vec<Weighed> {
    let Some(layer) = layers.get(index) else { return Vec::new() };
    let concealed = is_concealed(layers, index);
    let weigh_one = |found: &Match| {
        let damped = !concealed && layer.depth == 0 && found.damped;
        let risk = weigh(found.rule, channel, if concealed { View::Hidden } else { layer.view }, damped);
        let span = trace(layers, index, read.map.original(found.start, found.end));
        let finding = Finding { rule: found.rule.id, view: layer.view, span, risk };
        Weighed { finding, topic: Some(found.rule.topic), damped }
    };
    read.matches.matches.iter().map(weigh_one).collect()
}

/// Whether this reading, or one that it was made from, was kept from a reader's eyes.
fn is_concealed(layers: &[Layer<'_>], index: usize) -> bool {
    let mut at = layers.get(index);
    while let Some(layer) = at {
        if layer.view.is_concealed() {
            return true;
        }
        at = layer.parent.and_then(|parent| layers.get(parent));
    }
    false
}

fn tag_finding(layers: &[Layer<'_>], index: usize) -> Option<Weighed> {
    let layer = layers.get(index).filter(|layer| layer.view == View::Tags)?;
    let risk = if layer.text.len() >= MANY_TAGS { Risk::High } else { Risk::Medium };
    let span = trace(layers, index, (0, layer.text.len()));
    Some(Weighed {
        finding: Finding { rule: "smuggled-tags", view: View::Tags, span, risk },
        topic: None,
        damped: false,
    })
}

/// The readings that the look of `layer` asks for.
fn derive<'a>(layer: &Layer<'_>, index: usize, matches: &Matches) -> Vec<Layer<'a>> {
    let text = layer.text.as_ref();
    let mut derived = Vec::new();
    let mut push = |view, reading: Option<(String, Map)>| {
        if let Some((text, map)) = reading {
            derived.push(Layer {
                view,
                text: Cow::Owned(text),
                map,
                parent: Some(index),
                depth: layer.depth + 1,
            });
        }
    };
    if index == 0 && layer.view == View::Plain && text.trim_start().starts_with(['{', '[']) {
        push(View::Joined, document::join(text).ok());
    }
    push(View::Tags, normalise::smuggled(text));
    if layer.view != View::Visible && markup::is_markup(text) {
        let readings = markup::read(text);
        push(View::Hidden, readings.hidden);
        push(View::Visible, readings.visible);
    }
    push(View::Unescaped, decode::unescape(text));
    push(View::Base64, decode::base64(text));
    push(View::Hex, decode::digits(text));
    if matches.rotated && layer.view != View::Rot13 {
        push(View::Rot13, Some((disguise::rot13(text), Map::Same)));
    }
    if matches.reversed && layer.view != View::Reversed {
        push(View::Reversed, Some(disguise::reversed(text)));
    }
    if layer.depth == 0 {
        let Survey { is_leet, is_spaced } = disguise::survey(text.as_bytes());
        push(View::Spaced, is_spaced.then(|| disguise::joined_letters(text)));
        push(View::Leet, is_leet.then(|| (disguise::leet(text), Map::Same)));
    }
    derived
}

#[cfg(test)]
#[path = "scanner_tests.rs"]
mod tests;
