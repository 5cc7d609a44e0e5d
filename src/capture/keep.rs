//! What is kept of a body: handles on its bytes, up to a cap for one body and a budget for all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Bytes, BytesMut};

use crate::exchange::{Body, Cut};

/// Bytes that all kept bodies may hold together.
#[derive(Debug)]
pub struct KeepBudget {
    limit: usize,
    used: AtomicUsize,
}

impl KeepBudget {
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, used: AtomicUsize::new(0) })
    }

    /// Bytes held now.
    #[cfg(test)]
    fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) -> bool {
        let taken = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            used.checked_add(bytes).filter(|total| *total <= self.limit)
        });
        taken.is_ok()
    }
}

/// Collects one body while it passes.
#[derive(Debug)]
pub struct Keeper {
    chunks: Vec<Bytes>,
    /// Small frames are gathered here: a handle on each would weigh more than its bytes.
    gathered: BytesMut,
    held: Held,
    cap: usize,
    observed: u64,
    cut: Option<Cut>,
}

/// Share of the budget that a kept body uses, given back when dropped.
#[derive(Debug)]
pub struct Held {
    budget: Arc<KeepBudget>,
    bytes: usize,
}

/// Below this a frame is copied into a shared buffer.
const SMALL: usize = 1024;

impl Keeper {
    pub fn new(budget: &Arc<KeepBudget>, cap: usize) -> Self {
        Self {
            chunks: Vec::new(),
            gathered: BytesMut::new(),
            held: Held { budget: Arc::clone(budget), bytes: 0 },
            cap,
            observed: 0,
            cut: None,
        }
    }

    /// Count a frame, and keep it if there is room. Once one was left out, all later ones are: what is kept is a prefix.
    pub fn see(&mut self, frame: &Bytes) {
        self.observed += frame.len() as u64;
        if self.cut.is_some() || frame.is_empty() {
            return;
        }
        let room = self.cap - self.held.bytes;
        if frame.len() > room {
            self.cut = Some(Cut::Limit);
        }
        let wanted = frame.len().min(room);
        if !self.held.budget.take(wanted) {
            self.cut = Some(Cut::Budget);
            return;
        }
        self.held.bytes += wanted;
        if wanted < SMALL {
            self.gathered.extend_from_slice(&frame[..wanted]);
        } else {
            self.flush();
            self.chunks.push(frame.slice(..wanted));
        }
    }

    /// Count bytes of a protocol that is relayed unopened.
    pub fn pass(&mut self, bytes: u64) {
        self.observed += bytes;
        self.cut = Some(Cut::Unopened);
    }

    /// Note that the body ended before its end.
    pub fn abort(&mut self) {
        self.cut.get_or_insert(Cut::Aborted);
    }

    /// Whether a frame of this length would go over the cap.
    pub fn is_full_for(&self, bytes: usize) -> bool {
        self.held.bytes + bytes > self.cap
    }

    /// Bytes kept.
    pub fn kept(&self) -> usize {
        self.held.bytes
    }

    pub fn observed(&self) -> u64 {
        self.observed
    }

    /// The body in one piece. This copies once: call it where copying is nobody's wait.
    pub fn into_body(mut self) -> (Body, Held) {
        self.flush();
        let captured = match self.chunks.len() {
            0 => Bytes::new(),
            1 => self.chunks.swap_remove(0),
            _ => {
                let mut whole = BytesMut::with_capacity(self.held.bytes);
                for chunk in self.chunks.drain(..) {
                    whole.extend_from_slice(&chunk);
                }
                whole.freeze()
            }
        };
        (Body { captured, observed_bytes: self.observed, cut: self.cut, decoded: false }, self.held)
    }

    fn flush(&mut self) {
        if !self.gathered.is_empty() {
            self.chunks.push(self.gathered.split().freeze());
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_a_prefix_and_says_why_it_stopped() {
        let budget = KeepBudget::new(10_000);
        let mut keeper = Keeper::new(&budget, 4_000);
        for _ in 0..3 {
            keeper.see(&Bytes::from(vec![b'x'; 1_500]));
        }
        keeper.see(&Bytes::from_static(b"late"));
        let (body, held) = keeper.into_body();
        assert_eq!((body.captured.len(), body.observed_bytes, body.cut), (4_000, 4_504, Some(Cut::Limit)));
        assert_eq!(budget.used(), 4_000);
        drop(held);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn the_budget_is_shared() {
        let budget = KeepBudget::new(2_000);
        let mut first = Keeper::new(&budget, 4_000);
        let mut second = Keeper::new(&budget, 4_000);
        first.see(&Bytes::from(vec![0; 1_500]));
        second.see(&Bytes::from(vec![0; 1_500]));
        assert_eq!(second.into_body().0.cut, Some(Cut::Budget));
        drop(first);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn small_frames_stay_in_order_among_large_ones() {
        let mut keeper = Keeper::new(&KeepBudget::new(1 << 20), 1 << 20);
        let mut whole = Vec::new();
        for size in [3, 2_000, 1, 1, 5_000, 7] {
            let frame = Bytes::from(vec![size as u8; size]);
            whole.extend_from_slice(&frame);
            keeper.see(&frame);
        }
        assert_eq!(keeper.into_body().0.captured, whole);
    }
}
