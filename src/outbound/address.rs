//! Which addresses are not on the public internet, and what to call them.
//!
//! IPv6 is judged the other way round: only what is handed out as global unicast is public,
//! so a range that is invented tomorrow is refused until someone names it here.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// Why an address is not public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Loopback,
    Private,
    LinkLocal,
    /// Where clouds hand out credentials to the machine.
    Metadata,
    CarrierNat,
    Unspecified,
    Multicast,
    Broadcast,
    Documentation,
    Benchmark,
    Reserved,
    /// IPv4-mapped, IPv4-compatible, 6to4, Teredo or NAT64: another address in disguise.
    Embedded,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "a cloud metadata address",
            Self::CarrierNat => "an address of a carrier's own network",
            Self::Unspecified => "the unspecified address",
            Self::Multicast => "a multicast address",
            Self::Broadcast => "the broadcast address",
            Self::Documentation => "a documentation address",
            Self::Benchmark => "a benchmark address",
            Self::Reserved => "a reserved address",
            Self::Embedded => "an IPv6 address that stands for an IPv4 one",
        })
    }
}

/// `None` for a public address.
pub fn class(address: IpAddr) -> Option<Class> {
    match address {
        IpAddr::V4(v4) => first(V4, |net| net.contains(&v4)),
        IpAddr::V6(v6) => {
            let listed = first(V6, |net| net.contains(&v6));
            listed.or_else(|| (!GLOBAL_V6.contains(&v6)).then_some(Class::Reserved))
        }
    }
}

fn first<N>(table: &[(N, Class)], contains: impl Fn(&N) -> bool) -> Option<Class> {
    table
        .iter()
        .find(|(net, _)| contains(net))
        .map(|(_, class)| *class)
}

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6(head: [u16; 4], tail: [u16; 4], length: u8) -> Ipv6Net {
    let [a, b, c, d] = head;
    let [e, f, g, h] = tail;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), length)
}

const NONE: [u16; 4] = [0; 4];

/// The narrow entries stand before the wide ones that hold them.
const V4: &[(Ipv4Net, Class)] = &[
    (v4(169, 254, 169, 254, 32), Class::Metadata),
    (v4(169, 254, 170, 2, 32), Class::Metadata),
    (v4(100, 100, 100, 200, 32), Class::Metadata),
    (v4(192, 0, 0, 192, 32), Class::Metadata),
    (v4(168, 63, 129, 16, 32), Class::Metadata),
    (v4(0, 0, 0, 0, 32), Class::Unspecified),
    (v4(0, 0, 0, 0, 8), Class::Reserved),
    (v4(10, 0, 0, 0, 8), Class::Private),
    (v4(100, 64, 0, 0, 10), Class::CarrierNat),
    (v4(127, 0, 0, 0, 8), Class::Loopback),
    (v4(169, 254, 0, 0, 16), Class::LinkLocal),
    (v4(172, 16, 0, 0, 12), Class::Private),
    (v4(192, 0, 2, 0, 24), Class::Documentation),
    (v4(192, 0, 0, 0, 24), Class::Reserved),
    (v4(192, 88, 99, 0, 24), Class::Reserved),
    (v4(192, 168, 0, 0, 16), Class::Private),
    (v4(198, 18, 0, 0, 15), Class::Benchmark),
    (v4(198, 51, 100, 0, 24), Class::Documentation),
    (v4(203, 0, 113, 0, 24), Class::Documentation),
    (v4(224, 0, 0, 0, 4), Class::Multicast),
    (v4(255, 255, 255, 255, 32), Class::Broadcast),
    (v4(240, 0, 0, 0, 4), Class::Reserved),
];

const V6: &[(Ipv6Net, Class)] = &[
    (v6(NONE, NONE, 128), Class::Unspecified),
    (v6(NONE, [0, 0, 0, 1], 128), Class::Loopback),
    (v6(NONE, NONE, 96), Class::Embedded),
    (v6(NONE, [0, 0xffff, 0, 0], 96), Class::Embedded),
    (v6(NONE, [0xffff, 0, 0, 0], 96), Class::Embedded),
    (v6([0x64, 0xff9b, 0, 0], NONE, 96), Class::Embedded),
    (v6([0x64, 0xff9b, 1, 0], NONE, 48), Class::Embedded),
    (v6([0x2002, 0, 0, 0], NONE, 16), Class::Embedded),
    (v6([0x2001, 0, 0, 0], NONE, 32), Class::Embedded),
    (v6([0x2001, 2, 0, 0], NONE, 48), Class::Benchmark),
    (v6([0x2001, 0xdb8, 0, 0], NONE, 32), Class::Documentation),
    (v6([0x2001, 0, 0, 0], NONE, 23), Class::Reserved),
    (v6([0x3fff, 0, 0, 0], NONE, 20), Class::Documentation),
    (
        v6([0xfd00, 0xec2, 0, 0], [0, 0, 0, 0x254], 128),
        Class::Metadata,
    ),
    (
        v6([0xfd20, 0xce, 0, 0], [0, 0, 0, 0x254], 128),
        Class::Metadata,
    ),
    (v6([0xfc00, 0, 0, 0], NONE, 7), Class::Private),
    (v6([0xfec0, 0, 0, 0], NONE, 10), Class::Private),
    (v6([0xfe80, 0, 0, 0], NONE, 10), Class::LinkLocal),
    (v6([0xff00, 0, 0, 0], NONE, 8), Class::Multicast),
];

