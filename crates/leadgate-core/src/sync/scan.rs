//! A walk over JSON that says where things are in it and makes nothing of them. It knows the usual forms; where it stops, a parser is to read the text: that
//! knows the others, and says what is wrong.

/// Lists and objects in each other; what goes deeper is for a parser.
const MOST_DEPTH: u8 = 64;

/// Goes over a text from a place on.
#[derive(Clone, Debug)]
pub(super) struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    /// From the beginning.
    pub(super) fn new(text: &'a str) -> Scan<'a> {
        let mut scan = Scan { text, at: 0 };
        scan.space();
        scan
    }

    /// Where it is.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Nothing more comes.
    pub(super) fn end(&mut self) -> Option<()> {
        self.space();
        (self.at == self.text.len()).then_some(())
    }

    /// Goes over a value; returns its JSON.
    pub(super) fn value(&mut self) -> Option<&'a str> {
        let from = self.at;
        self.pass(MOST_DEPTH)?;
        self.text.get(from..self.at)
    }

    /// Goes over an object whose names have no escapes; stands at a value each time that it tells its name, and is to be led behind it.
    pub(super) fn object(&mut self, member: impl FnMut(&'a str, &mut Self) -> Option<()>) -> Option<()> {
        self.object_of(Scan::name, member)
    }

    /// The same where somebody else leads it over each name, and makes something of it.
    pub(super) fn object_of<N>(
        &mut self,
        mut name: impl FnMut(&mut Self) -> Option<N>,
        mut member: impl FnMut(N, &mut Self) -> Option<()>,
    ) -> Option<()> {
        self.past(b'{')?;
        self.space();
        if self.past(b'}').is_some() {
            return Some(());
        }
        loop {
            let name = name(self)?;
            self.space();
            self.past(b':')?;
            self.space();
            member(name, self)?;
            self.space();
            if self.past(b',').is_none() {
                return self.past(b'}');
            }
            self.space();
        }
    }

    /// Goes over a list; stands at each item in turn, and is to be led behind it.
    pub(super) fn list(&mut self, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.past(b'[')?;
        self.space();
        if self.past(b']').is_some() {
            return Some(());
        }
        loop {
            item(self)?;
            self.space();
            if self.past(b',').is_none() {
                return self.past(b']');
            }
            self.space();
        }
    }

    fn pass(&mut self, depth: u8) -> Option<()> {
        match self.byte()? {
            b'"' => self.string(),
            b'{' => {
                let depth = depth.checked_sub(1)?;
                self.object(|_, scan| scan.pass(depth))
            }
            b'[' => {
                let depth = depth.checked_sub(1)?;
                self.list(|scan| scan.pass(depth))
            }
            b'n' => self.word("null"),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            _ => self.number(),
        }
    }

    /// Goes over a name without escapes.
    pub(super) fn name(&mut self) -> Option<&'a str> {
        self.past(b'"')?;
        let from = self.at;
        self.plain();
        let name = self.text.get(from..self.at)?;
        self.past(b'"').map(|()| name)
    }

    /// Goes over this name, which has no escapes, if it comes next.
    pub(super) fn this_name(&mut self, name: &str) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let behind = rest.strip_prefix(b"\"")?.strip_prefix(name.as_bytes())?.strip_prefix(b"\"")?;
        self.at = self.text.len() - behind.len();
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        self.past(b'"')?;
        loop {
            self.plain();
            match self.byte()? {
                b'"' => return self.past(b'"'),
                b'\\' => self.escape()?,
                _ => return None,
            }
        }
    }

    /// Goes over characters that stand for themselves.
    fn plain(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let count = rest.iter().position(|byte| IS_SPECIAL[usize::from(*byte)]);
        self.at += count.unwrap_or(rest.len());
    }

    fn escape(&mut self) -> Option<()> {
        self.past(b'\\')?;
        let kind = self.byte()?;
        self.at += 1;
        match kind {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => {
                let digits = self.text.as_bytes().get(self.at..self.at + 4)?;
                self.at += 4;
                digits.iter().all(u8::is_ascii_hexdigit).then_some(())
            }
            _ => None,
        }
    }

    fn number(&mut self) -> Option<()> {
        let _sign = self.past(b'-');
        if self.past(b'0').is_none() {
            self.digits()?;
        }
        if self.past(b'.').is_some() {
            self.digits()?;
        }
        if self.past(b'e').or_else(|| self.past(b'E')).is_some() {
            let _sign = self.past(b'+').or_else(|| self.past(b'-'));
            self.digits()?;
        }
        // A digit here would follow a zero at the beginning.
        (!self.byte().is_some_and(|byte| byte.is_ascii_digit())).then_some(())
    }

    fn digits(&mut self) -> Option<()> {
        let from = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > from).then_some(())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..)?;
        rest.starts_with(word.as_bytes()).then(|| self.at += word.len())
    }

    #[inline]
    fn space(&mut self) {
        // The CRM writes none.
        if self.byte().is_some_and(|byte| byte > b' ') {
            return;
        }
        while matches!(self.byte(), Some(b' ' | b'\n' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    fn past(&mut self, byte: u8) -> Option<()> {
        (self.byte() == Some(byte)).then(|| self.at += 1)
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

/// What ends a run of characters that stand for themselves inside a string.
static IS_SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        special[byte] = true;
        byte += 1;
    }
    special[b'"' as usize] = true;
    special[b'\\' as usize] = true;
    special
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::value::RawValue;

    use super::*;

    fn scanned(text: &str) -> Option<&str> {
        let mut scan = Scan::new(text);
        let value = scan.value()?;
        scan.end().map(|()| value)
    }

    #[rstest]
    #[case(r#" {"a" : [1, -0.5e+3, "x\"\u00e9"], "b": {"c": null}, "d": [] } "#)]
    #[case("[true, false, null, {}, 0, 120]")]
    fn what_is_json_is_gone_over(#[case] text: &str) {
        assert_eq!(scanned(text), Some(text.trim()));
    }

    #[rstest]
    #[case("")]
    #[case("[1,]")]
    #[case(r#"{"a":1,}"#)]
    #[case(r#"{"a" 1}"#)]
    #[case("01")]
    #[case("1.")]
    #[case("-")]
    #[case("nul")]
    #[case(r#""\x""#)]
    #[case("\"\n\"")]
    #[case("[1] 2")]
    fn what_is_none_is_not(#[case] text: &str) {
        assert_eq!(scanned(text), None);
    }

    proptest! {
        #[test]
        fn it_takes_nothing_that_a_parser_refuses(text in r#"[\[\]{}:,"\\a0-9.eE+ ntrufals-]{0,24}"#) {
            let read: Option<&RawValue> = serde_json::from_str(&text).ok();
            if let Some(value) = scanned(&text) {
                prop_assert_eq!(Some(value), read.map(RawValue::get));
            }
        }
    }
}
