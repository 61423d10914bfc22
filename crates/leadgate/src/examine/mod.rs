//! Looks at this machine and its gateway for `leadgate doctor`. Nothing is judged here; see `leadgate_core::doctor`.

mod gateway;
mod machine;

pub(crate) use gateway::look_at_gateway;
pub(crate) use machine::look_at_machine;

use rand::Rng as _;

/// Ten random hexadecimal digits, to recognise something by.
#[expect(clippy::disallowed_methods, reason = "what marks a record must not be repeated by the next run")]
pub(crate) fn nonce() -> String {
    format!("{:010x}", rand::rng().random::<u64>() & 0xff_ffff_ffff)
}
