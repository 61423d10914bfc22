//! Which addresses may be dialled. One decision for both moments: when the rules are read and a URL spells an address out, and when a name has
//! been resolved and the connection is about to be made. The second is the one that counts; the first only tells the mistake early.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A block of addresses, such as `10.1.0.0/16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Reads `10.1.0.0/16`, `fd00::/8`, or a single address.
    pub fn parse(text: &str) -> Option<Network> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address.parse().ok()?, bits.parse().ok()?),
            None => {
                let address: IpAddr = text.parse().ok()?;
                (address, if address.is_ipv4() { 32 } else { 128 })
            }
        };
        let most = if address.is_ipv4() { 32 } else { 128 };
        (bits <= most).then_some(Network { address, bits })
    }

    /// Whether an address is in it. A v4 address written as v6 counts as the v4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                same_start(own.to_bits().into(), other.to_bits().into(), self.bits, 32)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => same_start(own.to_bits(), other.to_bits(), self.bits, 128),
            _ => false,
        }
    }
}

fn same_start(own: u128, other: u128, bits: u8, width: u8) -> bool {
    let rest = u32::from(width - bits);
    own.checked_shr(rest).unwrap_or(0) == other.checked_shr(rest).unwrap_or(0)
}

/// Whether an address may be dialled: it is one of the public internet, or somebody allowed it.
///
/// Whoever allows the prefix of a NAT64 translator means to reach the public internet through it: what it would turn into an address inside has to
/// be allowed as that address too.
pub fn may_dial(address: IpAddr, allowed: &[Network]) -> bool {
    let is_allowed = allowed.iter().any(|network| network.contains(address));
    match translated(address) {
        Some(behind) => is_allowed && may_dial(behind.into(), allowed),
        None => is_allowed || !is_forbidden(address),
    }
}

/// Whether an address is not one of the public internet: this machine, a private or shared network, a link, a range set aside, or a v4 address
/// written as v6, whatever it stands for.
pub fn is_forbidden(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_forbidden_v4(address),
        IpAddr::V6(address) => is_forbidden_v6(address),
    }
}

/// The ranges of the IANA registry of special-purpose v4 addresses that are not reachable from everywhere, and multicast.
const FORBIDDEN_V4: &[(Ipv4Addr, u8)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

fn is_forbidden_v4(address: Ipv4Addr) -> bool {
    FORBIDDEN_V4.iter().any(|(start, bits)| same_start(start.to_bits().into(), address.to_bits().into(), *bits, 32))
}

/// Only global unicast (`2000::/3`) can be reached from everywhere, and not all of that: tunnels that carry a v4 address (6to4, Teredo) are out,
/// because what they lead to is not ours to know; so are the ranges for documents and for protocols.
fn is_forbidden_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // Teredo, ORCHID, benchmarking and other protocols' own.
        [0x2001, second, ..] if second < 0x0200 => true,
        [0x2001, 0x0db8, ..] | [0x2002, ..] | [0x3fff, ..] => true,
        // Everything else that is not global unicast: loopback, unspecified, v4-mapped, v4-compatible, NAT64 of both prefixes, link-local,
        // unique local, multicast.
        [first, ..] => first & 0xe000 != 0x2000,
    }
}

/// What a NAT64 translator at the well-known prefix makes of an address.
fn translated(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else { return None };
    match address.segments() {
        [0x0064, 0xff9b, 0, 0, 0, 0, high, low] => Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::public("93.184.216.34", false)]
    #[case::public_dns("8.8.8.8", false)]
    #[case::just_before_the_shared_range("100.63.255.255", false)]
    #[case::just_behind_the_shared_range("100.128.0.0", false)]
    #[case::just_behind_a_private_range("172.32.0.1", false)]
    #[case::public_v6("2606:4700:4700::1111", false)]
    #[case::nat64_of_a_public_one("64:ff9b::808:808", true)]
    #[case::this_network("0.1.2.3", true)]
    #[case::shared("100.64.0.1", true)]
    #[case::metadata("169.254.169.254", true)]
    #[case::private("172.31.255.255", true)]
    #[case::broadcast("255.255.255.255", true)]
    #[case::multicast("224.0.0.1", true)]
    #[case::mapped("::ffff:127.0.0.1", true)]
    #[case::mapped_public("::ffff:8.8.8.8", true)]
    #[case::nat64_of_a_private_one("64:ff9b::a00:1", true)]
    #[case::local_nat64("64:ff9b:1::808:808", true)]
    #[case::compatible_public("::8.8.8.8", true)]
    #[case::six_to_four("2002:7f00:1::", true)]
    #[case::six_to_four_of_a_public_one("2002:808:808::1", true)]
    #[case::teredo("2001:0:53aa:64c::1", true)]
    #[case::unique_local("fd00::1", true)]
    #[case::link_local("fe80::1", true)]
    #[case::site_local("fec0::1", true)]
    fn what_is_forbidden(#[case] address: &str, #[case] forbidden: bool) {
        assert_eq!(is_forbidden(address.parse().unwrap()), forbidden);
    }

    #[rstest]
    #[case::not_allowed("64:ff9b::808:808", &[], false)]
    #[case::its_prefix("64:ff9b::808:808", &["64:ff9b::/96"], true)]
    #[case::something_inside("64:ff9b::a00:1", &["64:ff9b::/96"], false)]
    #[case::something_inside_that_is_meant("64:ff9b::a00:1", &["64:ff9b::/96", "10.0.0.0/8"], true)]
    #[case::only_what_is_inside("64:ff9b::a00:1", &["10.0.0.0/8"], false)]
    #[case::local_prefix("64:ff9b:1::808:808", &["64:ff9b::/96"], false)]
    #[case::local_prefix_that_is_meant("64:ff9b:1::808:808", &["64:ff9b:1::/48"], true)]
    fn a_translator_is_dialled_where_it_is_allowed(#[case] address: &str, #[case] allowed: &[&str], #[case] may: bool) {
        let allowed: Vec<Network> = allowed.iter().map(|text| Network::parse(text).unwrap()).collect();
        assert_eq!(may_dial(address.parse().unwrap(), &allowed), may);
    }

    #[rstest]
    #[case("10.1.0.0/16", "10.1.2.3", true)]
    #[case("10.1.0.0/16", "10.2.2.3", false)]
    #[case("10.1.0.0/16", "::ffff:10.1.2.3", true)]
    #[case("127.0.0.1", "127.0.0.1", true)]
    #[case("127.0.0.1", "127.0.0.2", false)]
    #[case("fd00::/8", "fd12::1", true)]
    #[case("0.0.0.0/0", "10.0.0.1", true)]
    #[case("0.0.0.0/0", "::1", false)]
    #[case("::/0", "::1", true)]
    fn what_a_network_contains(#[case] network: &str, #[case] address: &str, #[case] contains: bool) {
        assert_eq!(Network::parse(network).unwrap().contains(address.parse().unwrap()), contains);
    }

    #[rstest]
    #[case("10.1.0.0/33")]
    #[case("fd00::/129")]
    #[case("hooks.example.com")]
    #[case("10.1.0.0/")]
    fn what_is_no_network(#[case] text: &str) {
        assert_eq!(Network::parse(text), None);
    }
}
