//! When to stop (SIGHUP reads rules again, see `running`): one SIGTERM or Ctrl-C drains, a second ends at once.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that stop Landfall.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Wait for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