const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0, 0], NONE, 3);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_range_is_named_and_public_ones_are_not() {
        let table: &[(&str, Option<Class>)] = &[
            ("0.0.0.0", Some(Class::Unspecified)),
            ("0.1.2.3", Some(Class::Reserved)),
            ("10.0.0.0", Some(Class::Private)),
            ("10.255.255.255", Some(Class::Private)),
            ("11.0.0.0", None),
            ("100.63.255.255", None),
            ("100.64.0.0", Some(Class::CarrierNat)),
            ("100.100.100.200", Some(Class::Metadata)),
            ("100.127.255.255", Some(Class::CarrierNat)),
            ("100.128.0.0", None),
            ("126.255.255.255", None),
            ("127.0.0.1", Some(Class::Loopback)),
            ("127.255.255.254", Some(Class::Loopback)),
            ("128.0.0.0", None),
            ("168.63.129.16", Some(Class::Metadata)),
            ("169.253.255.255", None),
            ("169.254.0.1", Some(Class::LinkLocal)),
            ("169.254.169.254", Some(Class::Metadata)),
            ("169.254.170.2", Some(Class::Metadata)),
            ("172.15.255.255", None),
            ("172.16.0.1", Some(Class::Private)),
            ("172.31.255.255", Some(Class::Private)),
            ("172.32.0.0", None),
            ("192.0.0.1", Some(Class::Reserved)),
            ("192.0.0.192", Some(Class::Metadata)),
            ("192.0.2.1", Some(Class::Documentation)),
            ("192.88.99.1", Some(Class::Reserved)),
            ("192.167.255.255", None),
            ("192.168.1.1", Some(Class::Private)),
            ("192.169.0.0", None),
            ("198.17.255.255", None),
            ("198.18.0.1", Some(Class::Benchmark)),
            ("198.19.255.255", Some(Class::Benchmark)),
            ("198.51.100.7", Some(Class::Documentation)),
            ("203.0.113.7", Some(Class::Documentation)),
            ("223.255.255.255", None),
            ("224.0.0.1", Some(Class::Multicast)),
            ("239.255.255.255", Some(Class::Multicast)),
            ("240.0.0.1", Some(Class::Reserved)),
            ("255.255.255.255", Some(Class::Broadcast)),
            ("8.8.8.8", None),
            ("::", Some(Class::Unspecified)),
            ("::1", Some(Class::Loopback)),
            ("::127.0.0.1", Some(Class::Embedded)),
            ("::8.8.8.8", Some(Class::Embedded)),
            ("::ffff:127.0.0.1", Some(Class::Embedded)),
            ("::ffff:8.8.8.8", Some(Class::Embedded)),
            ("::ffff:0:127.0.0.1", Some(Class::Embedded)),
            ("64:ff9b::7f00:1", Some(Class::Embedded)),
            ("64:ff9b:1::7f00:1", Some(Class::Embedded)),
            ("2001::1", Some(Class::Embedded)),
            ("2001:2::1", Some(Class::Benchmark)),
            ("2001:db8::1", Some(Class::Documentation)),
            ("2002:7f00:1::", Some(Class::Embedded)),
            ("2606:4700:4700::1111", None),
            ("3fff::1", Some(Class::Documentation)),
            ("4000::1", Some(Class::Reserved)),
            ("100::1", Some(Class::Reserved)),
            ("5f00::1", Some(Class::Reserved)),
            ("fc00::1", Some(Class::Private)),
            ("fd00:ec2::254", Some(Class::Metadata)),
            ("fd12::1", Some(Class::Private)),
            ("fe80::1", Some(Class::LinkLocal)),
            ("fec0::1", Some(Class::Private)),
            ("ff02::1", Some(Class::Multicast)),
        ];
        for (text, expected) in table {
            assert_eq!(class(text.parse().unwrap()), *expected, "{text}");
        }
    }
}
