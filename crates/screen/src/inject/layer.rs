//! A reading of the text, and the way back to the text as given, through the readings it was made from.

use std::borrow::Cow;

use super::kinds::View;
use crate::pieces::Map;

/// One reading.
#[derive(Debug)]
pub(crate) struct Layer<'a> {
    /// How it was made.
    pub(crate) view: View,
    /// The text of this reading.
    pub(crate) text: Cow<'a, str>,
    /// The way back to the parent.
    pub(crate) map: Map,
    /// The reading that this one was made from.
    pub(crate) parent: Option<usize>,
    /// How many decodings lie between this and the text as given.
    pub(crate) depth: usize,
}

/// Follows `start..end` of layer `index` back to the text as given.
pub(crate) fn trace(layers: &[Layer<'_>], index: usize, range: (usize, usize)) -> (usize, usize) {
    let (mut at, mut range) = (Some(index), range);
    while let Some(layer) = at.and_then(|index| layers.get(index)) {
        range = layer.map.original(range.0, range.1);
        at = layer.parent;
    }
    range
}
