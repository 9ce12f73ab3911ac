//! One page of a long list, where the caller asks for it: `?page=1&pageSize=24`.

use serde_json::json;

use super::request::Request;
use crate::error::{Error, Result};

pub const DEFAULT_SIZE: usize = 24;
pub const LARGEST_SIZE: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// From 1.
    number: usize,
    size: usize,
}

impl Page {
    pub const FIRST: Self = Self {
        number: 1,
        size: DEFAULT_SIZE,
    };

    /// `None` where the whole list is asked for.
    pub fn asked(request: &Request) -> Result<Option<Self>> {
        let Some(number) = request.query_value("page") else {
            return Ok(None);
        };
        let size = request.query_value("pageSize");
        Ok(Some(Self {
            number: whole_number("page", &number, usize::MAX)?,
            size: size.map_or(Ok(DEFAULT_SIZE), |size| {
                whole_number("pageSize", &size, LARGEST_SIZE)
            })?,
        }))
    }

    /// How many stand on the pages before it.
    pub fn before(&self) -> usize {
        (self.number - 1).saturating_mul(self.size)
    }

    pub fn size(&self) -> usize {
        self.size
    }

    /// What stands on the page; nothing on a page behind the last.
    pub fn of<'list, T>(&self, list: &'list [T]) -> &'list [T] {
        let rest = list.get(self.before()..).unwrap_or_default();
        rest.get(..self.size).unwrap_or(rest)
    }

    /// The page as JSON around its items, which are a JSON list already.
    pub fn written(&self, items: &[u8], total: usize) -> Vec<u8> {
        let about = json!({
            "page": self.number,
            "pageSize": self.size,
            "total": total,
            "pages": total.div_ceil(self.size),
        })
        .to_string();
        let rest = about.strip_prefix('{').unwrap_or_default();
        [br#"{"items":"#, items, b",", rest.as_bytes()].concat()
    }
}

fn whole_number(name: &str, text: &str, most: usize) -> Result<usize> {
    text.parse()
        .ok()
        .filter(|number| (1..=most).contains(number))
        .ok_or_else(|| {
            let up_to = match most {
                usize::MAX => String::new(),
                most => format!(" to {most}"),
            };
            Error::invalid(
                name,
                format!("Query parameter '{name}' must be a whole number from 1{up_to}"),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> Result<Option<Page>> {
        Page::asked(&Request::new(
            "GET",
            &format!("/x?{query}"),
            Vec::new(),
            &[],
        ))
    }

    #[test]
    fn without_a_page_the_whole_list_is_meant() {
        for query in ["", "pageSize=5", "category=x"] {
            assert_eq!(asked(query).unwrap(), None, "{query}");
        }
    }

    #[test]
    fn a_page_is_a_part_of_the_list_and_the_last_one_may_be_short() {
        let list: Vec<u32> = (0..10).collect();
        let page = |query: &str| asked(query).unwrap().unwrap().of(&list).to_vec();
        assert_eq!(page("page=1&pageSize=4"), [0, 1, 2, 3]);
        assert_eq!(page("page=3&pageSize=4"), [8, 9]);
        assert_eq!(page("page=4&pageSize=4"), [0; 0]);
        assert_eq!(page("page=18446744073709551615&pageSize=200"), [0; 0]);
        assert_eq!(page("page=1").len(), 10);
    }

    #[test]
    fn anything_but_a_number_in_range_is_refused_by_name() {
        for query in [
            "page=",
            "page=0",
            "page=-1",
            "page=1.5",
            "page=x",
            "page=99999999999999999999999",
        ] {
            let refusal = asked(query).unwrap_err().to_string();
            assert!(refusal.contains("'page'"), "{query}: {refusal}");
        }
        for query in [
            "page=1&pageSize=0",
            "page=1&pageSize=201",
            "page=1&pageSize=",
        ] {
            let refusal = asked(query).unwrap_err().to_string();
            assert!(
                refusal.contains("'pageSize' must be a whole number from 1 to 200"),
                "{query}: {refusal}"
            );
        }
    }

    #[test]
    fn a_written_page_is_json() {
        let page = asked("page=2&pageSize=3").unwrap().unwrap();
        let written: serde_json::Value =
            serde_json::from_slice(&page.written(b"[1,2]", 5)).unwrap();
        assert_eq!(
            written,
            json!({"items": [1, 2], "page": 2, "pageSize": 3, "total": 5, "pages": 2})
        );
    }
}
