//! Servers and clients that are killed: what was acknowledged is there, streams go on, and nothing is there by halves.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use pulsedb::{
    CollectiveId, Config, EmbeddingDimension, ExperienceId, NewExperience, PulseDB, PulseDBError,
    SubstrateProvider, WatchEvent,
};
use pulsedb_postgres::{MoveOptions, PostgresConfig, PostgresSubstrate, push};
use tokio::sync::watch;
use tokio_postgres::NoTls;

use crate::own_server::OwnServer;
use crate::server::{DIMENSION, config, new_tenant, runtime, store, url};

/// How often the server or a client is killed, if `PULSEDB_POSTGRES_KILLS` says nothing else.
const KILLS: usize = 3;
const WRITERS: usize = 4;
/// What a client writes at most, so that it ends if its parent does not kill it.
const WRITES_MAX: usize = 1_000_000;
/// How long any one answer may take before the test is given up.
const PATIENCE: Duration = Duration::from_mins(2);

/// The variables by which a test starts this binary again as a client, and what that one does.
const ROLE: &str = "PULSEDB_POSTGRES_ROLE";
const TENANT: &str = "PULSEDB_POSTGRES_TENANT";
const PLACE: &str = "PULSEDB_POSTGRES_PLACE";
/// What the test harness prints begins otherwise.
const MARK: char = '@';

fn kills() -> usize {
    let asked = std::env::var("PULSEDB_POSTGRES_KILLS").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(KILLS)
}

/// The numbers that follow from a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

fn experience(collective_id: CollectiveId, number: usize) -> NewExperience {
    let vector = (0..DIMENSION).map(|at| ((number * 7 + at * 3) % 11) as f32 - 4.5).collect();
    let content = format!("note {number} of the cache and the certificate");
    // Some replace others, so that a write is of several rows.
    let key = number.is_multiple_of(4).then(|| format!("key/{}", number % 32));
    NewExperience { collective_id, content, embedding: Some(vector), key, ..Default::default() }
}

/// Every change of a collective, whose numbers follow that of the collective without a gap.
async fn polled(store: &PostgresSubstrate, collective: CollectiveId) -> Vec<WatchEvent> {
    let (mut events, mut since): (Vec<WatchEvent>, _) = (Vec::new(), 0);
    loop {
        let (more, next) = store.poll_changes(collective, since).await.unwrap();
        if next == since {
            break;
        }
        events.extend(more);
        since = next;
    }
    assert!(events.iter().map(|event| event.sequence).eq(2..=events.len() as u64 + 1), "there are gaps");
    events
}

/// Rows of a tenant that do not fit together, counted by the owner of the tables.
async fn expect_whole_rows(url: &str, tenant: &str) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("SET pulsedb.tenant = '{tenant}'")).await.unwrap();
    let sql = format!(
        "SELECT (SELECT count(*) FROM pulsedb.experience x FULL JOIN pulsedb.entry e ON e.tenant_id = x.tenant_id AND e.id = x.id \
             WHERE coalesce(x.tenant_id, e.tenant_id) = '{tenant}' AND (x.id IS NULL OR e.id IS NULL)), \
         (SELECT count(*) FROM pulsedb.posting WHERE tenant_id = '{tenant}') \
             - (SELECT coalesce(sum(cardinality(terms)), 0) FROM pulsedb.entry WHERE tenant_id = '{tenant}')::bigint, \
         (SELECT coalesce(sum(rows), 0) FROM pulsedb.totals WHERE tenant_id = '{tenant}')::bigint \
             - (SELECT count(*) FROM pulsedb.entry WHERE tenant_id = '{tenant}'), \
         (SELECT coalesce(sum(words), 0) FROM pulsedb.totals WHERE tenant_id = '{tenant}')::bigint \
             - (SELECT coalesce(sum(words), 0) FROM pulsedb.entry WHERE tenant_id = '{tenant}')::bigint"
    );
    let row = client.query_one(&sql, &[]).await.unwrap();
    let wrong: Vec<i64> = (0..4).map(|at| row.get(at)).collect();
    assert_eq!(wrong, [0; 4], "records without entries, postings, rows and words too many");
}

