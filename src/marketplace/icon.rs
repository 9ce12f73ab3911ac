//! A plugin's picture: its own icon, or a tile with its first letter.

use std::sync::Arc;

use super::listing::Listing;
use crate::digest::Digest;
use crate::package::Package;
use crate::package::path::PackagePath;

pub const ICON_BYTES: u64 = 256 * 1024;

/// Dark enough for white letters in both themes.
const COLOURS: [&str; 8] = [
    "#13715B", "#2F5D9B", "#7A4B9E", "#A14A3F", "#8A6212", "#3F6E2B", "#0F6B7A", "#6B4A3A",
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Icon {
    pub mime: &'static str,
    pub bytes: Arc<[u8]>,
    /// The tile: a picture of ours that the plugin's own may replace at any time.
    pub is_tile: bool,
}

impl Icon {
    pub(super) fn of_file(mime: &'static str, bytes: Arc<[u8]>) -> Self {
        Self {
            mime,
            bytes,
            is_tile: false,
        }
    }

    /// The picture of an installed plugin: no marketplace is asked.
    pub fn of_package(package: &Package) -> Self {
        let Ok(listing) = Listing::parse(package.manifest().clone()) else {
            return Self::tile("");
        };
        listing
            .icon_inside()
            .and_then(|path| {
                let mime = mime(&path)?;
                package
                    .blob(path.as_str())
                    .filter(|blob| blob.size <= ICON_BYTES)?;
                let bytes = package.read(path.as_str()).ok()?;
                Some(Self::of_file(mime, bytes.into()))
            })
            .unwrap_or_else(|| Self::tile(&listing.display_name))
    }

    pub fn tile(name: &str) -> Self {
        Self {
            mime: "image/svg+xml",
            bytes: letter_tile(name).into_bytes().into(),
            is_tile: true,
        }
    }
}

/// By the extension alone: what the bytes are is for the browser's sandbox to judge.
pub fn mime(path: &PackagePath) -> Option<&'static str> {
    let (_, extension) = path.file_name().rsplit_once('.')?;
    Some(match extension.to_ascii_lowercase().as_str() {
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        _ => return None,
    })
}

/// The same name always has the same colour.
pub fn letter_tile(name: &str) -> String {
    // Letters and digits need no escaping in XML.
    let letter = name.chars().find(|letter| letter.is_alphanumeric());
    let letter = letter.map_or_else(|| "?".to_owned(), |letter| letter.to_uppercase().collect());
    let digest = Digest::of(name.as_bytes()).to_string();
    let pick = digest.bytes().map(usize::from).sum::<usize>() % COLOURS.len();
    let colour = COLOURS.get(pick).copied().unwrap_or("#13715B");
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 64 64\" role=\"img\">\
         <rect width=\"64\" height=\"64\" rx=\"12\" fill=\"{colour}\"/>\
         <text x=\"32\" y=\"33\" fill=\"#fff\" font-family=\"system-ui, sans-serif\" font-size=\"34\" \
         font-weight=\"600\" text-anchor=\"middle\" dominant-baseline=\"central\">{letter}</text></svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_shows_the_first_letter_and_nothing_of_the_markup_in_a_name() {
        assert!(letter_tile("mlflow").contains(">M</text>"));
        assert!(letter_tile("  ülker").contains(">Ü</text>"));
        assert!(letter_tile("<script>&\"").contains(">S</text>"));
        assert!(letter_tile("</text><").contains(">T</text>"));
        assert!(letter_tile("!?").contains(">?</text>"));
        assert_eq!(letter_tile("a"), letter_tile("a"));
    }

    #[test]
    fn only_pictures_are_icons() {
        let mime = |path: &str| super::mime(&PackagePath::parse(path).unwrap());
        assert_eq!(mime("plugins/x/icon.SVG"), Some("image/svg+xml"));
        assert_eq!(mime("icon.jpg"), Some("image/jpeg"));
        for other in ["icon.html", "svg", "icon", "icon.svg.js"] {
            assert_eq!(mime(other), None, "{other}");
        }
    }
}
