//! The first flight of a TLS client, put together from records and read.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(Ok(hello)) = landfall::capture::first_hello(bytes) {
        // Whatever was read, it is bounded by what came.
        let names: usize = hello.alpn.iter().map(Vec::len).sum();
        assert!(names <= bytes.len() && hello.versions.len() <= bytes.len());
        assert!(hello.sni.is_none_or(|sni| sni.len() <= bytes.len()));
    }
});
