//! A path below the root of an account's API.

/// The longest path, in bytes: what the API knows is far shorter.
const LONGEST: usize = 1_024;

/// A path that stays below the root that it is put behind, however a server on the way reads it: `contacts/12/notes`.
///
/// It consists of segments of visible ASCII without separators, none of which is empty, `.` or `..`, not even once or twice percent-decoded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ApiPath(String);

/// Why a path is not passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathProblem {
    /// There is none.
    #[error("the path ends behind api/; name what is asked for, as in …/api/contacts/1")]
    Empty,
    /// It is longer than any path of the API.
    #[error("the path is longer than {LONGEST} bytes, and no path of the API is")]
    TooLong,
    /// A segment is empty or means another folder.
    #[error("the path has an empty segment, `.` or `..`; write it plain, as in …/api/contacts/1")]
    Wanders,
    /// It holds what separates segments, addresses or queries, or is no text.
    #[error("the path has a character that no path of the API has; put what is searched for into the query")]
    ForeignCharacter,
}

impl ApiPath {
    /// Reads what stands behind `…/api/`, as it was sent. One slash at the end is taken off.
    ///
    /// # Errors
    /// What keeps it from being passed on.
    pub fn parse(raw: &str) -> Result<ApiPath, PathProblem> {
        let path = raw.strip_suffix('/').unwrap_or(raw);
        if path.is_empty() {
            return Err(PathProblem::Empty);
        }
        if path.len() > LONGEST {
            return Err(PathProblem::TooLong);
        }
        path.split('/').try_for_each(check_segment)?;
        Ok(ApiPath(path.to_owned()))
    }

    /// The path, without a slash before it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it names a list of the account's settings, which change seldom.
    pub fn is_selector(&self) -> bool {
        self.0.starts_with("selector/")
    }

    /// Whether a write to it may change such a list: selectors show what `settings` and `cpq` make.
    pub fn changes_selectors(&self) -> bool {
        matches!(self.first(), "selector" | "settings" | "cpq")
    }

    /// The path for logs: words of the API, `{}` for anything else.
    pub fn shape(&self) -> String {
        let is_word = |segment: &str| segment.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let shape = |segment| if is_word(segment) { segment } else { "{}" };
        self.0.split('/').map(shape).collect::<Vec<_>>().join("/")
    }

    fn first(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }
}

fn check_segment(segment: &str) -> Result<(), PathProblem> {
    if !segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%".contains(&byte)) {
        return Err(PathProblem::ForeignCharacter);
    }
    let mut read = segment.as_bytes().to_vec();
    // Whoever stands between may decode once more than the account does.
    for _ in 0..3 {
        if matches!(read.as_slice(), b"" | b"." | b"..") {
            return Err(PathProblem::Wanders);
        }
        if read.iter().any(|byte| byte.is_ascii_control() || b"/\\?#".contains(byte)) {
            return Err(PathProblem::ForeignCharacter);
        }
        read = decoded(&read).ok_or(PathProblem::ForeignCharacter)?;
    }
    Ok(())
}

/// The text with each `%41` read; `None` where a percent sign stands for nothing.
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut read = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => read.push(hexadecimal(*rest.next()?)? << 4 | hexadecimal(*rest.next()?)?),
            other => read.push(*other),
        }
    }
    Some(read)
}

