//! The queue of deliveries.
//!
//! Cast: [`line`] keeps and orders them, [`turns`] leases them and records attempts, [`views`] reads them. As with jobs, who may be leased is
//! decided when something changes and not when it is asked: `is_first` marks the first of each line, so that a claim never passes over the
//! thousands that wait behind one of them or for another destination.

mod line;
mod store;
mod turns;
mod views;

pub(crate) use line::{PreparedDelivery, move_up as leave_line};
pub(crate) use turns::abandon;

const WAITING: i64 = 0;
const DELIVERED: i64 = 1;
const PARKED: i64 = 2;
