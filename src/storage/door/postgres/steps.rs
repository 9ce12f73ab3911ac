//! PostgreSQL's grammar with a count of the steps that a parse may take.
//!
//! The parser guesses: where a word may be a special form or a name, it reads what follows twice,
//! and within itself that doubles at each level. Its own limit counts levels, not work. So each
//! beginning of an expression, a type or a statement is counted here, and once a text has had its
//! share no further one is begun: what is open ends at once, whatever its form.

use std::any::TypeId;
use std::cell::Cell;

use sqlparser::ast::{DataType, Expr, Statement};
use sqlparser::dialect::{BindPlaceholderStyle, Dialect, PostgreSqlDialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};

/// A text without guesses takes two for a word at most; the rest is for honest guesses that fail.
const STEPS_PER_WORD: usize = 8;

#[derive(Debug)]
pub struct Counted {
    left: Cell<usize>,
}

impl Counted {
    pub fn new(words: usize) -> Self {
        Self {
            left: Cell::new(words.saturating_mul(STEPS_PER_WORD)),
        }
    }

    /// Whether the text has had more than its share.
    pub fn is_spent(&self) -> bool {
        self.left.get() == 0
    }

    /// Only this error is not taken for a guess that failed.
    fn step<T>(&self) -> Option<Result<T, ParserError>> {
        match self.left.get().checked_sub(1) {
            Some(left) if left > 0 => {
                self.left.set(left);
                None
            }
            _ => {
                self.left.set(0);
                Some(Err(ParserError::RecursionLimitExceeded))
            }
        }
    }
}

/// All that the PostgreSQL dialect answers otherwise than the trait itself.
macro_rules! as_postgres {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        $(fn $name(&self, $($argument: $kind),*) -> $answer {
            PostgreSqlDialect {}.$name($($argument),*)
        })*
    };
}

impl Dialect for Counted {
    /// The parser asks for its dialects by type, too.
    fn dialect(&self) -> TypeId {
        TypeId::of::<PostgreSqlDialect>()
    }

    fn parse_prefix(&self, _: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        self.step()
    }

    fn parse_statement(&self, _: &mut Parser<'_>) -> Option<Result<Statement, ParserError>> {
        self.step()
    }

    fn parse_data_type(&self, _: &mut Parser<'_>) -> Option<Result<DataType, ParserError>> {
        self.step()
    }

    as_postgres! {
        supports_cte_materialization() -> bool;
        identifier_quote_style(identifier: &str) -> Option<char>;
        ordered_bind_placeholder_style() -> Option<BindPlaceholderStyle>;
        is_delimited_identifier_start(ch: char) -> bool;
        is_identifier_start(ch: char) -> bool;
        is_identifier_part(ch: char) -> bool;
        supports_unicode_string_literal() -> bool;
        is_reserved_for_identifier(kw: Keyword) -> bool;
        is_table_alias(kw: &Keyword, parser: &mut Parser<'_>) -> bool;
        supports_string_literal_column_alias(explicit: bool) -> bool;
        supports_string_literal_table_alias(explicit: bool) -> bool;
        is_custom_operator_part(ch: char) -> bool;
        get_next_precedence(parser: &Parser<'_>) -> Option<Result<u8, ParserError>>;
        supports_filter_during_aggregation() -> bool;
        supports_group_by_expr() -> bool;
        supports_drop_group() -> bool;
        supports_alter_user_as_alter_role() -> bool;
        supports_create_group() -> bool;
        supports_create_role_if_not_exists() -> bool;
        prec_value(prec: Precedence) -> u8;
        allow_extract_custom() -> bool;
        allow_extract_single_quotes() -> bool;
        supports_create_index_with_clause() -> bool;
        supports_sql_option_without_value() -> bool;
        supports_explain_with_utility_options() -> bool;
        supports_listen_notify() -> bool;
        supports_exclude_constraint() -> bool;
        supports_factorial_operator() -> bool;
        supports_bitwise_shift_operators() -> bool;
        supports_tilde_like_match_operator() -> bool;
        supports_comparison_in_between_low_bound() -> bool;
        supports_comment_on() -> bool;
        supports_load_extension() -> bool;
        supports_named_fn_args_with_colon_operator() -> bool;
        supports_named_fn_args_with_expr_name() -> bool;
        supports_named_fn_args_with_assignment_operator() -> bool;
        supports_empty_projections() -> bool;
        supports_nested_comments() -> bool;
        supports_copy_from_stdin_data() -> bool;
        supports_string_escape_constant() -> bool;
        supports_numeric_literal_underscores() -> bool;
        supports_non_decimal_integer_literals() -> bool;
        supports_array_typedef_with_brackets() -> bool;
        supports_geometric_types() -> bool;
        supports_order_by_using_operator() -> bool;
        supports_set_names() -> bool;
        supports_alter_column_type_using() -> bool;
        supports_left_associative_joins_without_parens() -> bool;
        supports_notnull_operator() -> bool;
        supports_interval_options() -> bool;
        is_interval_qualifier(kw: Keyword) -> bool;
        supports_insert_table_alias() -> bool;
        supports_create_table_like_parenthesized() -> bool;
        supports_select_wildcard_with_alias() -> bool;
        supports_comma_separated_trim() -> bool;
        supports_xml_expressions() -> bool;
        is_custom_type_typed_string(first_keyword: Keyword, qualified: bool) -> bool;
        supports_aliased_function_args() -> bool;
        supports_comment_optimizer_hint() -> bool;
        supports_add_column_if_not_exists() -> bool;
        supports_attach_partition_of() -> bool;
        supports_detach_partition_of() -> bool;
        supports_table_inheritance_markers() -> bool;
        supports_column_generic_options() -> bool;
    }
}

#[cfg(test)]
mod tests;
