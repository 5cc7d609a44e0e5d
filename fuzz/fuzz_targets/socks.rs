//! SOCKS5 messages: what is read takes no more than there is, and the same whatever comes after it.

#![no_main]

use landfall::capture::socks5::{Step, credentials, greeting, request};
use libfuzzer_sys::fuzz_target;

fn check<T: PartialEq>(read: fn(&[u8]) -> Step<T>, bytes: &[u8]) {
    if let Step::Whole(message, used) = read(bytes) {
        assert!(used <= bytes.len() && used <= 520);
        assert!(read(&bytes[..used]) == Step::Whole(message, used));
        assert!(used == 0 || used == 4 || read(&bytes[..used - 1]) == Step::More);
    }
}

fuzz_target!(|bytes: &[u8]| {
    check(greeting, bytes);
    check(credentials, bytes);
    check(request, bytes);
});
