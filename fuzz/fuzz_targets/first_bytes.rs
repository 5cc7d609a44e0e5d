//! What the first bytes on the proxy port, and inside a tunnel, are taken for: more bytes never change a decision.

#![no_main]

use landfall::capture::{door, is_for_a_proxy, looks_like};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let bytes = &bytes[..bytes.len().min(256)];
    let (mut through, mut for_a_proxy, mut inside) = (None, None, None);
    for cut in 0..=bytes.len() {
        let part = &bytes[..cut];
        let now = door(part);
        assert!(through.is_none() || through == now);
        through = now;
        let now = is_for_a_proxy(part);
        assert!(for_a_proxy.is_none() || for_a_proxy == now);
        for_a_proxy = now;
        let now = looks_like(part);
        assert!(inside.is_none() || inside == now);
        inside = now;
    }
    assert!(bytes.len() < 32 || through.is_some(), "a door is found within the preface's length");
});
