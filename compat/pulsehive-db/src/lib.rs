//! PulseDB under the name and in the shape that the framework PulseHive 3.1 asks for.
//!
//! What the framework names and the database has is the database's own. What it expects in another shape is here:
//! agents and experiences with fewer fields, and the trait that it calls.

mod experience;
mod on_database;
mod provider;

pub use engine::*;

pub use experience::{AgentId, Experience, NewExperience};
pub use on_database::PulseDBSubstrate;
pub use provider::SubstrateProvider;
