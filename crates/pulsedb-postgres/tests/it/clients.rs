//! Many clients at once, and connections that are cut: the numbers are dense, nothing is lost, streams go on.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt;
use futures_util::future::join_all;
use pulsedb::{CollectiveId, ExperienceId, NewExperience, PulseDBError, SubstrateProvider, WatchEvent};
use pulsedb_postgres::PostgresSubstrate;
use tokio_postgres::NoTls;

use crate::server::{DIMENSION, new_tenant, runtime, store, url};

const CLIENTS: usize = 8;
/// Records of all clients, if `PULSEDB_POSTGRES_RECORDS` says nothing else: 10 000 for a thorough run.
const RECORDS: usize = 400;

fn records() -> usize {
    let asked = std::env::var("PULSEDB_POSTGRES_RECORDS").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(RECORDS)
}

fn experience(collective_id: CollectiveId, number: usize) -> NewExperience {
    let vector = (0..DIMENSION).map(|at| ((number * 7 + at * 3) % 11) as f32 - 4.5).collect();
    NewExperience {
        collective_id,
        content: format!("note {number}"),
        embedding: Some(vector),
        ..Default::default()
    }
}

async fn polled(store: &PostgresSubstrate, collective: CollectiveId) -> Vec<WatchEvent> {
    let (mut events, mut since) = (Vec::new(), 0);
    loop {
        let (more, next) = store.poll_changes(collective, since).await.unwrap();
        if next == since {
            return events;
        }
        events.extend(more);
        since = next;
    }
}

#[test]
fn eight_clients_leave_no_gap_and_lose_nothing() {
    let Some(url) = url() else { return };
    runtime().block_on(async {
        let tenant = new_tenant();
        let clients = join_all((0..CLIENTS).map(|_| store(&url, &tenant))).await;
        let team = clients[0].get_or_create_collective("team").await.unwrap();
        let mut stream = clients[CLIENTS - 1].watch(team);
        let each = records() / CLIENTS;
        let write = |(client, store): (usize, &PostgresSubstrate)| {
            let store = store.clone();
            async move {
                let mut ids = Vec::new();
                for number in client * each..(client + 1) * each {
                    ids.push(store.store_experience(experience(team, number)).await.unwrap());
                }
                ids
            }
        };
        let ids: BTreeSet<ExperienceId> =
            join_all(clients.iter().enumerate().map(write)).await.into_iter().flatten().collect();
        assert_eq!(ids.len(), each * CLIENTS);
        let events = polled(&clients[0], team).await;
        // The first number is that of the collective.
        assert!(
            events.iter().map(|event| event.sequence).eq(2..=(each * CLIENTS + 1) as u64),
            "there are gaps"
        );
        assert_eq!(events.iter().map(|event| event.experience_id).collect::<BTreeSet<_>>(), ids);
        for event in &events {
            assert_eq!(stream.next().await.as_ref(), Some(event));
        }
    });
}

#[test]
fn connections_that_are_cut_lose_nothing_and_streams_go_on() {
    let Some(url) = url() else { return };
    runtime().block_on(async {
        let tenant = new_tenant();
        let store = store(&url, &tenant).await;
        let team = store.get_or_create_collective("team").await.unwrap();
        let mut stream = store.watch(team);
        let (admin, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let done = Arc::new(AtomicBool::new(false));
        let is_done = Arc::clone(&done);
        let name = format!("pulsedb {tenant}");
        let cutter = tokio::spawn(async move {
            let mut cut = 0;
            while !is_done.load(Ordering::Relaxed) {
                // Those that work and the one that listens.
                let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1";
                cut += admin.query_one(sql, &[&name]).await.unwrap().get::<_, i64>(0);
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            cut
        });
        let (mut acknowledged, mut unknown) = (BTreeSet::new(), 0);
        for number in 0..records() {
            match store.store_experience(experience(team, number)).await {
                Ok(id) => {
                    acknowledged.insert(id);
                }
                Err(PulseDBError::Server(_)) => unknown += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
        done.store(true, Ordering::Relaxed);
        println!("{} connections were cut, {unknown} calls failed", cutter.await.unwrap());
        let events = polled(&store, team).await;
        assert!(events.iter().map(|event| event.sequence).eq(2..=events.len() as u64 + 1), "there are gaps");
        let there: BTreeSet<ExperienceId> = events.iter().map(|event| event.experience_id).collect();
        assert!(acknowledged.is_subset(&there), "acknowledged records are lost");
        for event in &events {
            assert_eq!(stream.next().await.as_ref(), Some(event));
        }
    });
}
