//! The core's doors: everything one exchange can tell, in one pure call; and, once the past is known, what that makes of it.

mod assessment;
mod auditor;
mod settle;

pub use assessment::Assessment;
pub use auditor::{AuditOptions, Auditor};
