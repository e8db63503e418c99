//! `bench`: how long records, searches and changes take on this machine, beside the database, as a table.

use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use pulsedb::{CollectiveId, Config, ExperienceId, NewExperience, PulseDB, SearchOptions, WatchStream};
use serde_json::json;

use crate::args::BenchArgs;
use crate::database::Target;
use crate::exit::Exit;
use crate::output::Out;
use crate::output::table::{lines, table};

/// Records of one call that takes several.
const BATCH: usize = 100;
/// Runs of what does not depend on the records.
const RUNS: usize = 200;
/// How long a change may take to arrive before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the directory is removed when a signal comes, and how long it is between two of these.
const TRIES: usize = 200;
const PAUSE: Duration = Duration::from_millis(5);

/// What was measured, and how long each run took.
struct Row {
    what: &'static str,
    times: Vec<Duration>,
}

impl Row {
    fn new(what: &'static str, mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self { what, times }
    }

    /// The time that so many of a hundred runs did not exceed, in microseconds.
    fn percentile(&self, percent: usize) -> f64 {
        let at = (self.times.len() * percent / 100).min(self.times.len().saturating_sub(1));
        self.times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e6)
    }
}

/// A database beside that of the user, so that it is on the same disk; gone at the end.
struct Place(PathBuf);

impl Place {
    fn beside(target: &Target) -> anyhow::Result<Self> {
        let mut name = target.path.clone().into_os_string();
        name.push(format!(".bench-{}", std::process::id()));
        let path = PathBuf::from(name);
        if path.exists() {
            bail!("{} is in the way; remove it", path.display());
        }
        let doomed = path.clone();
        // A process that a signal ends drops nothing.
        ctrlc::set_handler(move || {
            // The database may be making files there at this moment.
            for _ in 0..TRIES {
                if std::fs::remove_dir_all(&doomed).is_ok() || !doomed.exists() {
                    break;
                }
                std::thread::sleep(PAUSE);
            }
            std::process::exit(Exit::Failure as i32);
        })
        .context("cannot watch for signals")?;
        Ok(Self(path))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("note: {} stays: {error}", self.0.display());
        }
    }
}

pub(crate) fn run(target: &Target, args: &BenchArgs, out: &mut Out) -> anyhow::Result<Exit> {
    if let Some(count) = args.watch {
        return watch(target, count, out);
    }
    let place = Place::beside(target)?;
    let db = PulseDB::open(&place.0, Config::default())?;
    let collective = db.create_collective("bench")?;
    let records = args.records as usize;
    let mut rows = record(&db, collective, records)?;
    rows.extend(read(&db, collective)?);
    rows.push(watched_here(&db, collective)?);
    rows.push(watched_elsewhere(&db, collective)?);
    db.close()?;
    drop(place);
    if args.output.json {
        let rows = rows.iter().map(|row| {
            json!({ "what": row.what, "runs": row.times.len(), "p50_us": row.percentile(50), "p99_us": row.percentile(99) })
        });
        out.json(&json!({ "records": records, "rows": rows.collect::<Vec<_>>() }))?;
        return Ok(Exit::Ok);
    }
    let mut shown = table(out.width, &["what", "runs", "p50", "p99"], &[1, 2, 3]);
    for row in &rows {
        let microseconds = |percent| format!("{:.1} us", row.percentile(percent));
        shown.add_row([row.what.to_owned(), row.times.len().to_string(), microseconds(50), microseconds(99)]);
    }
    write!(out, "{}", lines(&shown))?;
    Ok(Exit::Ok)
}

fn timed<T>(call: impl FnOnce() -> pulsedb::Result<T>) -> anyhow::Result<(T, Duration)> {
    let begin = Instant::now();
    let value = call()?;
    Ok((value, begin.elapsed()))
}

fn note(collective_id: CollectiveId, number: usize) -> NewExperience {
    let subjects = ["the build", "the cache", "a certificate", "the queue", "a test"];
    let findings = ["fails without", "is slow after", "needs", "breaks on", "passes with"];
    let causes = ["a proxy", "the upgrade", "more memory", "a cold start", "the old schema"];
    let (subject, finding) = (subjects[number % 5], findings[number / 5 % 5]);
    let content =
        format!("{number}: {subject} {finding} {}, as agent {} saw", causes[number / 25 % 5], number % 7);
    NewExperience { collective_id, content, ..Default::default() }
}

fn record(db: &PulseDB, collective: CollectiveId, records: usize) -> anyhow::Result<Vec<Row>> {
    let alone = records / 2;
    let mut times = Vec::with_capacity(alone);
    for number in 0..alone {
        times.push(timed(|| db.record_experience(note(collective, number)))?.1);
    }
    let rest: Vec<usize> = (alone..records).collect();
    let mut of_batches = Vec::new();
    for batch in rest.chunks(BATCH) {
        let notes = batch.iter().map(|number| note(collective, *number)).collect();
        let (ids, time) = timed(|| db.record_experiences(notes))?;
        of_batches.push(time / u32::try_from(ids.len().max(1))?);
    }
    Ok(vec![Row::new("record, durable", times), Row::new("record, each of 100 in a call", of_batches)])
}

