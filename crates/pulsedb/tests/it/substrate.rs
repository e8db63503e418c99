//! The substrate keeps no thread of a runtime waiting, and its calls and streams may be dropped at any point.
//!
//! What the calls mean is tested by the conformance suite, in the crate itself.

use std::pin::Pin;

use futures_util::{FutureExt, StreamExt};
use pulsedb::{
    Config, EmbeddingDimension, NewExperience, PulseDB, PulseDBSubstrate, SubstrateProvider, WatchConfig,
};
use tokio::runtime::{Builder, Runtime};

use crate::samples::{DIMENSION, all, directory, external, labelled, open};

fn current_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// A buffer that overflows all the time, so that streams read the log.
fn database(path: &std::path::Path) -> PulseDB {
    let watch = WatchConfig { buffer_size: 4, ..WatchConfig::default() };
    PulseDB::open(path, Config { watch, ..external(DIMENSION) }).unwrap()
}

#[test]
fn worker_thread_of_a_runtime_goes_on_while_calls_wait() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("c").unwrap();
    let substrate = PulseDBSubstrate::new(db.clone());
    current_thread().block_on(async {
        let mut turns = 0;
        let mut stored = Box::pin(async {
            for number in 0..20 {
                substrate.store_experience(labelled(&number.to_string(), cid)).await.unwrap();
            }
        });
        // The one thread of the runtime never waits for a commit: each call is pending at least once.
        while stored.as_mut().now_or_never().is_none() {
            turns += 1;
            tokio::task::yield_now().await;
        }
        assert!(turns >= 20, "{turns} turns");
    });
    assert_eq!(all(&db, cid).len(), 20);
}

#[test]
fn streams_and_futures_may_be_dropped_at_any_point() {
    let home = directory();
    let db = database(home.path());
    let cid = db.create_collective("c").unwrap();
    let substrate = PulseDBSubstrate::new(db.clone());
    let note = |number: usize| NewExperience { content: format!("{number}|x"), ..labelled("x", cid) };
    current_thread().block_on(async {
        for polls in 0..30 {
            let mut stream: Pin<Box<_>> = substrate.watch(cid);
            let mut call = substrate.store_experience(note(polls)).fuse();
            for _ in 0..polls {
                let _ = (&mut call).now_or_never();
                let _ = stream.next().now_or_never();
                if polls % 7 == 0 {
                    substrate.store_experience(note(polls)).await.unwrap();
                }
                tokio::task::yield_now().await;
                if polls % 3 == 0 {
                    break;
                }
            }
        }
    });
    // Whatever was begun is there as a whole, and nothing keeps the database open.
    let path = db.path().to_owned();
    for found in all(&db, cid) {
        assert!(found.content.ends_with("|x") && found.embedding.len() == DIMENSION);
    }
    assert!(db.check().unwrap().is_clean());
    drop(substrate);
    db.close().unwrap();
    let config = Config::with_external_embeddings(EmbeddingDimension::Custom(DIMENSION));
    assert!(PulseDB::repair(path, config).unwrap().is_clean());
}
