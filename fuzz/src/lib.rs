//! What the fuzz targets share.
//!
//! Cast: [`exchange`] reads requests from an input; [`sandbox`] holds the account they go to and what must be true of it afterwards;
//! [`replies`] lists every reader of the client; [`script`] is a client whose replies come from an input. An input is text wherever that can be, so
//! that a person can read what went wrong, and seeds can be made of the fixtures.

pub mod exchange;
pub mod replies;
pub mod sandbox;
pub mod script;

/// The input as text, split at its first line end: a short choice and the matter itself.
#[must_use]
pub fn first_line(input: &[u8]) -> (String, &[u8]) {
    let end = input.iter().position(|&byte| byte == b'\n');
    let (line, rest) = end.map_or((input, &[][..]), |end| (&input[..end], &input[end + 1..]));
    (String::from_utf8_lossy(line).trim_end_matches('\r').to_owned(), rest)
}

/// The pieces of an input, which stand between lines `====`; at most so many.
pub fn pieces(input: &[u8], at_most: usize) -> impl Iterator<Item = &[u8]> {
    const BETWEEN: &[u8] = b"\n====\n";
    let mut rest = Some(input);
    std::iter::from_fn(move || {
        let whole = rest.take()?;
        let end = whole.windows(BETWEEN.len()).position(|window| window == BETWEEN);
        rest = end.map(|end| &whole[end + BETWEEN.len()..]);
        Some(end.map_or(whole, |end| &whole[..end]))
    })
    .take(at_most)
}