fn hexadecimal(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("contacts/12", Ok("contacts/12"))]
    #[case::deep("contacts/view/401/x", Ok("contacts/view/401/x"))]
    #[case::slash_at_the_end("contacts/", Ok("contacts"))]
    #[case::named_with_dots("files/a..b.txt", Ok("files/a..b.txt"))]
    #[case::escaped("lists/a%20b", Ok("lists/a%20b"))]
    #[case::address_in_it("contacts/ada@example.com", Ok("contacts/ada@example.com"))]
    #[case::nothing("", Err(PathProblem::Empty))]
    #[case::only_a_slash("/", Err(PathProblem::Empty))]
    #[case::up("contacts/../settings", Err(PathProblem::Wanders))]
    #[case::up_at_once("..", Err(PathProblem::Wanders))]
    #[case::up_at_the_end("contacts/..", Err(PathProblem::Wanders))]
    #[case::here("./contacts", Err(PathProblem::Wanders))]
    #[case::up_escaped("contacts/%2e%2E/settings", Err(PathProblem::Wanders))]
    #[case::up_half_escaped("contacts/.%2e", Err(PathProblem::Wanders))]
    #[case::up_escaped_twice("contacts/%252e%252e", Err(PathProblem::Wanders))]
    #[case::host("/evil.example.com/api", Err(PathProblem::Wanders))]
    #[case::absolute("https://evil.example.com/", Err(PathProblem::Wanders))]
    #[case::empty_segment("contacts//12", Err(PathProblem::Wanders))]
    #[case::slash_escaped("contacts/..%2fsettings", Err(PathProblem::ForeignCharacter))]
    #[case::slash_escaped_twice("contacts/a%252fb", Err(PathProblem::ForeignCharacter))]
    #[case::backslash("contacts\\..\\x", Err(PathProblem::ForeignCharacter))]
    #[case::backslash_escaped("contacts/%5c..", Err(PathProblem::ForeignCharacter))]
    #[case::query_escaped("contacts/a%3fb", Err(PathProblem::ForeignCharacter))]
    #[case::fragment("contacts/a%23b", Err(PathProblem::ForeignCharacter))]
    #[case::line("contacts/a%0d%0ab", Err(PathProblem::ForeignCharacter))]
    #[case::nul("contacts/%00", Err(PathProblem::ForeignCharacter))]
    #[case::half_a_percent("contacts/%2", Err(PathProblem::ForeignCharacter))]
    #[case::percent_of_nothing("contacts/%zz", Err(PathProblem::ForeignCharacter))]
    #[case::not_ascii("contacts/é", Err(PathProblem::ForeignCharacter))]
    #[case::space("contacts/a b", Err(PathProblem::ForeignCharacter))]
    fn what_is_passed_on(#[case] raw: &str, #[case] expected: Result<&str, PathProblem>) {
        let parsed = ApiPath::parse(raw);
        assert_eq!(parsed.as_ref().map(ApiPath::as_str).map_err(|problem| *problem), expected);
    }

    #[rstest]
    #[case("contacts/12/notes", "contacts/{}/notes")]
    #[case("contacts/ada@example.com", "contacts/{}")]
    #[case("selector/deal_stages", "selector/deal_stages")]
    fn what_logs_say(#[case] path: &str, #[case] shape: &str) {
        assert_eq!(ApiPath::parse(path).unwrap().shape(), shape);
    }

    #[rstest]
    #[case("selector/owners", true, true)]
    #[case("settings/deals/fields", false, true)]
    #[case("selectors/owners", false, false)]
    #[case("contacts/selector/x", false, false)]
    fn what_is_remembered(#[case] path: &str, #[case] is_selector: bool, #[case] changes: bool) {
        let path = ApiPath::parse(path).unwrap();
        assert_eq!((path.is_selector(), path.changes_selectors()), (is_selector, changes));
    }

    proptest! {
        #[test]
        fn a_path_never_leaves_its_root(raw in "(\\.|%2e|%2E|%25|%|/|\\\\|:|@|a|\\?|#|;|é|2e){0,12}") {
            if let Ok(path) = ApiPath::parse(&raw) {
                let root = "https://acme.example.com/crm/sales/api/";
                let url = url::Url::parse(&format!("{root}{}", path.as_str())).unwrap();
                prop_assert!(url.as_str().starts_with(root), "{url}");
                prop_assert_eq!(url.path_segments().unwrap().count(), 3 + path.as_str().split('/').count());
                prop_assert!(url.query().is_none() && url.fragment().is_none());
            }
        }
    }
}
