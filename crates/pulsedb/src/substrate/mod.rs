//! The asynchronous face of the database, for frameworks of agents: a trait that other stores can implement too.
//!
//! [`SubstrateProvider`] is what a framework calls, and [`PulseDBSubstrate`] implements it on a [`PulseDB`](crate::PulseDB).
//! With the feature `testing`, `conformance` has the tests that every implementation has to pass.

mod blocking;
#[cfg(any(test, feature = "testing"))]
pub mod conformance;
mod local;
mod provider;
mod stream;
#[cfg(test)]
mod tests;

pub use local::PulseDBSubstrate;
pub use provider::SubstrateProvider;
