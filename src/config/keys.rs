//! The table of configuration keys.

use super::Raw;

pub struct Key {
    /// As in `souk.toml`; a dot parts a table from its key.
    pub name: &'static str,
    pub default: &'static str,
    pub list: bool,
    /// `true` or `false`; its flag alone means `true`.
    pub switch: bool,
    /// Shown as `***`, and readable from the file that `SOUK_<KEY>_FILE` names.
    pub secret: bool,
    pub doc: &'static str,
}

impl Key {
    pub fn default_value(&self) -> Raw {
        if self.list {
            Raw::List(Vec::new())
        } else {
            Raw::Text(self.default.to_owned())
        }
    }

    /// `outbound.allow` is `SOUK_OUTBOUND_ALLOW`.
    pub fn environment(&self) -> String {
        format!("SOUK_{}", self.name.replace('.', "_").to_uppercase())
    }

    /// `outbound.allow` is `--outbound-allow`.
    pub fn flag_of(name: &str) -> String {
        name.replace(['.', '_'], "-")
    }
}

pub fn find(name: &str) -> Option<&'static Key> {
    ALL.iter().find(|key| key.name == name)
}

/// The known key that a mistyped name most likely meant.
pub fn nearest(name: &str) -> &'static str {
    ALL.iter()
        .map(|key| (strsim::damerau_levenshtein(key.name, name), key.name))
        .min()
        .map_or("listen", |(_, key)| key)
}

const fn text(name: &'static str, default: &'static str, doc: &'static str) -> Key {
    Key {
        name,
        default,
        list: false,
        switch: false,
        secret: false,
        doc,
    }
}

const fn list(name: &'static str, doc: &'static str) -> Key {
    Key {
        name,
        default: "",
        list: true,
        switch: false,
        secret: false,
        doc,
    }
}

const fn switch(name: &'static str, doc: &'static str) -> Key {
    Key {
        switch: true,
        ..text(name, "false", doc)
    }
}

const fn secret(name: &'static str, doc: &'static str) -> Key {
    Key {
        secret: true,
        ..text(name, "", doc)
    }
}

pub const ALL: &[Key] = &[
    text("listen", "127.0.0.1:8420", "Address and port to serve on"),
    text(
        "data",
        "",
        "Data folder; empty: the platform's own place for application data",
    ),
    text(
        "marketplace",
        "builtin",
        "Source of plugins: builtin, a folder, a zip file, or the https address of a plugins.json",
    ),
    text(
        "installs_per_hour",
        "20",
        "Plugin installations allowed per client address and hour",
    ),
    list(
        "trusted_proxies",
        "Addresses or networks whose X-Forwarded-For counts",
    ),
    secret(
        "metrics_token",
        "Bearer token that opens /metrics to other hosts; empty: loopback only",
    ),
    text(
        "workers",
        "8",
        "Worker threads, 2 to 256; one is always kept for routes that run no plugin",
    ),
    switch(
        "offline",
        "Ask nothing of any network, for plugins and for the marketplace",
    ),
    list(
        "outbound.allow",
        "Inner addresses that plugins may reach: host[:port] or CIDR[:port]",
    ),
    list(
        "outbound.insecure_tls",
        "Hosts whose certificate plugins may leave unverified",
    ),
    secret(
        "outbound.proxy",
        "Proxy for requests to public addresses: http://[user:password@]host:port",
    ),
    text(
        "outbound.ca_file",
        "",
        "PEM file of authorities to trust beside the machine's own",
    ),
    Key {
        secret: true,
        ..list(
            "plugin_settings",
            "Values that plugins may be granted by name: NAME=value",
        )
    },
    text(
        "secret_key_file",
        "",
        "Key that encrypts stored secrets; empty: secret.key in the configuration folder",
    ),
    text("log.format", "text", "text or json"),
    text("log.level", "info", "error, warn, info, debug or trace"),
];
