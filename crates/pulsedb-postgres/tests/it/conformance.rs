//! The promises of the trait, tried on a server.

use std::sync::Arc;

use pulsedb::substrate::conformance::{Options, check};

use crate::server::{DIMENSION, new_tenant, runtime, store, url};

#[test]
fn every_promise_of_the_trait_is_kept() {
    let Some(url) = url() else { return };
    let report = runtime().block_on(async {
        let provider = Arc::new(store(&url, &new_tenant()).await);
        check(provider, &Options { dimension: DIMENSION, changes: 160, ..Options::default() }).await
    });
    assert!(report.broken.is_empty(), "{:#?}", report.broken);
    assert!(report.kept.len() > 30, "{} promises", report.kept.len());
}
