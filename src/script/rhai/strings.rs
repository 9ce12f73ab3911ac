//! `replace`, bounded: Rhai's own builds the whole result before it looks at its size.

use rhai::{Engine, EvalAltResult, ImmutableString, Position};

type Replaced = Result<(), Box<EvalAltResult>>;

pub fn register(engine: &mut Engine, longest: usize) {
    engine.register_fn(
        "replace",
        move |text: &mut ImmutableString, find: &str, by: &str| replace(text, find, by, longest),
    );
    engine.register_fn(
        "replace",
        move |text: &mut ImmutableString, find: &str, by: char| {
            replace(text, find, by.encode_utf8(&mut [0; 4]), longest)
        },
    );
    engine.register_fn(
        "replace",
        move |text: &mut ImmutableString, find: char, by: &str| {
            replace(text, find.encode_utf8(&mut [0; 4]), by, longest)
        },
    );
    engine.register_fn(
        "replace",
        move |text: &mut ImmutableString, find: char, by: char| {
            replace(
                text,
                find.encode_utf8(&mut [0; 4]),
                by.encode_utf8(&mut [0; 4]),
                longest,
            )
        },
    );
}

fn replace(text: &mut ImmutableString, find: &str, by: &str, longest: usize) -> Replaced {
    let count = text.matches(find).count();
    let grown = text
        .len()
        .saturating_sub(count.saturating_mul(find.len()))
        .saturating_add(count.saturating_mul(by.len()));
    if grown > longest {
        let what = "Length of string".to_owned();
        return Err(Box::new(EvalAltResult::ErrorDataTooLarge(
            what,
            Position::NONE,
        )));
    }
    *text = text.replace(find, by).into();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replacement_that_would_grow_too_long_is_refused_before_it_is_made() {
        let mut text: ImmutableString = "aXbX".into();
        assert!(replace(&mut text, "X", "--", 6).is_ok());
        assert_eq!(text.as_str(), "a--b--");
        assert!(replace(&mut text, "-", "123", 13).is_err());
        assert_eq!(text.as_str(), "a--b--");
    }
}
