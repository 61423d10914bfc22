//! Rust source as a flat list of tokens with their lines.
//!
//! The compiler's own lexer rules apply (through `proc-macro2`), so strings, raw strings, character literals and comments cannot be
//! mistaken for code, and code inside macro calls is seen like any other. A syntax tree would not show that part.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// One token: an identifier, a literal, `::` or another punctuation mark, or a bracket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    /// Counted from 1.
    pub(crate) line: usize,
    /// How many brackets are open around it.
    pub(crate) depth: usize,
}

/// The tokens of `source`, or why it cannot be read as Rust.
pub(crate) fn read(source: &str) -> Result<Vec<Token>, String> {
    let stream: TokenStream = source.parse().map_err(|error| format!("cannot be read as Rust: {error}"))?;
    let mut tokens = Vec::new();
    flatten(stream, 0, &mut tokens);
    Ok(tokens)
}

fn flatten(stream: TokenStream, depth: usize, into: &mut Vec<Token>) {
    let mut after_joint_colon = false;
    for tree in stream {
        let line = tree.span().start().line;
        let mut joint_colon = false;
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = brackets(group.delimiter());
                into.push(Token { text: open.into(), line: group.span_open().start().line, depth });
                flatten(group.stream(), depth + 1, into);
                into.push(Token { text: close.into(), line: group.span_close().end().line, depth });
            }
            TokenTree::Punct(mark) if mark.as_char() == ':' && after_joint_colon => {
                into.last_mut().expect("the first colon was pushed").text.push(':');
            }
            TokenTree::Punct(mark) => {
                joint_colon = mark.as_char() == ':' && mark.spacing() == Spacing::Joint;
                into.push(Token { text: mark.as_char().to_string(), line, depth });
            }
            TokenTree::Ident(ident) => into.push(Token { text: ident.to_string(), line, depth }),
            TokenTree::Literal(literal) => into.push(Token { text: literal.to_string(), line, depth }),
        }
        after_joint_colon = joint_colon;
    }
}

fn brackets(delimiter: Delimiter) -> (&'static str, &'static str) {
    match delimiter {
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Brace => ("{", "}"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::None => ("", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<String> {
        read(source).unwrap().into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn joins_path_separators_and_keeps_single_colons() {
        assert_eq!(texts("a::b(c: ::d)"), ["a", "::", "b", "(", "c", ":", "::", "d", ")"]);
    }

    #[test]
    fn strings_and_comments_are_not_code() {
        assert_eq!(texts("/* x { */ r#\"fn a() {\"# // }\n '{'"), ["r#\"fn a() {\"#", "'{'"]);
    }

    #[test]
    fn lines_and_depths_are_those_of_the_source() {
        let tokens = read("a {\n  b\n}").unwrap();
        let seen: Vec<_> = tokens.iter().map(|token| (token.text.as_str(), token.line, token.depth)).collect();
        assert_eq!(seen, [("a", 1, 0), ("{", 1, 0), ("b", 2, 1), ("}", 3, 0)]);
    }

    #[test]
    fn broken_source_is_refused() {
        assert!(read("fn a( {").unwrap_err().contains("cannot be read as Rust"));
    }
}
