//! The run an exchange belongs to.

use jiff::Timestamp;

use super::SessionId;

/// One run of the proxy, or one analysed set of files, as the auditor named it.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: SessionId,
    pub label: Option<String>,
    /// Package name or other id of the app under audit, as the auditor gave it.
    pub app: Option<String>,
    pub started_at: Timestamp,
}
