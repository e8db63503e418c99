//! One database through its states: filled, reopened, read by another process, its best archived, most of it deleted.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use pulsedb::{
    AgentId, CollectiveId, Config, EmbeddingDimension, ExperienceId, ExperienceKind, PulseDB, Query,
    SearchFilter, SearchOptions, SyncMode, Timestamp, VectorConfig,
};

use crate::data::{Data, domain};

/// Queries of each line. Each is answered exactly once, for the greatest k.
const QUERIES: usize = 100;
const KS: [usize; 4] = [1, 10, 100, 1000];
/// Records of one commit.
const BATCH: usize = 1000;
/// The nearest records that are archived.
const ARCHIVED: usize = 500;
/// What is said to a child: the path, the dimension, and the number of queries.
const CHILD: &str = "PULSEDB_RECALL_CHILD";

pub(crate) struct Scenario {
    data: Data,
    rows: usize,
    home: tempfile::TempDir,
    least: f64,
}

fn config(dimension: usize) -> Config {
    Config {
        sync_mode: SyncMode::Fast,
        // Codes are used for all but the fewest matches.
        vector: VectorConfig { rescore: 1, ..VectorConfig::default() },
        ..Config::with_external_embeddings(EmbeddingDimension::Custom(dimension))
    }
}

/// Filters that match known shares, by every kind of field.
fn filters(rows: usize) -> Vec<(&'static str, SearchFilter)> {
    let importance = |least: f32| SearchFilter { min_importance: Some(least), ..Default::default() };
    let kind = |kind: ExperienceKind| SearchFilter {
        experience_types: Some(vec![kind.into()]),
        ..Default::default()
    };
    let tag = |value: &str| {
        let tags = [("rarest".to_owned(), value.to_owned())].into();
        SearchFilter { tags_all: Some(tags), ..Default::default() }
    };
    let agent = |name: &str| SearchFilter {
        source_agents: Some(vec![AgentId::new(format!("agent {name}"))]),
        ..Default::default()
    };
    let newest = |share: usize| {
        let since = Timestamp::from_millis(Data::moment(rows - rows / share));
        SearchFilter { since: Some(since), ..Default::default() }
    };
    vec![
        ("none", SearchFilter::default()),
        ("50% by domain", domain("50%")),
        ("10% by domain", domain("10%")),
        ("1% by domain", domain("1%")),
        ("0.1% by domain", domain("0.1%")),
        ("0.01% by domain", domain("0.01%")),
        ("9% by type", kind(ExperienceKind::TechInsight)),
        ("0.9% by type", kind(ExperienceKind::Fact)),
        ("9% by tag", tag("10%")),
        ("0.9% by agent", agent("1%")),
        ("10% by importance", importance(0.9)),
        ("10% by time", newest(10)),
        ("1% by time", newest(100)),
    ]
}

impl Scenario {
    pub(crate) fn new(data: Data, rows: usize) -> Self {
        // On the disk that cargo builds on: the usual place for temporary files may be memory.
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory is made");
        Self { data, rows, home, least: 1.0 }
    }

    fn path(&self) -> PathBuf {
        self.home.path().join("db")
    }

    /// All states; the least share that was found.
    pub(crate) fn run(mut self) -> f64 {
        let db = PulseDB::open(self.path(), config(self.data.dimension)).expect("a new database opens");
        let cid = db.create_collective("recall").expect("the name is free");
        let mut ids = Vec::with_capacity(self.rows);
        for first in (0..self.rows).step_by(BATCH) {
            let numbers = first..(first + BATCH).min(self.rows);
            let records = numbers.map(|number| self.data.record(number, cid)).collect();
            ids.extend(db.record_experiences(records).expect("a batch is recorded"));
        }
        for (name, filter) in filters(self.rows) {
            self.line(&db, cid, "filled", name, &filter);
        }
        let here = answers(&db, cid, &self.data);
        db.close().expect("it closes");
        let db = PulseDB::open(self.path(), config(self.data.dimension)).expect("it opens again");
        assert_eq!(answers(&db, cid, &self.data), here, "answers after a reopen");
        assert_eq!(self.answers_of_child(), here, "answers of another process");
        let everything = SearchFilter { exclude_archived: false, ..Default::default() };
        self.without_nearest(&db, cid);
        let kept = |at: usize| at.is_multiple_of(10);
        let gone: Vec<_> = ids.iter().enumerate().filter(|(at, _)| !kept(*at)).map(|(_, id)| *id).collect();
        for some in gone.chunks(BATCH) {
            db.delete_experiences(some).expect("records are deleted");
        }
        for (name, filter) in [("none", everything), ("10% by domain", domain("10%"))] {
            self.line(&db, cid, "90% deleted", name, &filter);
        }
        db.close().expect("it closes");
        self.least
    }

