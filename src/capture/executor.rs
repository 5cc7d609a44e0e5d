//! Runs hyper's own tasks (HTTP/2 streams) among those that shutdown waits for, so that none outlives the drain.

use std::future::Future;

use tokio_util::task::TaskTracker;

/// Spawns on the tracker.
#[derive(Clone)]
pub struct Tracked(pub TaskTracker);

impl<F> hyper::rt::Executor<F> for Tracked
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        self.0.spawn(future);
    }
}
