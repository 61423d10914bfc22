//! What a caller asks for beside the request itself, in headers: a lane, how long to wait for room, and whether a remembered reply will do.

use jiff::SignedDuration;

use crate::lane::Lane;

/// The header that names a lane.
pub const LANE_HEADER: &str = "leadgate-lane";
/// The header that says how long to wait for room.
pub const WAIT_HEADER: &str = "leadgate-wait";

/// The lane of a caller that names none: behind people who wait for a lead, before work in quantity.
const USUAL_LANE: Lane = Lane::Event;

/// How long callers may wait for room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitLimits {
    /// Who says nothing waits so long.
    pub usual: SignedDuration,
    /// Who asks for more waits so long.
    pub longest: SignedDuration,
}

/// The header of a lane.
///
/// # Errors
/// A sentence for the caller where there is no such lane.
pub fn lane(header: Option<&str>) -> Result<Lane, &'static str> {
    let Some(name) = header else { return Ok(USUAL_LANE) };
    let named = Lane::ALL.into_iter().find(|lane| lane.name().eq_ignore_ascii_case(name.trim()));
    named.ok_or("Leadgate-Lane names no lane: send interactive, event, bulk or sync")
}

/// The header of a wait: `30s`, `500ms`, `1m`, or seconds as a plain number; `0` for none.
///
/// # Errors
/// A sentence for the caller where that is no time.
pub fn wait(header: Option<&str>, limits: WaitLimits) -> Result<SignedDuration, &'static str> {
    let Some(text) = header.map(str::trim) else { return Ok(limits.usual) };
    let seconds = || text.parse::<u32>().ok().map(|seconds| SignedDuration::from_secs(seconds.into()));
    let with_unit = || text.parse::<SignedDuration>().ok().filter(|wait| !wait.is_negative());
    let wait = seconds().or_else(with_unit).ok_or("Leadgate-Wait is no time: send one such as 30s, or 0")?;
    Ok(wait.min(limits.longest))
}

/// Whether `Cache-Control` asks for a reply of now.
pub fn is_fresh(cache_control: Option<&str>) -> bool {
    let directives = cache_control.unwrap_or_default().split(',').map(str::trim);
    let wants = |directive: &str| {
        let directive = directive.to_ascii_lowercase();
        directive == "no-cache" || directive == "no-store" || directive == "max-age=0"
    };
    directives.into_iter().any(wants)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(None, Ok(Lane::Event))]
    #[case(Some("interactive"), Ok(Lane::Interactive))]
    #[case(Some(" Bulk "), Ok(Lane::Bulk))]
    #[case(Some("sync"), Ok(Lane::Sync))]
    #[case(Some(""), Err(()))]
    #[case(Some("fast"), Err(()))]
    fn a_lane(#[case] header: Option<&str>, #[case] expected: Result<Lane, ()>) {
        assert_eq!(lane(header).map_err(drop), expected);
    }

    #[rstest]
    #[case(None, Ok(10_000))]
    #[case(Some("0"), Ok(0))]
    #[case(Some("0s"), Ok(0))]
    #[case(Some("7"), Ok(7_000))]
    #[case(Some("30s"), Ok(30_000))]
    #[case(Some("500ms"), Ok(500))]
    #[case(Some("1h"), Ok(60_000))]
    #[case(Some("99999999"), Ok(60_000))]
    #[case(Some("-3s"), Err(()))]
    #[case(Some(""), Err(()))]
    #[case(Some("soon"), Err(()))]
    fn a_wait(#[case] header: Option<&str>, #[case] milliseconds: Result<i64, ()>) {
        let limits = WaitLimits { usual: SignedDuration::from_secs(10), longest: SignedDuration::from_secs(60) };
        assert_eq!(wait(header, limits).map_err(drop), milliseconds.map(SignedDuration::from_millis));
    }

    #[rstest]
    #[case(None, false)]
    #[case(Some("no-cache"), true)]
    #[case(Some("private, No-Store"), true)]
    #[case(Some("max-age=0"), true)]
    #[case(Some("max-age=60"), false)]
    fn a_reply_of_now(#[case] header: Option<&str>, #[case] fresh: bool) {
        assert_eq!(is_fresh(header), fresh);
    }
}
