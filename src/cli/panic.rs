//! Panics: a plain line on stderr that repeats no value, since a panic's message may quote the data it met.

use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};

/// Replace the default hook, which prints the message, by one that prints only the place.
pub(super) fn install_hook() {
    panic::set_hook(Box::new(|info| {
        let line = describe(info);
        // A panic while stderr is gone has nowhere to be told; the exit code and the caller's counter remain.
        if writeln!(io::stderr(), "{line}").is_err() {}
    }));
}

/// Run a command; `None` when it panicked, which the hook has told by then.
pub(super) fn catch<T>(command: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(command)).ok()
}

fn describe(info: &PanicHookInfo<'_>) -> String {
    let place = info.location().map(|at| format!(" at {}:{}", at.file(), at.line())).unwrap_or_default();
    format!("internal error{place}: a defect of landfall {}, please report it with this line", super::version())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_none() {
        assert_eq!(catch(|| 1), Some(1));
        assert_eq!(catch(|| -> u8 { panic!("canary@example.com") }), None);
    }
}
