//! The queue of deliveries.
//!
//! Cast: [`line`] keeps and orders them, [`turns`] leases them and records attempts, [`views`] reads them. As with jobs, who may be leased is
//! decided when something changes and not when it is asked: `is_first` marks the first of each line, so that a claim never passes over the
//! thousands that wait behind one of them or for another destination.
//!
//! Who writes holds a lock of the account's own for deliveries, which claims and turns of jobs do not wait for.

mod line;
mod store;
mod turns;
mod views;

pub(crate) use line::{PreparedDelivery, keep_all, leave_line};
pub(crate) use store::abandon;

const WAITING: i16 = 0;
const DELIVERED: i16 = 1;
const PARKED: i16 = 2;
