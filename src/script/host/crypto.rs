//! `crypto`: digests for signatures and comparisons. No ciphers, no keys of ours.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{ARGUMENTS, Body, HostFn, Kind, Param, raised};
use crate::digest::Digest;
use crate::hex;
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
    body: Body::Call(|_, args| Ok(Value::Text(Digest::of(args.data(0)).to_string()))),
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
        Ok(Value::Text(hex::encode(&mac.finalize().into_bytes())))
    }),
};
