//! A clock for one wait at a time: it starts anew whenever what is waited for changes.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// What is waited for, in a form that can be compared.
type Wait = (bool, u64);

#[derive(Default)]
pub struct Patience {
    sleep: Option<Pin<Box<Sleep>>>,
    wait: Option<Wait>,
}

impl Patience {
    /// Ready when this wait has lasted longer than the limit.
    pub fn poll(&mut self, cx: &mut Context<'_>, wait: Wait, limit: Duration) -> Poll<()> {
        let fresh = self.wait.replace(wait) != Some(wait);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        if fresh {
            sleep.as_mut().reset(Instant::now() + limit);
        }
        sleep.as_mut().poll(cx)
    }
}
