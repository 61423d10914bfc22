//! An account that is kept in a file while requests change it: what the file holds becomes the same account.
#![no_main]

use std::fs::File;
use std::io::BufReader;

use leadgate_fuzz::{exchange, pieces, sandbox};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let sandbox = sandbox::seeded();
    let account = sandbox.account();
    let file = std::env::temp_dir().join(format!("leadgate-fuzz-{}.jsonl", std::process::id()));
    account.keep_in(&file).expect("the folder for temporary files takes one");
    for request in pieces(input, 6).filter_map(exchange::request).map(exchange::signed) {
        if !sandbox::is_costly(&request) {
            sandbox::answer(&sandbox, request);
        }
    }
    // A clock that runs would show another time in each snapshot.
    account.set_clock_factor(0.0);
    let restored = sandbox::empty().account();
    restored
        .restore(BufReader::new(File::open(&file).expect("the journal is there")))
        .expect("the journal can be read");
    sandbox::assert_same(&sandbox::saved(&account), &sandbox::saved(&restored));
});
