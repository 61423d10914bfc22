//! What campaign links left in a post: `utm_…` in its hidden fields or in the address of its page.

use url::Url;

use super::post::FormPost;

/// What of a captured text is kept. A visitor cannot mend a link, so a long one is cut and not refused.
const LONGEST: usize = 255;
/// What click ids and campaign links call themselves.
const CAPTURED: [&str; 8] =
    ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id", "gclid", "fbclid"];
/// The longest address that a note repeats.
const LONGEST_ADDRESS: usize = 500;

/// Where a post came from, by name: `utm_…`, click ids, `page_url`, `referrer`.
pub(super) fn captured(post: &FormPost) -> Vec<(&'static str, String)> {
    let said = post.text("page_url").filter(|address| is_page(address));
    let addresses: Vec<Url> =
        said.into_iter().chain(post.page.as_deref()).filter_map(|text| Url::parse(text).ok()).collect();
    let from_link = |name: &str| {
        let pairs = addresses.iter().flat_map(Url::query_pairs);
        pairs.filter(|(key, _)| key == name).map(|(_, text)| text.into_owned()).next()
    };
    let mut found = Vec::new();
    for name in CAPTURED {
        let text = post.text(name).map(str::to_owned).or_else(|| from_link(name));
        found.extend(text.and_then(|text| cleaned(&text, LONGEST)).map(|text| (name, text)));
    }
    let page = addresses.first().and_then(|page| cleaned(&without_query(page), LONGEST_ADDRESS));
    found.extend(page.map(|page| ("page_url", page)));
    let referrer = post.text("referrer").filter(|address| is_page(address));
    found.extend(referrer.and_then(|text| cleaned(text, LONGEST_ADDRESS)).map(|text| ("referrer", text)));
    found
}

fn is_page(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// What the query says of the campaign is kept by itself; the rest of it may be anything.
fn without_query(page: &Url) -> String {
    let mut page = page.clone();
    page.set_query(None);
    page.set_fragment(None);
    page.into()
}

/// One line of it, `None` if nothing is left.
fn cleaned(text: &str, longest: usize) -> Option<String> {
    let line: String = text.chars().filter(|character| !character.is_control()).take(longest).collect();
    let line = line.trim();
    (!line.is_empty()).then(|| line.to_owned())
}