    /// Searches while the nearest records of each query are archived, so that many others are equally far.
    fn without_nearest(&mut self, db: &PulseDB, cid: CollectiveId) {
        let filters = [("none", SearchFilter::default()), ("10% by domain", domain("10%"))];
        let mut sums = [(0, [0.0; KS.len()]); 2];
        for number in 0..QUERIES {
            let query = self.data.query(number);
            let options = SearchOptions { k: ARCHIVED, exact: true, ..Default::default() };
            let nearest = db.search(cid, Query::Vector(&query), options).expect("a search succeeds");
            let nearest: Vec<_> = nearest.iter().map(|hit| hit.experience.id).collect();
            db.archive_experiences(&nearest).expect("records are archived");
            for ((_, filter), (most, sum)) in filters.iter().zip(&mut sums) {
                let (matches, shares) = shares(db, cid, std::slice::from_ref(&query), filter);
                *most = matches.max(*most);
                sum.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share);
            }
            for id in nearest {
                db.unarchive_experience(id).expect("a record is back");
            }
        }
        for ((name, _), (matches, sum)) in filters.iter().zip(sums) {
            self.print("its 500 nearest archived", name, matches, sum.map(|sum| sum / QUERIES as f64));
        }
    }

    /// Searches under a filter, and prints what is found of the exact answers.
    fn line(&mut self, db: &PulseDB, cid: CollectiveId, state: &str, name: &str, filter: &SearchFilter) {
        let queries: Vec<Vec<f32>> = (0..QUERIES).map(|number| self.data.query(number)).collect();
        let (matches, shares) = shares(db, cid, &queries, filter);
        self.print(state, name, matches, shares);
    }

    fn print(&mut self, state: &str, name: &str, matches: usize, shares: [f64; KS.len()]) {
        let shown: Vec<String> = shares.iter().map(|share| format!("{share:.4}")).collect();
        let (rows, dimension) = (self.rows, self.data.dimension);
        println!("| {rows} | {dimension} | {state} | {name} | {matches} | {} |", shown.join(" | "));
        // Of one row of each query, a hundred are too few for a share.
        self.least = shares.into_iter().skip(1).fold(self.least, f64::min);
    }

    fn answers_of_child(&self) -> Vec<Vec<ExperienceId>> {
        let program = std::env::current_exe().expect("this program has a path");
        let said = format!("{}\n{}", self.path().display(), self.data.dimension);
        let output = Command::new(program).env(CHILD, said).output().expect("a child starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let words = String::from_utf8_lossy(&output.stdout);
        let ids = |line: &str| line.split(' ').map(|id| id.parse().expect("an id")).collect();
        words.lines().map(ids).collect()
    }
}

/// How many rows the last exact answer could have had, up to the greatest k, and the share that is found for each k.
pub(crate) fn shares(
    db: &PulseDB,
    cid: CollectiveId,
    queries: &[Vec<f32>],
    filter: &SearchFilter,
) -> (usize, [f64; KS.len()]) {
    let search = |query: &[f32], k: usize, exact: bool| -> Vec<(ExperienceId, f32)> {
        let options = SearchOptions { k, filter: filter.clone(), exact, ..Default::default() };
        let hits = db.search(cid, Query::Vector(query), options).expect("a search succeeds");
        hits.iter().map(|hit| (hit.experience.id, hit.similarity)).collect()
    };
    let (mut found, mut wanted, mut matches) = ([0; KS.len()], [0; KS.len()], 0);
    for query in queries {
        let exact = search(query, KS[KS.len() - 1], true);
        matches = exact.len();
        for (at, k) in KS.into_iter().enumerate() {
            let hits = search(query, k, false);
            assert_eq!(hits.len(), k.min(exact.len()), "always as many rows as match, up to k");
            let right: BTreeSet<ExperienceId> = exact.iter().take(k).map(|(id, _)| *id).collect();
            found[at] += hits.iter().filter(|(id, _)| right.contains(id)).count();
            wanted[at] += right.len();
        }
    }
    (
        matches,
        std::array::from_fn(|at| if wanted[at] == 0 { 1.0 } else { found[at] as f64 / wanted[at] as f64 }),
    )
}

/// What every process must answer alike.
fn answers(db: &PulseDB, cid: CollectiveId, data: &Data) -> Vec<Vec<ExperienceId>> {
    let answer = |number: usize| {
        let options = SearchOptions { k: 100, ..Default::default() };
        let hits = db.search(cid, Query::Vector(&data.query(number)), options).expect("a search succeeds");
        hits.iter().map(|hit| hit.experience.id).collect()
    };
    (0..QUERIES).map(answer).collect()
}

/// Answers the queries as another process, if this one is a child.
pub(crate) fn run_if_child() -> bool {
    let Ok(said) = std::env::var(CHILD) else { return false };
    let (path, dimension) = said.split_once('\n').expect("a path and a dimension");
    let dimension = dimension.parse().expect("a number");
    let db = PulseDB::open(Path::new(path), config(dimension)).expect("the database opens");
    let cid = db.list_collectives().expect("a list")[0].id;
    for answer in answers(&db, cid, &Data::new(dimension)) {
        let ids: Vec<String> = answer.iter().map(ToString::to_string).collect();
        println!("{}", ids.join(" "));
    }
    true
}
