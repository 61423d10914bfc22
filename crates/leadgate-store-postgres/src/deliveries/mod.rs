//! The queue of deliveries.
//!
//! Cast: [`line`] keeps and orders them, `turns` leases them and records attempts, `views` reads them. As with jobs, who may be leased is
//! decided when something changes and not when it is asked: `is_first` marks the first of each line, so that a claim never passes over the
//! thousands that wait behind one of them or for another destination.

mod line;
mod store;

pub(crate) use line::{PreparedDelivery, keep_all};
