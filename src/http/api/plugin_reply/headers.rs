//! The reply headers that a plugin may set, each within bounds. The rest is the host's: framing, cookies, policies.

/// In the spelling in which they are sent.
const ALLOWED: [&str; 8] = [
    "Cache-Control",
    "Content-Language",
    "ETag",
    "Expires",
    "Last-Modified",
    "Link",
    "Retry-After",
    "X-Total-Count",
];
const LONGEST_VALUE: usize = 1024;

/// Directives that leave a reply with the person it was made for.
const CACHE_DIRECTIVES: [&str; 7] = [
    "max-age",
    "no-cache",
    "no-store",
    "no-transform",
    "must-revalidate",
    "immutable",
    "stale-while-revalidate",
];
/// What a list of many pages tells. Other relations make a browser open connections.
const RELATIONS: [&str; 6] = ["first", "prev", "next", "last", "self", "up"];

/// What may pass of the headers that a plugin set, each name once.
pub fn lawful(asked: &[(String, String)]) -> Vec<(&'static str, String)> {
    let mut lawful: Vec<(&'static str, String)> = Vec::new();
    for (name, value) in asked {
        let Some(known) = ALLOWED
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(name))
        else {
            continue;
        };
        let is_new = lawful.iter().all(|(set, _)| *set != known);
        if is_new && is_plain(value) {
            let value = match known {
                "Cache-Control" => Some(cache_control(value)),
                "Link" => link(value),
                _ => Some(value.trim().to_owned()),
            };
            lawful.extend(value.map(|value| (known, value)));
        }
    }
    lawful
}

/// No line ends, no control characters: nothing that could start another header.
fn is_plain(value: &str) -> bool {
    value.len() <= LONGEST_VALUE && value.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

/// Every reply is made for one person, so no cache between may keep it for others.
fn cache_control(value: &str) -> String {
    let kept = value.split(',').map(str::trim).filter(|directive| {
        let (name, argument) = directive.split_once('=').unwrap_or((directive, "0"));
        let is_number = argument.bytes().all(|byte| byte.is_ascii_digit());
        is_number
            && CACHE_DIRECTIVES
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
    });
    std::iter::once("private")
        .chain(kept)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Links to pages of the same list on this server; `None` where one is anything else.
fn link(value: &str) -> Option<String> {
    let is_page = |link: &str| -> Option<bool> {
        let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let relation = parameters
            .trim()
            .strip_prefix(';')?
            .trim()
            .strip_prefix("rel=")?;
        let is_here =
            target.starts_with('?') || (target.starts_with('/') && !target.starts_with("//"));
        Some(is_here && !target.contains('\\') && RELATIONS.contains(&relation.trim_matches('"')))
    };
    value
        .split(',')
        .all(|link| is_page(link) == Some(true))
        .then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(pairs: &[(&str, &str)]) -> Vec<(&'static str, String)> {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        lawful(&pairs)
    }

    #[test]
    fn a_plugin_cannot_set_headers_of_the_host() {
        let lawful = set(&[
            ("Set-Cookie", "a=1"),
            ("Content-Length", "0"),
            ("Transfer-Encoding", "chunked"),
            ("Location", "https://evil.example"),
            ("Content-Security-Policy", "default-src *"),
            ("Access-Control-Allow-Origin", "*"),
            ("Refresh", "0;url=//evil.example"),
            ("cache-control", "no-store"),
            ("ETag", "a\r\nSet-Cookie: b=1"),
            ("ETag ", "\"x\""),
            ("E\0Tag", "x"),
            ("Expires", "\u{7f}"),
            ("Last-Modified", "ü"),
        ]);
        assert_eq!(lawful, [("Cache-Control", "private, no-store".to_owned())]);
    }

    #[test]
    fn a_name_in_many_spellings_is_set_once() {
        let lawful = set(&[("etag", "\"a\""), ("ETag", "\"b\""), ("ETAG", "\"c\"")]);
        assert_eq!(lawful, [("ETag", "\"a\"".to_owned())]);
    }

    #[test]
    fn no_cache_between_keeps_what_is_one_persons() {
        for (asked, sent) in [
            ("max-age=60", "private, max-age=60"),
            ("public, max-age=60, s-maxage=99", "private, max-age=60"),
            ("PUBLIC", "private"),
            ("max-age=\"60\", no-cache=\"x\"", "private"),
            ("No-Store", "private, No-Store"),
        ] {
            assert_eq!(set(&[("Cache-Control", asked)])[0].1, sent, "{asked}");
        }
    }

    #[test]
    fn links_lead_to_pages_of_this_server_alone() {
        for good in [
            "</api/plugins/x/items?page=2>; rel=\"next\"",
            "<?page=1>; rel=prev, <?page=9>; rel=\"last\"",
        ] {
            assert_eq!(set(&[("Link", good)]), [("Link", good.to_owned())]);
        }
        for bad in [
            "<https://evil.example/>; rel=next",
            "<//evil.example/>; rel=next",
            "</\\evil.example/>; rel=next\\",
            "</x>; rel=preload; as=script",
            "</x>; rel=\"next stylesheet\"",
            "</x>; rel=stylesheet",
            "<?a>; rel=next, <https://e/>; rel=preconnect",
            "</x>",
            "nonsense",
            "",
        ] {
            assert_eq!(set(&[("Link", bad)]), [], "{bad}");
        }
    }
}
