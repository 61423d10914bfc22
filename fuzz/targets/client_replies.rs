//! Bodies of successful replies: the first byte chooses which request they answer.
#![no_main]

use leadgate_fuzz::replies::READERS;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Some((&choice, body)) = input.split_first() {
        READERS[usize::from(choice) % READERS.len()](body);
    }
});
