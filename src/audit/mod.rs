//! The core's first door: everything one exchange can tell, in one pure call.

mod assessment;

pub use assessment::Assessment;
