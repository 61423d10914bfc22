//! Texts as Slack reads them: three signs begin mentions and links, so they are escaped wherever a text may come from anyone.

/// The text as Slack shows it literally.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// `<url|text>`, or the text alone where the address is none that a reader could open: in this place `!channel` would call everybody.
pub fn link(url: &str, text: &str) -> String {
    let url = url.trim();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = url.to_ascii_lowercase();
    let can_be_opened = ["https://", "http://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme));
    if !can_be_opened || url.chars().any(|sign| sign.is_control() || sign.is_whitespace()) {
        return escape(&text);
    }
    let url = escape(url).replace('|', "%7C");
    if text.is_empty() { format!("<{url}>") } else { format!("<{url}|{}>", escape(&text)) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::link("https://a.example.com/d/7?a=1&b=2", "Deal", "<https://a.example.com/d/7?a=1&amp;b=2|Deal>")]
    #[case::mail("mailto:ada@example.com", "Ada", "<mailto:ada@example.com|Ada>")]
    #[case::text_by_anyone("https://a.example.com", "<!channel>|x", "<https://a.example.com|&lt;!channel&gt;|x>")]
    #[case::address_by_anyone("!channel", "Deal", "Deal")]
    #[case::breaks_out("https://a.example.com>|<!here", "Deal", "<https://a.example.com&gt;%7C&lt;!here|Deal>")]
    #[case::script("javascript:alert(1)", "Deal", "Deal")]
    #[case::no_address("", "A & B", "A &amp; B")]
    #[case::no_text("https://a.example.com", " ", "<https://a.example.com>")]
    #[case::lines("https://a.example.com", "a\nb", "<https://a.example.com|a b>")]
    fn what_a_link_becomes(#[case] url: &str, #[case] text: &str, #[case] made: &str) {
        assert_eq!(link(url, text), made);
    }
}
