//! Everything that is known of an ask before its arguments and its amount: what the list view and the
//! call view judge alike. Brought to comparable form once, for all rules.

use crate::{pattern::Case, vendor};
use procura_model::{Reason, Time, VerifiedUser};
use std::borrow::Cow;

const MAX_ACTION_BYTES: usize = 256;
const MAX_RESOURCE_BYTES: usize = 2_048;

/// The known half of an ask.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) action: &'a str,
    pub(crate) resource: Option<&'a str>,
    folded_action: Cow<'a, str>,
    folded_resource: Option<Cow<'a, str>>,
    /// The host in its one form.
    pub(crate) vendor: Option<Cow<'a, str>>,
    pub(crate) user: Option<&'a VerifiedUser>,
    pub(crate) now: Time,
}

/// What an ask names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named<'a> {
    pub(crate) action: &'a str,
    pub(crate) resource: Option<&'a str>,
    pub(crate) vendor: Option<&'a str>,
    pub(crate) user: Option<&'a VerifiedUser>,
}

impl<'a> Subject<'a> {
    /// Brings an ask to comparable form.
    ///
    /// The error is what an ask is refused for that cannot be compared with any rule.
    pub(crate) fn new(named: Named<'a>, now: Time) -> Result<Self, Reason> {
        if named.action.len() > MAX_ACTION_BYTES
            || named.resource.is_some_and(|resource| resource.len() > MAX_RESOURCE_BYTES)
        {
            return Err(Reason::PolicyError);
        }
        let vendor = match named.vendor {
            Some(host) => Some(vendor::normal(host).ok_or(Reason::VendorInvalid)?),
            None => None,
        };
        Ok(Self {
            action: named.action,
            resource: named.resource,
            folded_action: folded(named.action),
            folded_resource: named.resource.map(folded),
            vendor,
            user: named.user,
            now,
        })
    }

    pub(crate) fn action(&self, case: Case) -> &str {
        match case {
            Case::Exact => self.action,
            Case::Ignored => &self.folded_action,
        }
    }

    pub(crate) fn resource(&self, case: Case) -> Option<&str> {
        match case {
            Case::Exact => self.resource,
            Case::Ignored => self.folded_resource.as_deref(),
        }
    }
}

fn folded(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}
