//! The fields of one manifest: which are known, which are loose, which are strict.

use std::collections::HashSet;
use std::fmt::Display;

use serde_json::{Map, Value};

use crate::digest::Digest;
use crate::package::index::Blob;
use crate::package::path::PackagePath;
use crate::package::{FILE_BYTES, PACKAGE_BYTES, PACKAGE_FILES};
use crate::plugin_key::PluginKey;

/// Where a UI bundle lies inside its package.
const UI_FOLDER: &str = "ui/dist";
const UI_BUNDLE: &str = "index.esm.js";

/// The fields that are known, with what they should be. A field of another type is a warning,
/// and is left out of what clients see, so that a page need not expect a list in place of a text.
const KNOWN: [(&str, Shape); 19] = [
    ("name", Shape::Text),
    ("displayName", Shape::Text),
    ("description", Shape::Text),
    ("longDescription", Shape::Text),
    ("version", Shape::Text),
    ("author", Shape::Text),
    ("category", Shape::Text),
    ("iconUrl", Shape::Text),
    ("documentationUrl", Shape::Text),
    ("supportUrl", Shape::Text),
    ("isOfficial", Shape::Bool),
    ("isPublished", Shape::Bool),
    ("requiresConfiguration", Shape::Bool),
    ("installationType", Shape::Text),
    ("features", Shape::List),
    ("tags", Shape::List),
    ("entryPoint", Shape::Text),
    ("dependencies", Shape::Object),
    ("ui", Shape::Object),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Text,
    Bool,
    List,
    Object,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedFile {
    pub path: PackagePath,
    pub sha256: Digest,
    pub size: u64,
}

impl ListedFile {
    pub fn new(path: PackagePath, blob: Blob) -> Self {
        Self {
            path,
            sha256: blob.sha256,
            size: blob.size,
        }
    }

    pub fn blob(&self) -> Blob {
        Blob {
            sha256: self.sha256,
            size: self.size,
        }
    }
}

/// The files of one package.
pub fn package_files(files: &Value) -> Result<Vec<ListedFile>, String> {
    let listed = listed_files(files, PACKAGE_FILES)?;
    if listed.iter().map(|file| file.size).sum::<u64>() > PACKAGE_BYTES {
        return Err(format!(
            "files has more than {PACKAGE_BYTES} bytes together"
        ));
    }
    Ok(listed)
}

/// A list of up to `most` files, each with its digest and size.
pub fn listed_files(files: &Value, most: usize) -> Result<Vec<ListedFile>, String> {
    let files = files.as_array().ok_or("files is not a list")?;
    if files.len() > most {
        return Err(format!("files lists more than {most} files"));
    }
    let mut paths = HashSet::with_capacity(files.len());
    let mut listed: Vec<ListedFile> = Vec::with_capacity(files.len());
    for (index, file) in files.iter().enumerate() {
        let at = |field: &str, problem: &dyn Display| format!("files[{index}].{field} {problem}");
        let field = |name: &str| {
            file.get(name)
                .and_then(Value::as_str)
                .ok_or_else(|| at(name, &"is not a text"))
        };
        let path = PackagePath::parse(field("path")?).map_err(|reason| at("path", &reason))?;
        let sha256 = Digest::parse(field("sha256")?).map_err(|error| at("sha256", &error))?;
        let size = file
            .get("size")
            .and_then(Value::as_u64)
            .filter(|size| *size <= FILE_BYTES)
            .ok_or_else(|| {
                at(
                    "size",
                    &format_args!("is not a number of bytes up to {FILE_BYTES}"),
                )
            })?;
        if !paths.insert(path.clone()) {
            return Err(at("path", &format_args!("'{path}' is listed twice")));
        }
        listed.push(ListedFile { path, sha256, size });
    }
    Ok(listed)
}

/// `/api/plugins/<key>/ui/dist/<file>` names `ui/dist/<file>` of the package.
pub fn ui_bundle(
    manifest: &Map<String, Value>,
    key: &PluginKey,
    warnings: &mut Vec<String>,
) -> Option<PackagePath> {
    let url = present(manifest, "ui")?.get("bundleUrl")?;
    let inside = url.as_str().and_then(|url| {
        let own = url.strip_prefix(&format!("/api/plugins/{key}/"));
        let path = match own.unwrap_or(url) {
            "ui/bundle.js" => format!("{UI_FOLDER}/{UI_BUNDLE}"),
            path => path.to_owned(),
        };
        let folder = PackagePath::parse(UI_FOLDER).ok()?;
        PackagePath::parse(&path).ok().filter(|path| {
            path.below(&folder)
                .is_some_and(|file| file.segments().count() == 1)
        })
    });
    if inside.is_none() {
        warnings.push(format!(
            "ui.bundleUrl {url} is not /api/plugins/{key}/{UI_FOLDER}/<file>; the UI is not shown"
        ));
    }
    inside
}

/// Only a path inside the marketplace: an address elsewhere is never fetched.
pub fn icon(manifest: &Map<String, Value>, warnings: &mut Vec<String>) -> Option<PackagePath> {
    let url = text(manifest, "iconUrl").filter(|url| !url.is_empty())?;
    let path = PackagePath::parse(url).ok();
    if path.is_none() {
        warnings.push(format!(
            "iconUrl '{url}' is not a path inside the marketplace; a letter is shown"
        ));
    }
    path
}

pub fn strict(field: &str, path: &str) -> Result<PackagePath, String> {
    PackagePath::parse(path).map_err(|reason| format!("{field} {reason}"))
}

pub fn text<'manifest>(
    manifest: &'manifest Map<String, Value>,
    field: &str,
) -> Option<&'manifest str> {
    manifest.get(field).and_then(Value::as_str)
}

