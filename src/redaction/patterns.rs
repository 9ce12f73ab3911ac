//! The texts that give a secret away, in one automaton: what a text costs does not depend on how many
//! secrets there are, and what was masked is not looked at again.

use std::ops::Range;

use aho_corasick::Anchored;
use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::noncontiguous::NFA;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{MASK, cut, head};

/// Bytes of all patterns of a call; the automaton takes about 40 times as many.
const MOST_BYTES: usize = 256 * 1024;
/// Built for few texts, so building is what it costs: only its first state is a table.
const DENSE_DEPTH: usize = 1;
/// Encoded secrets have any letters, so a shorter one would take words out of ordinary sentences.
const SHORTEST_ENCODED: usize = 5;
/// What most encoders of URLs leave as it is.
const URL_UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

#[derive(Debug)]
pub struct Patterns {
    automaton: NFA,
    longest: usize,
}

impl Patterns {
    /// `None` where they are more than can be looked for.
    pub fn of(secrets: &[String]) -> Option<Self> {
        let mut patterns: Vec<String> = Vec::new();
        let mut bytes: usize = secrets.iter().map(String::len).sum();
        for secret in secrets {
            if bytes > MOST_BYTES {
                return None;
            }
            let encoded = forms(secret)
                .into_iter()
                .filter(|form| form.len() >= SHORTEST_ENCODED);
            for mut form in encoded.chain([secret.clone()]) {
                // Sought in either case, so those that differ in nothing else are one.
                form.make_ascii_lowercase();
                bytes += form.len();
                patterns.push(form);
            }
        }
        patterns.sort_unstable();
        patterns.dedup();
        let automaton = NFA::builder()
            .prefilter(false)
            .dense_depth(DENSE_DEPTH)
            .build(&patterns);
        Some(Self {
            automaton: automaton.ok().filter(|_| bytes <= MOST_BYTES)?,
            longest: patterns.iter().map(String::len).max().unwrap_or_default(),
        })
    }

    /// The first `most` bytes of a text, with a mask for all that a secret covers. A secret that begins
    /// before the cut is found, however far it goes on behind it.
    pub fn clean(&self, text: &str, most: usize) -> String {
        let shown = head(text, most);
        let mut cleaned = String::with_capacity(shown.len());
        let mut from = 0;
        for covered in self.covered(head(text, most.saturating_add(self.longest))) {
            if covered.start >= shown.len() {
                break;
            }
            cleaned.push_str(shown.get(from..covered.start).unwrap_or_default());
            cleaned.push_str(MASK);
            from = covered.end;
        }
        cleaned.push_str(shown.get(from..).unwrap_or_default());
        cut(&cleaned, most, shown.len() < text.len())
    }

    /// What the secrets cover, in order; those that touch or overlap are one stretch.
    fn covered(&self, text: &str) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        let Ok(mut state) = self.automaton.start_state(Anchored::No) else {
            return found;
        };
        for (at, byte) in text.bytes().enumerate() {
            let byte = byte.to_ascii_lowercase();
            state = self.automaton.next_state(Anchored::No, state, byte);
            if !self.automaton.is_match(state) {
                continue;
            }
            // Of those that end here the first is the longest, and covers the others.
            let pattern = self.automaton.match_pattern(state, 0);
            let end = at + 1;
            let mut start = end.saturating_sub(self.automaton.pattern_len(pattern));
            while let Some(last) = found.pop_if(|last| last.end >= start) {
                start = start.min(last.start);
            }
            found.push(start..end);
        }
        found
    }
}

fn forms(secret: &str) -> Vec<String> {
    let json = serde_json::Value::from(secret).to_string();
    let url = utf8_percent_encode(secret, URL_UNRESERVED).to_string();
    let alignments = (0..3).flat_map(|offset| within_base64(secret.as_bytes(), offset));
    alignments
        .chain([
            crate::hex::encode(secret.as_bytes()),
            json.trim_matches('"').to_owned(),
            // As forms write it.
            url.replace("%20", "+"),
            url,
            utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        ])
        .collect()
}

/// The letters that base64 of any longer text has for these bytes, when `offset` bytes stand before them
/// in their group of three. The letters at the ends, which depend on the neighbours, are left out.
fn within_base64(bytes: &[u8], offset: usize) -> [String; 2] {
    let padded: Vec<u8> = std::iter::repeat_n(0, offset)
        .chain(bytes.iter().copied())
        .collect();
    let first = (offset * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    [
        STANDARD_NO_PAD.encode(&padded),
        URL_SAFE_NO_PAD.encode(&padded),
    ]
    .map(|text| text.get(first..last).unwrap_or_default().to_owned())
}
