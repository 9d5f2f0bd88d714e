//! The scan: readings are made one from another, each is normalised and shown to the rules, and the findings are led back
//! to the text as given. Bounded by bytes and readings, never by the clock: what goes beyond is `could_not_scan`.

use std::borrow::Cow;

use procura_model::Risk;

use super::disguise::{self, Survey};
use super::engine::{BrokenRule, Engine, Match, Matches};
use super::fuse::{Opinion, Weighed, fuse, weigh};
use super::kinds::{Channel, CouldNotScan, Finding, Scan, View};
use super::layer::{Layer, trace};
use super::{damper, decode, document, markup, normalise};
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

/// Screens texts for instructions that nobody gave. Build one and share it.
pub struct Scanner {
    engine: Engine,
}

impl Scanner {
    /// Compiles the rules.
    pub fn new() -> Result<Self, BrokenRule> {
        Ok(Self { engine: Engine::new()? })
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
        let mut readings = Readings { layers: vec![first], bytes: 0 };
        let mut weighed = Vec::new();
        let mut index = 0;
        while let Some(layer) = readings.layers.get(index) {
            let (normal, map) = normalise::normalise(&layer.text);
            let matches = self.engine.run(&normal);
            weighed.extend(weigh_matches(&matches, (&normal, &map), (&readings.layers, index), channel));
            weighed.extend(tag_finding(&readings.layers, index));
            let derived = if layer.depth < MAX_DEPTH { derive(layer, index, &matches) } else { Vec::new() };
            if let Err(why) = readings.add(derived) {
                return Scan::refused(why);
            }
            index += 1;
        }
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

/// What the matches in the normalised reading of layer `index` weigh; `map` leads from it to the layer.
fn weigh_matches(
    matches: &Matches,
    (normal, map): (&str, &Map),
    (layers, index): (&[Layer<'_>], usize),
    channel: Channel,
) -> Vec<Weighed> {
    let Some(layer) = layers.get(index) else { return Vec::new() };
    let concealed = is_concealed(layers, index);
    let weigh_one = |found: &Match| {
        let damped = !concealed && layer.depth == 0 && damper::is_damped(normal, found.start, found.end);
        let risk = weigh(found.rule, channel, if concealed { View::Hidden } else { layer.view }, damped);
        let span = trace(layers, index, map.original(found.start, found.end));
        let finding = Finding { rule: found.rule.id, view: layer.view, span, risk };
        Weighed { finding, topic: Some(found.rule.topic), damped }
    };
    matches.matches.iter().map(weigh_one).collect()
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
