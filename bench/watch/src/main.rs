//! How soon another process knows of a durable commit: PulseDB, and SQLite and redb, which have to be polled.
//!
//! `cargo run --release --manifest-path bench/watch/Cargo.toml` prints one table. One process commits numbered rows, one
//! after the other, and notes when each call returned; another one notes when it had each row. `PULSEDB_BENCH_ROUNDS`
//! chooses how many.

mod peers;

use std::env;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use peers::{Follower, Peer, Pulse, Redb, Sqlite, Writer};

/// Tells a child process which peer, where, how many rows, and how many microseconds to wait between polls.
const CHILD: &str = "WATCH_BENCH_CHILD";
/// Between two commits, so that the follower is idle again.
const PAUSE: Duration = Duration::from_micros(500);

fn main() {
    if let Ok(told) = env::var(CHILD) {
        return follow(&told);
    }
    let rounds = env::var("PULSEDB_BENCH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(500);
    println!("{:<52} {:>12} {:>12} {:>12}", "commit to row in another process", "p50", "p99", "commit p50");
    // Peers that are polled without a pause keep a processor busy.
    for pause_us in [0, 1000] {
        row::<Sqlite>("SQLite, data_version", pause_us, rounds);
        row::<Redb>("redb, MultiWriter, a read transaction", pause_us, rounds);
    }
    row::<Pulse>("PulseDB, woken", 0, rounds);
}

fn row<P: Peer>(what: &str, pause_us: u64, rounds: u64) {
    let home = tempfile::tempdir().expect("a directory");
    let mut writer = P::writer(home.path());
    writer.commit(0);
    let told = format!("{}\n{}\n{rounds}\n{pause_us}", P::NAME, home.path().display());
    let mut child = Command::new(env::current_exe().expect("this program"))
        .env(CHILD, told)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child starts");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    assert_eq!(lines.next().expect("a line").expect("text"), "ready");
    let (mut commits, mut returned) = (Vec::new(), Vec::new());
    for number in 1..=rounds {
        sleep(PAUSE);
        let begin = now();
        writer.commit(number);
        returned.push(now());
        commits.push(now().saturating_sub(begin));
    }
    let seen: Vec<Duration> =
        lines.map(|line| Duration::from_nanos(line.expect("text").parse().expect("a number"))).collect();
    assert!(child.wait().expect("the child ends").success());
    assert_eq!(seen.len(), returned.len());
    let mut spans: Vec<Duration> =
        returned.iter().zip(&seen).map(|(from, to)| to.saturating_sub(*from)).collect();
    let what = match (P::IS_POLLED, pause_us) {
        (false, _) => what.to_owned(),
        (true, 0) => format!("{what}, polled without a pause"),
        (true, pause) => format!("{what}, every {} ms", pause / 1000),
    };
    let [half, most] = [50, 99].map(|percent| percentile(&mut spans, percent));
    let commit = percentile(&mut commits, 50);
    println!("{what:<52} {half:>12.1?} {most:>12.1?} {commit:>12.1?}");
}

/// The child: says when it had each row.
fn follow(told: &str) {
    let told: Vec<&str> = told.lines().collect();
    let [name, path, rounds, pause_us] = told[..] else { panic!("told {told:?}") };
    let path = Path::new(path);
    let rounds: u64 = rounds.parse().expect("a number");
    let pause = Duration::from_micros(pause_us.parse().expect("a number"));
    let mut follower: Box<dyn Follower> = match name {
        Pulse::NAME => Box::new(Pulse::follower(path)),
        Sqlite::NAME => Box::new(Sqlite::follower(path)),
        Redb::NAME => Box::new(Redb::follower(path)),
        other => panic!("no peer {other}"),
    };
    println!("ready");
    let mut moments = Vec::new();
    let mut known = 0;
    while known < rounds {
        let last = follower.newest();
        let moment = now();
        if last == known && !pause.is_zero() {
            sleep(pause);
        }
        // Several that came at once came at this moment.
        moments.extend((known..last).map(|_| moment));
        known = last;
    }
    for moment in moments {
        println!("{}", moment.as_nanos());
    }
}

/// The clock of the system, which the processes share.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970")
}

fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() * percent / 100).min(times.len() - 1)]
}
