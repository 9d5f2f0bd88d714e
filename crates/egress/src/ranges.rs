//! The table of special-purpose address blocks: what the two IANA registries (as of 2026-07-18)
//! and ten well-known additions say about an address. The most specific row wins, as the
//! registries ask (RFC 6890 section 2.2.1); a row whose "Globally Reachable" is not True is closed.
//!
//! An IPv6 address that carries an IPv4 address in a form that some stack or gateway would honour
//! (mapped, NAT64, ISATAP) is judged by the embedded address; the forms that the registries
//! leave open or deprecate (6to4, Teredo, IPv4-compatible, SIIT) are closed as a whole.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far an address may be reached. Ordered: the worse verdict is the greater one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// Anybody's to call.
    Global,
    /// Somebody's own network: closed, but the operator may name a host in it.
    Private,
    /// This machine itself: closed like [`Reach::Private`], and never open to client metadata.
    Loopback,
    /// No use for it: reserved, documentation, multicast, deprecated.
    Closed,
    /// Hands out a machine's credentials: closed for everybody, whatever the rules say.
    Metadata,
}

/// What the table says about one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) reach: Reach,
    pub(crate) block: &'static str,
}

struct Row<A> {
    base: A,
    prefix: u32,
    verdict: Verdict,
}

const fn v4(octets: [u8; 4], prefix: u32, reach: Reach, block: &'static str) -> Row<u32> {
    Row { base: u32::from_be_bytes(octets), prefix, verdict: Verdict { reach, block } }
}

const fn v6(address: Ipv6Addr, prefix: u32, reach: Reach, block: &'static str) -> Row<u128> {
    Row { base: u128::from_be_bytes(address.octets()), prefix, verdict: Verdict { reach, block } }
}

/// An IPv6 base from its first four groups.
const fn head(a: u16, b: u16, c: u16, d: u16) -> Ipv6Addr {
    Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)
}

use Reach::{Closed, Global, Loopback, Metadata, Private};

const V4: &[Row<u32>] = &[
    v4([0, 0, 0, 0], 0, Global, "Global unicast"),
    v4([0, 0, 0, 0], 8, Closed, "This network"),
    v4([0, 0, 0, 0], 32, Closed, "This host on this network"),
    v4([10, 0, 0, 0], 8, Private, "Private use 10/8"),
    v4([100, 64, 0, 0], 10, Private, "Shared address space"),
    v4([100, 100, 100, 200], 32, Metadata, "Alibaba metadata"),
    v4([127, 0, 0, 0], 8, Loopback, "Loopback"),
    v4([168, 63, 129, 16], 32, Metadata, "Azure WireServer"),
    // The whole block: 169.254.169.254 is the famous one, but container credentials (169.254.170.2,
    // 169.254.170.23) and other clouds' endpoints live beside it, and nobody's tool does.
    v4([169, 254, 0, 0], 16, Metadata, "Link local and metadata"),
    v4([172, 16, 0, 0], 12, Private, "Private use 172.16/12"),
    v4([192, 0, 0, 0], 24, Closed, "IETF protocol assignments"),
    v4([192, 0, 0, 0], 29, Closed, "IPv4 service continuity"),
    v4([192, 0, 0, 8], 32, Closed, "IPv4 dummy address"),
    v4([192, 0, 0, 9], 32, Global, "Port control anycast"),
    v4([192, 0, 0, 10], 32, Global, "TURN anycast"),
    v4([192, 0, 0, 170], 32, Closed, "NAT64 discovery"),
    v4([192, 0, 0, 171], 32, Closed, "NAT64 discovery"),
    v4([192, 0, 0, 192], 32, Metadata, "Oracle classic metadata"),
    v4([192, 0, 2, 0], 24, Closed, "Documentation TEST-NET-1"),
    v4([192, 31, 196, 0], 24, Global, "AS112-v4"),
    v4([192, 52, 193, 0], 24, Global, "AMT"),
    v4([192, 88, 99, 0], 24, Closed, "Deprecated 6to4 relay"),
    v4([192, 88, 99, 2], 32, Closed, "6a44 relay"),
    v4([192, 168, 0, 0], 16, Private, "Private use 192.168/16"),
    v4([192, 175, 48, 0], 24, Global, "AS112 delegation"),
    v4([198, 18, 0, 0], 15, Closed, "Benchmarking"),
    v4([198, 51, 100, 0], 24, Closed, "Documentation TEST-NET-2"),
    v4([203, 0, 113, 0], 24, Closed, "Documentation TEST-NET-3"),
    v4([224, 0, 0, 0], 4, Closed, "Multicast"),
    v4([240, 0, 0, 0], 4, Closed, "Reserved"),
    v4([255, 255, 255, 255], 32, Closed, "Limited broadcast"),
];

