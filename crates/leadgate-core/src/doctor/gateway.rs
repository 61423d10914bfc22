//! The gateway: does it run, is it ready, and does the world reach it?

use super::Finding;
use super::codes;
use super::observed::{GatewaySeen, Loopback, Readiness};

pub(super) fn judge(seen: &GatewaySeen) -> Vec<Finding> {
    vec![judge_readiness(seen), judge_loopback(seen)]
}

fn judge_readiness(seen: &GatewaySeen) -> Finding {
    let url = &seen.local_url;
    match seen.readiness {
        Readiness::NotRunning => Finding::new(codes::GATEWAY_NOT_RUNNING, format!("no gateway answers at {url}")),
        Readiness::Ready => Finding::new(codes::GATEWAY_READY, format!("{url}/ready answered 200")),
        Readiness::NotReady(status) => Finding::new(codes::GATEWAY_NOT_READY, format!("{url}/ready answered {status}")),
    }
}

fn judge_loopback(seen: &GatewaySeen) -> Finding {
    let Some(url) = &seen.public_url else {
        return Finding::new(codes::LOOPBACK_NOT_SET, "server.public_url is empty");
    };
    match seen.loopback {
        None => Finding::new(codes::LOOPBACK_SKIPPED, format!("{url} was not tried, because no gateway runs here")),
        Some(Loopback::Arrived) => {
            Finding::new(codes::LOOPBACK_ARRIVES, format!("a request to {url} arrived at this gateway"))
        }
        Some(Loopback::OtherGateway) => {
            Finding::new(codes::LOOPBACK_OTHER_GATEWAY, format!("a request to {url} arrived at another gateway"))
        }
        Some(Loopback::Elsewhere(status)) => {
            Finding::new(codes::LOOPBACK_ELSEWHERE, format!("something else answered {status} at {url}"))
        }
        Some(Loopback::Nothing) => Finding::new(codes::LOOPBACK_UNREACHABLE, format!("nothing answered at {url}")),
    }
}
