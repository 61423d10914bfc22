//! Time as a dependency: whoever needs "now" is handed a clock, so that tests step it.

use jiff::Timestamp;

/// Where the present moment comes from.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;
}
