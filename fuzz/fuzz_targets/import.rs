//! Fuzzes the import of files of any kind.
#![no_main]

#[path = "../checks.rs"]
#[allow(dead_code, reason = "each target needs one of the checks")]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::import(bytes));
