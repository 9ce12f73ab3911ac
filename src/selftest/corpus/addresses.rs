//! Spellings of addresses that no plugin may reach: this machine, its links, the services of a cloud's inside.
//! The canary socket listens on `CANARY_PORT` of both loopback addresses and must see no connection.

use super::seed;
use crate::selftest::seed::{Kind, Seed, Wall};

const fn url(name: &'static str, code: &'static str) -> Seed {
    seed(Kind::Url, name, code, &[Wall::Refused])
}

pub const SEEDS: &[Seed] = &[
    url("loopback", "http://127.0.0.1:CANARY_PORT/"),
    url("loopback by name", "http://localhost:CANARY_PORT/"),
    url(
        "loopback by name with a dot",
        "http://localhost.:CANARY_PORT/",
    ),
    url(
        "loopback by a name below",
        "http://a.localhost:CANARY_PORT/",
    ),
    url("loopback as one number", "http://2130706433:CANARY_PORT/"),
    url("loopback in octal", "http://0177.0.0.1:CANARY_PORT/"),
    url("loopback in hex", "http://0x7f000001:CANARY_PORT/"),
    url(
        "loopback in parts of hex",
        "http://0x7f.0x0.0x0.0x1:CANARY_PORT/",
    ),
    url("loopback cut short", "http://127.1:CANARY_PORT/"),
    url("loopback cut shorter", "http://0:CANARY_PORT/"),
    url("any address", "http://0.0.0.0:CANARY_PORT/"),
    url("another loopback", "http://127.255.255.254:CANARY_PORT/"),
    url("loopback of six", "http://[::1]:CANARY_PORT/"),
    url("any address of six", "http://[::]:CANARY_PORT/"),
    url("four in six", "http://[::ffff:127.0.0.1]:CANARY_PORT/"),
    url("four in six as hex", "http://[::ffff:7f00:1]:CANARY_PORT/"),
    url(
        "four in six without its mark",
        "http://[::127.0.0.1]:CANARY_PORT/",
    ),
    url(
        "loopback through 6to4",
        "http://[2002:7f00:1::]:CANARY_PORT/",
    ),
    url(
        "loopback through NAT64",
        "http://[64:ff9b::7f00:1]:CANARY_PORT/",
    ),
    url("behind a user", "http://example.org@127.0.0.1:CANARY_PORT/"),
    url(
        "behind a user and a hash",
        "http://127.0.0.1:CANARY_PORT#@example.org/",
    ),
    url("wide digits", "http://１２７.０.０.１:CANARY_PORT/"),
    url("dots of another script", "http://127。0。0。1:CANARY_PORT/"),
    url("a tab within", "http://127.0.\t0.1:CANARY_PORT/"),
    url("backslashes", "http:\\\\127.0.0.1:CANARY_PORT\\"),
    url("no slashes", "http:127.0.0.1:CANARY_PORT"),
    url("percent in the host", "http://127.0.0.%31:CANARY_PORT/"),
    url("metadata", "http://169.254.169.254/latest/meta-data/"),
    url(
        "metadata as one number",
        "http://2852039166/latest/meta-data/",
    ),
    url(
        "metadata of six",
        "http://[fd00:ec2::254]/latest/meta-data/",
    ),
    url(
        "metadata by name",
        "http://metadata.google.internal/computeMetadata/v1/",
    ),
    url("a private network", "http://10.0.0.1:CANARY_PORT/"),
    url(
        "the network of containers",
        "http://172.17.0.1:CANARY_PORT/",
    ),
    url("a link's own address", "http://[fe80::1]:CANARY_PORT/"),
    url("everyone at once", "http://255.255.255.255:CANARY_PORT/"),
    url("a file", "file:///CANARY_FILE"),
    url("another scheme", "gopher://127.0.0.1:CANARY_PORT/_x"),
    url("data in the address", "data:text/plain,x"),
    url("no host", "http:///x"),
    url("no address at all", "x"),
];
