//! Finds the permissions that could be about an ask without looking at each, so that an agent with ten
//! thousand permissions is decided about as fast as one with ten. It only leaves out what surely does not
//! match: by the whole text of a pattern without a star, by the first segment of one whose star comes
//! later (`purchase.*`, `shop/*`), and never what begins with a star. What is left is judged as ever.

use crate::{pattern::Case, subject::Subject};
use procura_model::Permission;
use std::collections::HashMap;

/// Fewer permissions are looked at one by one: that is faster.
pub(crate) const MIN_RULES: usize = 33;
/// A permission with more pairs of an action and a resource is found by its actions alone.
const MAX_PAIRS: usize = 64;

/// Places of permissions by action and resource, in lower case.
#[derive(Debug, Default)]
pub(crate) struct Index(Level<Slot>);

/// The permissions of one key of actions.
#[derive(Debug, Default)]
struct Slot {
    /// All of them, for an ask that names no resource: a block holds against it whatever it names.
    all: Vec<usize>,
    by_resource: Level<Vec<usize>>,
}

/// Values by the key of a pattern.
#[derive(Debug, Default)]
struct Level<T> {
    whole: HashMap<Box<str>, T>,
    first: HashMap<Box<str>, T>,
    any: T,
}

/// Where a pattern is kept.
enum Key {
    Whole(Box<str>),
    First(Box<str>),
    Any,
}

impl Key {
    fn of(pattern: &str, separator: char) -> Self {
        let pattern = pattern.to_ascii_lowercase();
        match pattern.split_once('*') {
            None => Self::Whole(pattern.into()),
            Some((fixed, _)) => {
                fixed.split_once(separator).map_or(Self::Any, |(first, _)| Self::First(first.into()))
            }
        }
    }
}

impl<T: Default> Level<T> {
    fn entry(&mut self, key: Key) -> &mut T {
        match key {
            Key::Whole(text) => self.whole.entry(text).or_default(),
            Key::First(text) => self.first.entry(text).or_default(),
            Key::Any => &mut self.any,
        }
    }

    /// What is kept for every pattern that could match a text.
    fn of(&self, text: &str, separator: char) -> impl Iterator<Item = &T> {
        let first = text.split_once(separator).and_then(|(first, _)| self.first.get(first));
        [self.whole.get(text), first, Some(&self.any)].into_iter().flatten()
    }
}

impl Index {
    /// Adds the permission at a place.
    pub(crate) fn add(&mut self, place: usize, permission: &Permission) {
        let is_wide = permission.actions.len() * permission.resources.len() > MAX_PAIRS;
        for action in &permission.actions {
            let slot = self.0.entry(Key::of(action, '.'));
            slot.all.push(place);
            if is_wide {
                slot.by_resource.any.push(place);
                continue;
            }
            for resource in &permission.resources {
                slot.by_resource.entry(Key::of(resource, '/')).push(place);
            }
        }
    }

    /// The places of all permissions that could cover an ask, in their order.
    pub(crate) fn candidates(&self, subject: &Subject<'_>) -> Vec<usize> {
        let mut places = Vec::new();
        for slot in self.0.of(subject.action(Case::Ignored), '.') {
            match subject.resource(Case::Ignored) {
                None => places.extend_from_slice(&slot.all),
                Some(resource) => {
                    for kept in slot.by_resource.of(resource, '/') {
                        places.extend_from_slice(kept);
                    }
                }
            }
        }
        places.sort_unstable();
        places.dedup();
        places
    }
}
