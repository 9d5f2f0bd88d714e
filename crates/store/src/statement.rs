//! Every SQL text of the house is a named constant made by `statements!`, so that a test can prepare each
//! on both databases, and a fault can say which one broke without quoting it.

/// One SQL text with its name.
pub(crate) struct Statement {
    /// "run procura_store::agents::GET": what was being done when it broke.
    pub(crate) doing: &'static str,
    /// The text, in words that both databases know; `$1` is the tenant.
    pub(crate) sql: &'static str,
}

/// Declares the statements of a module and lists them for the tests.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:literal;)*) => {
        $(
            $(#[$doc])*
            const $name: $crate::statement::Statement = $crate::statement::Statement {
                doing: concat!("run ", module_path!(), "::", stringify!($name)),
                sql: $sql,
            };
        )*

        /// Every statement of this module.
        #[cfg(test)]
        pub(crate) const STATEMENTS: &[$crate::statement::Statement] = &[$($name),*];
    };
}

#[cfg(test)]
#[path = "statement_tests.rs"]
mod tests;
