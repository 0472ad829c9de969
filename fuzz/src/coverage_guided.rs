//! Runs a target with libFuzzer. The environment variable `FUZZ_TARGET` names it.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

static TARGET: OnceLock<open_runtime_fuzz::Target> = OnceLock::new();

fuzz_target!(|input: &[u8]| {
    TARGET.get_or_init(|| {
        let name = std::env::var("FUZZ_TARGET").expect("FUZZ_TARGET");
        open_runtime_fuzz::target(&name).expect("a target")
    })(input);
});
