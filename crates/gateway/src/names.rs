//! The names under which the tools and prompts of many servers stand in one list (decision 13):
//! `{server}__{tool}`, letters, digits, `_` and `-` only, at most 64 characters. A name that had to
//! be changed to fit ends in a digest of the original, so two tools never share a name.

use procura_model::Digest;

/// The longest name that clients accept.
const MAX_NAME: usize = 64;
/// What divides server and tool; a server's name cannot hold it.
const DIVIDER: &str = "__";
/// How many characters of the digest are kept.
const DIGEST_CHARS: usize = 10;

/// Our own tool, which reads the rest of a result that was cut.
pub(crate) const READ_MORE: &str = "procura__read_more";

/// The name of `tool` in the list of all servers.
pub(crate) fn full_name(server: &str, tool: &str) -> String {
    let plain: String = tool.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let name = format!("{server}{DIVIDER}{plain}");
    if name.len() <= MAX_NAME && plain == tool {
        return name;
    }
    let digest = Digest::of(tool.as_bytes()).hex();
    let digest = digest.get(..DIGEST_CHARS).unwrap_or_default();
    let kept = name.get(..name.len().min(MAX_NAME - DIGEST_CHARS - 1)).unwrap_or_default();
    format!("{kept}_{digest}")
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// The server's name in a full name.
pub(crate) fn server_of(full_name: &str) -> Option<&str> {
    full_name.split_once(DIVIDER).map(|(server, _)| server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_name_stays_readable() {
        assert_eq!(full_name("shop", "refund_order-2"), "shop__refund_order-2");
        assert_eq!(server_of("shop__a__b"), Some("shop"));
        assert_eq!(server_of("refund"), None);
    }

    #[test]
    fn a_long_or_odd_name_is_cut_with_a_digest_and_stays_unique() {
        let long = |end: &str| full_name("shop", &format!("{}{end}", "x".repeat(100)));
        let odd = full_name("shop", "réfund.order");
        for name in [long("a"), long("b"), odd.clone(), full_name("shop", "😀")] {
            assert!(name.len() <= MAX_NAME && name.chars().all(is_plain), "{name}");
            assert_eq!(server_of(&name), Some("shop"));
        }
        assert_ne!(long("a"), long("b"));
        assert_ne!(odd, full_name("shop", "r_fund_order"));
    }
}