const ANY6: Ipv6Addr = Ipv6Addr::UNSPECIFIED;

const V6: &[Row<u128>] = &[
    v6(ANY6, 0, Closed, "Not allocated as global unicast"),
    v6(head(0x2000, 0, 0, 0), 3, Global, "Global unicast"),
    v6(ANY6, 96, Closed, "IPv4-compatible"),
    v6(ANY6, 128, Closed, "Unspecified address"),
    v6(Ipv6Addr::LOCALHOST, 128, Loopback, "Loopback"),
    v6(Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96, Closed, "SIIT"),
    v6(head(0x64, 0xff9b, 1, 0), 48, Closed, "Local-use NAT64"),
    v6(head(0x100, 0, 0, 0), 64, Closed, "Discard only"),
    v6(head(0x100, 0, 0, 1), 64, Closed, "Dummy prefix"),
    v6(head(0x2001, 0, 0, 0), 23, Closed, "IETF protocol assignments"),
    v6(head(0x2001, 0, 0, 0), 32, Closed, "Teredo"),
    v6(anycast(1), 128, Global, "Port control anycast"),
    v6(anycast(2), 128, Global, "TURN anycast"),
    v6(anycast(3), 128, Global, "DNS-SD SRP anycast"),
    v6(head(0x2001, 2, 0, 0), 48, Closed, "Benchmarking"),
    v6(head(0x2001, 3, 0, 0), 32, Global, "AMT"),
    v6(head(0x2001, 4, 0x112, 0), 48, Global, "AS112-v6"),
    v6(head(0x2001, 0x10, 0, 0), 28, Closed, "Deprecated ORCHID"),
    v6(head(0x2001, 0x20, 0, 0), 28, Global, "ORCHIDv2"),
    v6(head(0x2001, 0x30, 0, 0), 28, Global, "Drone remote id"),
    v6(head(0x2001, 0xdb8, 0, 0), 32, Closed, "Documentation"),
    v6(head(0x2002, 0, 0, 0), 16, Closed, "6to4"),
    v6(head(0x2620, 0x4f, 0x8000, 0), 48, Global, "AS112 delegation"),
    v6(head(0x3fff, 0, 0, 0), 20, Closed, "Documentation"),
    v6(head(0x5f00, 0, 0, 0), 16, Closed, "Segment routing"),
    v6(head(0xfc00, 0, 0, 0), 7, Private, "Unique local"),
    v6(local(0xfd00, 0xec2, 0x23), 128, Metadata, "AWS pod identity"),
    v6(local(0xfd00, 0xec2, 0x254), 128, Metadata, "AWS metadata"),
    v6(local(0xfd20, 0xce, 0x254), 128, Metadata, "Google metadata"),
    v6(head(0xfe80, 0, 0, 0), 10, Closed, "Link local"),
    v6(head(0xfec0, 0, 0, 0), 10, Closed, "Site local"),
    v6(head(0xff00, 0, 0, 0), 8, Closed, "Multicast"),
];

const fn anycast(last: u16) -> Ipv6Addr {
    Ipv6Addr::new(0x2001, 1, 0, 0, 0, 0, 0, last)
}

const fn local(a: u16, b: u16, last: u16) -> Ipv6Addr {
    Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, last)
}

/// The verdict of the most specific row, and of what the address embeds if that is worse.
pub(crate) fn verdict(address: IpAddr) -> Verdict {
    match address {
        IpAddr::V4(address) => verdict_v4(address),
        IpAddr::V6(address) => verdict_v6(address),
    }
}

fn verdict_v4(address: Ipv4Addr) -> Verdict {
    let bits = u32::from(address);
    V4.iter()
        .filter(|row| same_prefix(u128::from(bits ^ row.base), 32 - row.prefix))
        .max_by_key(|row| row.prefix)
        .map_or(UNKNOWN, |row| row.verdict)
}

fn verdict_v6(address: Ipv6Addr) -> Verdict {
    if let Some(embedded) = stands_for(address) {
        return verdict_v4(embedded);
    }
    let bits = u128::from(address);
    let own = V6
        .iter()
        .filter(|row| same_prefix(bits ^ row.base, 128 - row.prefix))
        .max_by_key(|row| row.prefix)
        .map_or(UNKNOWN, |row| row.verdict);
    match isatap(address).map(verdict_v4) {
        Some(embedded) if embedded.reach > own.reach => embedded,
        _ => own,
    }
}

/// Fails closed if the tables ever lost their catch-all rows.
const UNKNOWN: Verdict = Verdict { reach: Closed, block: "Unknown" };

fn same_prefix(difference: u128, host_bits: u32) -> bool {
    difference.checked_shr(host_bits).unwrap_or(0) == 0
}

