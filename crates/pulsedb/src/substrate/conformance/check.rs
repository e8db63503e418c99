//! Trying every promise.

use std::sync::Arc;

use super::report::{Broken, Options, Report};
use super::world::World;
use super::{agents, concurrency, context, records, relations, searches, watching};
use crate::substrate::SubstrateProvider;

/// Tries every promise, one after the other. It runs in any executor that the provider works in.
pub async fn check(provider: Arc<dyn SubstrateProvider>, options: &Options) -> Report {
    let tables = [
        records::PROMISES,
        searches::PROMISES,
        relations::PROMISES,
        agents::PROMISES,
        context::PROMISES,
        watching::PROMISES,
        concurrency::PROMISES,
    ];
    let world = World::new(provider, options.clone());
    let mut report = Report::default();
    for promise in tables.into_iter().flatten() {
        match (promise.attempt)(&world).await {
            Ok(()) => report.kept.push(promise.sentence),
            Err(reason) => report.broken.push(Broken { promise: promise.sentence, reason }),
        }
    }
    report
}
