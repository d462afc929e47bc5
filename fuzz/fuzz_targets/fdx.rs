//! Fuzzes the reader of Final Draft.
#![no_main]

#[path = "../checks.rs"]
#[allow(dead_code, reason = "each target needs one of the checks")]
mod checks;

libfuzzer_sys::fuzz_target!(|text: &str| checks::fdx(text));