/// The IPv4 address that some stack or gateway would reach by this one.
pub(crate) fn embedded(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(address) => stands_for(address).or_else(|| isatap(address)),
    }
}

/// The IPv4 address that a mapped (`::ffff:0:0/96`) or well-known NAT64 (`64:ff9b::/96`) address
/// is another spelling of.
fn stands_for(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(joined(high, low)),
        _ => None,
    }
}

/// The IPv4 address inside an ISATAP interface identifier (RFC 5214): any prefix, then `0:5efe` or
/// `200:5efe` (and the two group-bit variants of it).
fn isatap(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [_, _, _, _, 0 | 0x100 | 0x200 | 0x300, 0x5efe, high, low] => Some(joined(high, low)),
        _ => None,
    }
}

fn joined(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipnet::IpNet;
    use std::path::PathBuf;

    fn reach(text: &str) -> Reach {
        verdict(text.parse().unwrap()).reach
    }

    #[test]
    fn the_most_specific_row_decides() {
        assert_eq!(reach("192.0.0.9"), Global);
        assert_eq!(reach("192.0.0.11"), Closed);
        assert_eq!(reach("192.0.0.192"), Metadata);
        assert_eq!(reach("2001:4:112::1"), Global);
        assert_eq!(reach("2001:4:113::1"), Closed);
        assert_eq!(reach("2001:200::"), Global);
        assert_eq!(reach("100.100.100.200"), Metadata);
        assert_eq!(reach("100.100.100.201"), Private);
    }

    #[test]
    fn the_edges_of_private_blocks_are_exact() {
        for open in ["9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "223.255.255.255"] {
            assert_eq!(reach(open), Global, "{open}");
        }
        for (own, expected) in
            [("10.0.0.0", Private), ("172.31.255.255", Private), ("127.255.255.255", Loopback)]
        {
            assert_eq!(reach(own), expected, "{own}");
        }
    }

    #[test]
    fn an_embedded_address_is_judged_in_its_own_right() {
        assert_eq!(reach("::ffff:127.0.0.1"), Loopback);
        assert_eq!(reach("::ffff:8.8.8.8"), Global);
        assert_eq!(reach("64:ff9b::a9fe:a9fe"), Metadata);
        assert_eq!(reach("64:ff9b:1::808:808"), Closed);
        assert_eq!(reach("2a00::5efe:10.0.0.1"), Private);
        assert_eq!(reach("fd12::200:5efe:169.254.169.254"), Metadata);
        assert_eq!(reach("2002:808:808::"), Closed);
        assert_eq!(reach("2001:0:808:808::"), Closed);
        assert_eq!(reach("::8.8.8.8"), Closed);
    }

    #[test]
    fn space_that_nobody_was_given_is_closed() {
        for address in ["4000::1", "fe00::", "::1:0:0", "5f01::"] {
            assert_eq!(reach(address), Closed, "{address}");
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a test finds the corpora by the environment")]
    fn registries() -> Option<serde_json::Value> {
        let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
        let corpora = std::env::var_os("PROCURA_CORPORA").map_or_else(beside, PathBuf::from);
        let text = std::fs::read_to_string(corpora.join("ssrf/iana.json")).ok()?;
        serde_json::from_str(&text).unwrap()
    }

    /// Block and whether it is globally reachable, as the registry writes it.
    fn rows(registries: &serde_json::Value) -> Vec<(IpNet, bool)> {
        let mut rows = Vec::new();
        for row in ["ipv4", "ipv6"].iter().flat_map(|family| registries[family].as_array().unwrap()) {
            let is_global = row["Globally Reachable"].as_str().unwrap().starts_with("True");
            for block in row["Address Block"].as_str().unwrap().split(", ") {
                rows.push((block.split(' ').next().unwrap().parse().unwrap(), is_global));
            }
        }
        for row in registries["extra_not_in_registry"].as_array().unwrap() {
            rows.push((row["block"].as_str().unwrap().parse().unwrap(), false));
        }
        rows
    }

    #[test]
    fn the_table_agrees_with_the_registries_at_both_ends_of_every_row() {
        let Some(registries) = registries() else {
            println!("SKIPPED: no registries found; set PROCURA_CORPORA");
            return;
        };
        let rows = rows(&registries);
        assert!(rows.len() >= 60, "{}", rows.len());
        for address in rows.iter().flat_map(|(block, _)| [block.network(), block.broadcast()]) {
            if embedded(address).is_some() {
                continue; // Judged by the embedded address; tested above.
            }
            let closest = rows.iter().filter(|(block, _)| block.contains(&address));
            let (block, is_global) = closest.max_by_key(|(block, _)| block.prefix_len()).unwrap();
            assert_eq!(verdict(address).reach == Global, *is_global, "{address} of {block}");
        }
    }
}
