//! `crypto`: digests for signatures and comparisons. No ciphers, no keys of ours.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use super::{ARGUMENTS, Body, HostFn, Kind, Param, raised};
use crate::script::grant::Capability;
use crate::script::limits::Size;
use crate::value::Value;

const SIZE: Size = Size {
    text: 4 << 20,
    ..ARGUMENTS
};

pub const SHA256: HostFn = HostFn {
    module: "crypto",
    name: "sha256",
    needs: Capability::Crypto,
    doc: "crypto.sha256(data) → hex text",
    params: &[Param::required("data", Kind::Data)],
    size: SIZE,
    body: Body::Call(|_, args| Ok(Value::Text(hex(&Sha256::digest(args.data(0)))))),
};

pub const HMAC: HostFn = HostFn {
    module: "crypto",
    name: "hmac",
    needs: Capability::Crypto,
    doc: "crypto.hmac(key, data) → hex text of HMAC-SHA256",
    params: &[
        Param::required("key", Kind::Data),
        Param::required("data", Kind::Data),
    ],
    size: SIZE,
    body: Body::Call(|_, args| {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(args.data(0)) else {
            return raised("the key cannot be used");
        };
        mac.update(args.data(1));
        Ok(Value::Text(hex(&mac.finalize().into_bytes())))
    }),
};

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