fn read(db: &PulseDB, collective: CollectiveId) -> anyhow::Result<Vec<Row>> {
    let ids: Vec<ExperienceId> =
        db.list_experiences(collective, RUNS, 0)?.into_iter().map(|experience| experience.id).collect();
    let mut get = Vec::new();
    for id in ids {
        get.push(timed(|| db.get_experience(id))?.1);
    }
    let (mut search, mut recent, mut poll) = (Vec::new(), Vec::new(), Vec::new());
    let current = db.get_current_sequence();
    for number in 0..RUNS {
        let query = note(collective, number * 7).content;
        search.push(timed(|| db.search(collective, query.as_str().into(), SearchOptions::default()))?.1);
        recent.push(timed(|| db.get_recent_experiences(collective, 10))?.1);
        poll.push(timed(|| db.poll_changes(collective, current))?.1);
    }
    Ok(vec![
        Row::new("get", get),
        Row::new("search by text, 10 hits", search),
        Row::new("recent, 10", recent),
        Row::new("poll for changes, none", poll),
    ])
}

/// From the return of a commit to its event in another thread.
fn watched_here(db: &PulseDB, collective: CollectiveId) -> anyhow::Result<Row> {
    let stream = db.watch_experiences(collective);
    let times = std::thread::scope(|scope| {
        let received =
            scope.spawn(|| (0..RUNS).map(|_| receive(&stream)).collect::<anyhow::Result<Vec<_>>>());
        let committed = commits(db, collective)?;
        let received =
            received.join().map_err(|_| anyhow::anyhow!("the thread that watched has panicked"))??;
        Ok::<_, anyhow::Error>(spans(&committed, &received))
    })?;
    Ok(Row::new("commit to event, this process", times))
}

/// From the return of a commit to its event in another process.
fn watched_elsewhere(db: &PulseDB, collective: CollectiveId) -> anyhow::Result<Row> {
    let mut other = Command::new(std::env::current_exe()?)
        .args(["bench", "--watch", &RUNS.to_string(), "--collective", "bench", "--db"])
        .arg(db.path())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the process that watches")?;
    let times = hear(&mut other, db, collective);
    if times.is_err() {
        // It may have ended by itself.
        let _ = other.kill();
    }
    other.wait()?;
    Ok(Row::new("commit to event, another process", times?))
}

fn hear(other: &mut Child, db: &PulseDB, collective: CollectiveId) -> anyhow::Result<Vec<Duration>> {
    let output = other.stdout.take().context("the other process says nothing")?;
    let mut said = BufReader::new(output).lines();
    // Its first line: it watches.
    said.next().context("the other process did not begin to watch")??;
    let committed = commits(db, collective)?;
    let received: anyhow::Result<Vec<Duration>> =
        said.map(|line| Ok(Duration::from_nanos(line?.parse::<u64>()?))).collect();
    Ok(spans(&committed, &received?))
}

/// Records one after the other; when each returned.
fn commits(db: &PulseDB, collective: CollectiveId) -> anyhow::Result<Vec<Duration>> {
    let mut returned = Vec::with_capacity(RUNS);
    for number in 0..RUNS {
        db.record_experience(note(collective, number))?;
        returned.push(since_1970());
    }
    Ok(returned)
}

/// The time of the system, which all processes share.
fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn receive(stream: &WatchStream) -> anyhow::Result<Duration> {
    stream.recv_timeout(PATIENCE).with_context(|| format!("no change came: {:?}", stream.end()))?;
    Ok(since_1970())
}

/// From each moment to the one that belongs to it; nothing where the event came before the commit had returned.
fn spans(committed: &[Duration], received: &[Duration]) -> Vec<Duration> {
    committed.iter().zip(received).map(|(from, to)| to.saturating_sub(*from)).collect()
}

/// The other process.
fn watch(target: &Target, count: usize, out: &mut Out) -> anyhow::Result<Exit> {
    let db = target.read()?;
    let stream = db.watch_experiences(target.collective(&db)?);
    let mut say = |line: &dyn std::fmt::Display| -> io::Result<()> {
        writeln!(out, "{line}")?;
        out.flush()
    };
    say(&"watching")?;
    // Said at the end, so that saying does not delay the next.
    let times: Vec<Duration> = (0..count).map(|_| receive(&stream)).collect::<anyhow::Result<_>>()?;
    for time in times {
        say(&time.as_nanos())?;
    }
    Ok(Exit::Ok)
}
