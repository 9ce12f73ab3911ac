#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| souk::fuzzing::archive(bytes));
