//! Activities: who is at work in a collective, and on what.

use crate::clock::Timestamp;
use crate::id::{AgentId, CollectiveId};

/// What an agent says when it begins to work. Registering again replaces what it said before.
///
/// ```
/// use pulsedb::{AgentId, NewActivity};
/// let new = NewActivity { agent_id: AgentId::new("builder"), ..Default::default() };
/// assert_eq!(new.current_task, None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewActivity {
    /// Who, 1 to 255 bytes. There is no default: an empty one is refused.
    pub agent_id: AgentId,
    /// Where. There is no default: a nil id is no collective.
    pub collective_id: CollectiveId,
    /// What it works on, at most 1024 bytes.
    pub current_task: Option<String>,
    /// What others should know about its work, at most 1024 bytes.
    pub context_summary: Option<String>,
}

impl Default for NewActivity {
    fn default() -> Self {
        Self {
            agent_id: AgentId::new(""),
            collective_id: CollectiveId::nil(),
            current_task: None,
            context_summary: None,
        }
    }
}

/// An agent at work in a collective.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Who.
    pub agent_id: AgentId,
    /// Where.
    pub collective_id: CollectiveId,
    /// What it works on.
    pub current_task: Option<String>,
    /// What others should know about its work.
    pub context_summary: Option<String>,
    /// When it registered.
    pub started_at: Timestamp,
    /// When it last gave a sign of life, to within a second.
    pub last_heartbeat: Timestamp,
}
