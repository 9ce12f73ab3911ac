//! `base64`: decoding takes both alphabets, with or without padding.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{ARGUMENTS, Body, HostError, HostFn, Kind, Param, raised};
use crate::script::grant::Capability;
use crate::script::limits::Size;
use crate::value::Value;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const SIZE: Size = Size {
    text: 4 << 20,
    ..ARGUMENTS
};

pub const ENCODE: HostFn = HostFn {
    module: "base64",
    name: "encode",
    needs: Capability::Encoding,
    doc: "base64.encode(data) → text; data is text or bytes.",
    params: &[Param::required("data", Kind::Data)],
    size: SIZE,
    body: Body::Call(|_, args| Ok(Value::Text(STANDARD.encode(args.data(0))))),
};

pub const ENCODE_URL: HostFn = HostFn {
    module: "base64",
    name: "encodeUrl",
    needs: Capability::Encoding,
    doc: "base64.encodeUrl(data) → text in the alphabet for URLs, without padding.",
    params: &[Param::required("data", Kind::Data)],
    size: SIZE,
    body: Body::Call(|_, args| Ok(Value::Text(URL_SAFE_NO_PAD.encode(args.data(0))))),
};

pub const DECODE: HostFn = HostFn {
    module: "base64",
    name: "decode",
    needs: Capability::Encoding,
    doc: "base64.decode(text) → text; an error when the content is not text.",
    params: &[Param::required("text", Kind::Text)],
    size: SIZE,
    body: Body::Call(|_, args| match String::from_utf8(decode(args.text(0))?) {
        Ok(text) => Ok(Value::Text(text)),
        Err(_) => raised("the content is not text; use base64.decodeBytes"),
    }),
};

pub const DECODE_BYTES: HostFn = HostFn {
    module: "base64",
    name: "decodeBytes",
    needs: Capability::Encoding,
    doc: "base64.decodeBytes(text) → bytes",
    params: &[Param::required("text", Kind::Text)],
    size: SIZE,
    body: Body::Call(|_, args| decode(args.text(0)).map(Value::Bytes)),
};

fn decode(text: &str) -> Result<Vec<u8>, HostError> {
    let standard = text.replace('-', "+").replace('_', "/");
    LENIENT
        .decode(standard)
        .map_err(|error| HostError::Raised(format!("this is not base64: {error}")))
}
