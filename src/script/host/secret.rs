//! `secret`: what an installation keeps to itself: the secret fields of its configuration, read by name,
//! and values of its own, sealed where they are stored.
//!
//! Whatever passes here is taken out of the texts of this call from then on.

use std::sync::Arc;

use super::{ARGUMENTS, Arguments, Body, HostCall, HostError, HostFn, Kind, Param, raised};
use crate::plugin_secret::{self, Keeper, LONGEST_VALUE, MOST_NAMES};
use crate::script::grant::Capability;
use crate::secret::SecretBox;
use crate::value::Value;

pub const GET: HostFn = HostFn {
    module: "secret",
    name: "get",
    needs: Capability::Secrets,
    doc: "secret.get(name) → a secret field of the configuration, by its name or JSON pointer, or what secret.set stored; null when there is none.",
    params: &[Param::required("name", Kind::Text)],
    size: ARGUMENTS,
    body: Body::Call(get),
};

pub const SET: HostFn = HostFn {
    module: "secret",
    name: "set",
    needs: Capability::Secrets,
    doc: "secret.set(name, value?): keeps a text of up to 8 KB, encrypted, under one of 100 names; without a value the name is forgotten.",
    params: &[
        Param::required("name", Kind::Text),
        Param::optional("value", Kind::Text),
    ],
    size: ARGUMENTS,
    body: Body::Call(set),
};

/// The secrets of one call.
#[derive(Clone)]
pub struct CallSecrets {
    sealing: Arc<SecretBox>,
    /// JSON pointers into the configuration of this call, with what stands there.
    configured: Vec<(String, Value)>,
}

impl CallSecrets {
    pub fn new(sealing: Arc<SecretBox>, configured: Vec<(String, Value)>) -> Self {
        Self {
            sealing,
            configured,
        }
    }

    fn configured(&self, name: &str) -> Option<&Value> {
        let is_meant = |pointer: &str| {
            pointer == name
                || pointer.strip_prefix('/').is_some_and(|field| {
                    field.replace("~1", "/").replace("~0", "~") == name && !field.contains('/')
                })
        };
        self.configured
            .iter()
            .find(|(pointer, _)| is_meant(pointer))
            .map(|(_, value)| value)
    }
}

fn get(host: &mut HostCall<'_>, args: Arguments) -> Result<Value, HostError> {
    let name = args.text(0);
    let call = &mut *host.call;
    if let Some(value) = call.secrets.configured(name) {
        return Ok(value.clone());
    }
    let (Some(db), true) = (call.db.as_mut(), plugin_secret::is_name(name)) else {
        return Ok(Value::Null);
    };
    let keeper = Keeper {
        tenant: &call.tenant,
        plugin: &call.plugin,
    };
    let sealing = &call.secrets.sealing;
    let found = db
        .core_read(|conn| keeper.get(conn, sealing, name))
        .map_err(HostError::Host)?;
    Ok(found.map_or(Value::Null, |value| {
        call.redaction.add(&value);
        Value::from(value.as_str())
    }))
}

fn set(host: &mut HostCall<'_>, args: Arguments) -> Result<Value, HostError> {
    let name = args.text(0);
    let call = &mut *host.call;
    if call.secrets.configured(name).is_some() {
        return raised(format!(
            "'{name}' is a field of the configuration, which only a person changes"
        ));
    }
    if !plugin_secret::is_name(name) {
        return raised("a name has 1 to 64 letters, digits and _ . -");
    }
    let Some(db) = call.db.as_mut() else {
        return raised("nothing can be stored in this call");
    };
    let keeper = Keeper {
        tenant: &call.tenant,
        plugin: &call.plugin,
    };
    let sealing = &call.secrets.sealing;
    let kept = match args.value(1).as_str() {
        None => db.core_write(|conn| keeper.remove(conn, name).map(|()| true)),
        Some(value) if value.len() > LONGEST_VALUE => {
            return raised(format!(
                "a value may have {LONGEST_VALUE} bytes, this one has {}",
                value.len()
            ));
        }
        Some(value) => {
            call.redaction.add(value);
            db.core_write(|conn| keeper.set(conn, sealing, name, value))
        }
    };
    match kept.map_err(HostError::Host)? {
        true => Ok(Value::Null),
        false => raised(format!(
            "there are {MOST_NAMES} names already: forget one with secret.set(name)"
        )),
    }
}