#[test]
fn acknowledged_records_survive_kills_of_the_server_and_streams_go_on() {
    let Some(mut server) = OwnServer::start() else { return };
    let seed = u64::from(std::process::id());
    println!("seed {seed}");
    let mut random = Random(seed);
    runtime().block_on(async {
        let (url, tenant) = (server.url(), new_tenant());
        let settings = PostgresConfig { connect_timeout: Duration::from_secs(2), ..config(&tenant) };
        let store = PostgresSubstrate::connect(&url, settings).await.unwrap();
        let team = store.get_or_create_collective("team").await.unwrap();
        let mut stream = store.watch(team);
        let done = Arc::new(AtomicBool::new(false));
        let (progress, mut made) = watch::channel(0_usize);
        let progress = Arc::new(progress);
        let write = |writer: usize| {
            let (store, done, progress) = (store.clone(), Arc::clone(&done), Arc::clone(&progress));
            async move {
                let (mut acknowledged, mut unknown) = (BTreeSet::new(), 0);
                for number in 0..WRITES_MAX {
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                    match store.store_experience(experience(team, number * WRITERS + writer)).await {
                        Ok(id) => {
                            acknowledged.insert(id);
                            progress.send_modify(|made| *made += 1);
                        }
                        Err(PulseDBError::Server(_)) => {
                            unknown += 1;
                            // A server that starts needs the processor too.
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                        Err(other) => panic!("{other:?}"),
                    }
                }
                (acknowledged, unknown)
            }
        };
        let writers: Vec<_> = (0..WRITERS).map(|writer| tokio::spawn(write(writer))).collect();
        for _ in 0..kills() {
            let until = *made.borrow() + 5 + random.below(80);
            let reached = tokio::time::timeout(PATIENCE, made.wait_for(|made| *made >= until)).await;
            reached.expect("nobody writes any more").unwrap();
            server.kill();
            server.start_again();
        }
        let until = *made.borrow() + 20;
        tokio::time::timeout(PATIENCE, made.wait_for(|made| *made >= until)).await.unwrap().unwrap();
        done.store(true, Ordering::Relaxed);
        let (mut acknowledged, mut unknown) = (BTreeSet::new(), 0);
        for writer in writers {
            let (some, failed) = writer.await.unwrap();
            acknowledged.extend(some);
            unknown += failed;
        }
        let events = polled(&store, team).await;
        println!("{} acknowledged, {unknown} calls failed, {} changes", acknowledged.len(), events.len());
        let there: BTreeSet<ExperienceId> = events.iter().map(|event| event.experience_id).collect();
        assert!(acknowledged.is_subset(&there), "acknowledged records are lost");
        for id in &acknowledged {
            assert!(store.get_experience(*id).await.unwrap().is_some());
        }
        for event in &events {
            let next = tokio::time::timeout(PATIENCE, stream.next()).await.expect("the stream stands still");
            assert_eq!(next.as_ref(), Some(event), "nothing is lost and nothing comes twice");
        }
        expect_whole_rows(&url, &tenant).await;
    });
}

/// This binary again, as a client that says what was acknowledged.
fn client(url: &str, tenant: &str, role: &str, place: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "crashes::client_plays_the_role_that_its_parent_gives",
            "--nocapture",
            "--test-threads=1",
        ])
        .env("PULSEDB_POSTGRES_URL", url)
        .envs([(ROLE, role), (TENANT, tenant), (PLACE, place)])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    // One write, so that a kill leaves a whole line or one without an end.
    output.write_all(format!("{MARK}{line}\n").as_bytes()).unwrap();
    output.flush().unwrap();
}