pub fn texts(list: Option<&Value>) -> Vec<String> {
    let list = list
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    list.iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// A field that is there; null counts as absent.
pub fn present<'manifest>(
    manifest: &'manifest Map<String, Value>,
    field: &str,
) -> Option<&'manifest Value> {
    manifest.get(field).filter(|value| !value.is_null())
}

/// The known fields that are of another type.
pub fn misfits(
    manifest: &Map<String, Value>,
) -> impl Iterator<Item = (&'static str, &'static str)> {
    KNOWN.into_iter().filter_map(|(field, shape)| {
        let (fits, name) = match (shape, present(manifest, field)?) {
            (Shape::Text, value) => (value.is_string(), "a text"),
            (Shape::Bool, value) => (value.is_boolean(), "true or false"),
            (Shape::List, value) => (value.is_array(), "a list"),
            (Shape::Object, value) => (value.is_object(), "an object"),
        };
        (!fits).then_some((field, name))
    })
}

#[cfg(test)]
mod tests {
    use super::super::Listing;
    use super::*;
    use serde_json::json;

    fn listing(fields: Value) -> Result<Listing, String> {
        let mut manifest = Map::from_iter([("key".to_owned(), json!("x"))]);
        manifest.extend(fields.as_object().unwrap().clone());
        Listing::parse(manifest)
    }

    #[test]
    fn paths_that_leave_the_package_are_refused_whatever_field_holds_them() {
        for (field, value) in [
            ("pluginPath", json!("../x")),
            ("pluginPath", json!("/srv/x")),
            ("pluginPath", json!("C:\\x")),
            ("pluginPath", json!("")),
            ("pluginPath", json!(7)),
            ("entryPoint", json!("../main.lua")),
            ("entryPoint", json!("a\u{0}b")),
            ("files", json!("none")),
            (
                "files",
                json!([{"path": "../x", "sha256": "0".repeat(64), "size": 1}]),
            ),
            ("files", json!([{"path": "x", "sha256": "0", "size": 1}])),
            ("files", json!([{"path": "x", "sha256": "0".repeat(64)}])),
            (
                "files",
                json!([{"path": "x", "sha256": "0".repeat(64), "size": -1}]),
            ),
            (
                "files",
                json!([{"path": "x", "sha256": "0".repeat(64), "size": FILE_BYTES + 1}]),
            ),
            (
                "files",
                json!(vec![
                    json!({"path": "x", "sha256": "0".repeat(64), "size": 1});
                    2
                ]),
            ),
            ("files", json!(vec![json!(1); PACKAGE_FILES + 1])),
        ] {
            let refusal = listing(json!({ field: value.clone() })).unwrap_err();
            assert!(refusal.starts_with(field), "{field} {value}: {refusal}");
        }
        let heavy: Vec<_> = (0..7)
            .map(|n| json!({"path": format!("f{n}"), "sha256": "0".repeat(64), "size": FILE_BYTES}))
            .collect();
        assert!(
            listing(json!({ "files": heavy }))
                .unwrap_err()
                .contains("together")
        );
    }

    #[test]
    fn the_ui_bundle_is_a_file_of_the_packages_ui_folder() {
        let bundle = |url: &str| {
            listing(json!({"ui": {"bundleUrl": url}}))
                .unwrap()
                .ui_bundle
                .map(|path| path.to_string())
        };
        for good in [
            "/api/plugins/x/ui/dist/index.esm.js",
            "ui/dist/index.esm.js",
            "/api/plugins/x/ui/bundle.js",
        ] {
            assert_eq!(bundle(good).as_deref(), Some("ui/dist/index.esm.js"));
        }
        for bad in [
            "/api/plugins/y/ui/dist/a.js",
            "https://cdn.example.com/a.js",
            "ui/dist/../../a.js",
            "ui/dist/a/b.js",
            "main.lua",
        ] {
            assert_eq!(bundle(bad), None, "{bad}");
        }
    }

    #[test]
    fn icons_elsewhere_are_no_icons() {
        let icon = |url: &str| listing(json!({"iconUrl": url})).unwrap().icon;
        assert!(icon("plugins/x/icon.svg").is_some());
        for foreign in [
            "https://example.com/icon.png",
            "//example.com/i.png",
            "../icon.svg",
            "/assets/x.svg",
            "data:image/png;base64,AA",
        ] {
            assert!(icon(foreign).is_none(), "{foreign}");
        }
    }
}