/// Kills a client once it has said so many lines; all that it has said.
fn killed_after(mut client: Child, lines: usize) -> Vec<String> {
    let mut output = BufReader::new(client.stdout.take().unwrap());
    let mut said = Vec::new();
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).unwrap() == 0 {
            break;
        }
        // The last one may have no end.
        if let Some(line) = line.strip_prefix(MARK).and_then(|line| line.strip_suffix('\n')) {
            said.push(line.to_owned());
        }
        if said.len() == lines {
            client.kill().unwrap();
        }
    }
    client.wait().unwrap();
    assert!(said.len() >= lines, "the client ended by itself after {} of {lines} lines", said.len());
    said
}

#[test]
fn client_plays_the_role_that_its_parent_gives() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let (url, tenant) = (url().unwrap(), std::env::var(TENANT).unwrap());
    // The harness may have left a line without an end.
    println!();
    let runtime = runtime();
    let store = runtime.block_on(store(&url, &tenant));
    if role == "push" {
        let db = database(&std::env::var(PLACE).unwrap());
        let told = |progress: pulsedb_postgres::MoveProgress<'_>| {
            if progress.done > 0 {
                say(&progress.done.to_string());
            }
        };
        push(&db, &store, MoveOptions::default(), told).unwrap();
        return;
    }
    runtime.block_on(async {
        let team = store.get_or_create_collective("team").await.unwrap();
        for number in 0..WRITES_MAX {
            say(&store.store_experience(experience(team, number)).await.unwrap().to_string());
        }
    });
}

#[test]
fn killed_clients_leave_whole_records_and_no_gap() {
    let Some(url) = url() else { return };
    let seed = u64::from(std::process::id());
    println!("seed {seed}");
    let (mut random, tenant) = (Random(seed), new_tenant());
    let mut acknowledged = BTreeSet::new();
    for _ in 0..kills() {
        let lines = 1 + random.below(40);
        // Two at a time: the one waits for what the other has locked when it is killed.
        let clients = [(); 2].map(|()| client(&url, &tenant, "write", ""));
        for client in clients {
            acknowledged.extend(killed_after(client, lines));
        }
    }
    runtime().block_on(async {
        let store = store(&url, &tenant).await;
        let team = store.get_or_create_collective("team").await.unwrap();
        // What a killed client had locked is free.
        let last = store.store_experience(experience(team, 1)).await.unwrap();
        let events = polled(&store, team).await;
        assert_eq!(events.last().map(|event| event.experience_id), Some(last));
        let there: BTreeSet<String> = events.iter().map(|event| event.experience_id.to_string()).collect();
        assert!(acknowledged.is_subset(&there), "acknowledged records are lost");
        expect_whole_rows(&url, &tenant).await;
    });
}

fn database(place: &str) -> PulseDB {
    let config = Config::with_external_embeddings(EmbeddingDimension::Custom(DIMENSION));
    PulseDB::open(place, Config { map_size_gb: 1, ..config }).unwrap()
}

#[test]
fn killed_copies_go_on_and_store_nothing_twice() {
    let Some(url) = url() else { return };
    let (home, tenant) = (tempfile::tempdir().unwrap(), new_tenant());
    let place = home.path().join("db");
    let db = database(place.to_str().unwrap());
    let team = db.create_collective("team").unwrap();
    let all = (0..4000).map(|number| NewExperience { key: None, ..experience(team, number) });
    db.record_experiences(all.collect()).unwrap();
    for _ in 0..2 {
        let said = killed_after(client(&url, &tenant, "push", place.to_str().unwrap()), 1);
        println!("killed after {said:?}");
    }
    let runtime = runtime();
    let store = runtime.block_on(store(&url, &tenant));
    let moved = push(&db, &store, MoveOptions::default(), |_| {}).unwrap();
    assert_eq!((moved[0].experiences, moved[0].removed), (4000, 0));
    assert!(moved[0].copied <= 3000, "{moved:?}");
    runtime.block_on(async {
        assert_eq!(polled(&store, team).await.len(), 4000);
        expect_whole_rows(&url, &tenant).await;
    });
}
