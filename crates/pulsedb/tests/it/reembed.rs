//! Moving a database to another embedder: everybody sees the old vectors until all of the new ones are there.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pulsedb::{
    CollectiveId, Config, DerivedInsight, Embedding, EmbeddingDimension, EmbeddingService, Experience,
    ExperienceId, ExperienceUpdate, NewDerivedInsight, NewExperience, ProviderIdentity, PulseDB,
    PulseDBError, Query, Result, SearchFilter, SearchOptions, VectorConfig,
};

use crate::random::Random;
use crate::samples::{all, directory, until};

/// Makes vectors of small numbers that follow from the text and the seed. Of a text with "silent" it knows nothing.
#[derive(Clone)]
pub(crate) struct Hashed {
    pub(crate) dimension: usize,
    pub(crate) seed: u64,
    /// Texts that it has embedded.
    embedded: Arc<AtomicUsize>,
    /// It fails at this text.
    fails_at: usize,
    /// Called before each batch with the texts so far.
    before_batch: Option<Arc<dyn Fn(usize) + Send + Sync>>,
}

impl Hashed {
    pub(crate) fn new(dimension: usize, seed: u64) -> Self {
        Self { dimension, seed, embedded: Arc::default(), fails_at: usize::MAX, before_batch: None }
    }

    pub(crate) fn open(&self, path: &Path) -> Result<PulseDB> {
        PulseDB::open_with_embedder(path, config(), Arc::new(self.clone()))
    }

    /// One that fails after so many more texts.
    pub(crate) fn failing_at(self, texts: usize) -> Self {
        Self { fails_at: texts, embedded: Arc::default(), ..self }
    }

    fn embedded(&self) -> usize {
        self.embedded.load(Ordering::Relaxed)
    }

    pub(crate) fn vector(&self, text: &str) -> Embedding {
        if text.contains("silent") {
            return Vec::new();
        }
        let seed = text.bytes().fold(self.seed, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        let mut random = Random::new(seed);
        let mut vector: Vec<f32> = (0..self.dimension).map(|_| random.below(9) as f32 - 4.0).collect();
        vector[0] = 5.0;
        vector
    }
}

impl EmbeddingService for Hashed {
    fn embed(&self, text: &str) -> Result<Embedding> {
        if self.embedded.fetch_add(1, Ordering::Relaxed) >= self.fails_at {
            return Err(PulseDBError::Embedding { reason: "out of numbers".into() });
        }
        Ok(self.vector(text))
    }

    fn embed_batch(&self, texts: &[&str]) -> Result<Vec<Embedding>> {
        if let Some(before_batch) = &self.before_batch {
            before_batch(self.embedded());
        }
        texts.iter().map(|text| self.embed(text)).collect()
    }

    fn dimension(&self) -> usize {
        self.dimension
    }

    fn identity(&self) -> ProviderIdentity {
        let (provider, model_digest) = ("hashed".into(), self.seed.to_string());
        ProviderIdentity { provider, model_digest, dimension: self.dimension }
    }
}

/// Small blocks, and codes wherever they may be used.
fn config() -> Config {
    Config { vector: VectorConfig { rescore: 1, seal_rows: 16 }, ..Config::default() }
}

pub(crate) fn note(collective_id: CollectiveId, content: String) -> NewExperience {
    NewExperience { collective_id, content, ..Default::default() }
}

/// Records some notes, of which some are archived, changed, deleted or without a vector: blocks and a tail.
pub(crate) fn fill(db: &PulseDB, name: &str, rows: usize) -> CollectiveId {
    let cid = db.create_collective(name).unwrap();
    for batch in 0..rows.div_ceil(50) {
        let content = |at| match at % 17 {
            3 => format!("silent {name} {batch} {at}"),
            _ => format!("note of {name} number{at} batch{batch}"),
        };
        let ids = db.record_experiences((0..50).map(|at| note(cid, content(at))).collect()).unwrap();
        let insight = NewDerivedInsight {
            collective_id: cid,
            content: format!("insight of {name} {batch}"),
            source_experience_ids: vec![ids[0]],
            ..Default::default()
        };
        db.store_insight(insight).unwrap();
        db.archive_experience(ids[5]).unwrap();
        db.delete_experiences(&ids[10..14]).unwrap();
        let update = ExperienceUpdate { content: Some(format!("changed {batch}")), ..Default::default() };
        db.update_experience(ids[20], update).unwrap();
    }
    cid
}

fn ids_and_scores(db: &PulseDB, cid: CollectiveId, query: Query<'_>) -> Vec<(ExperienceId, u32)> {
    let filter = SearchFilter { exclude_archived: false, ..Default::default() };
    let hits =
        db.search(cid, query, SearchOptions { k: 12, filter, exact: true, ..Default::default() }).unwrap();
    hits.iter().map(|hit| (hit.experience.id, hit.similarity.to_bits())).collect()
}

/// Compares every record and some searches with what this embedder makes.
pub(crate) fn assert_vectors_of(db: &PulseDB, cid: CollectiveId, embedder: &Hashed) {
    assert_eq!(db.embedding_dimension(), embedder.dimension);
    let records = all(db, cid);
    for record in &records {
        assert_eq!(record.embedding, embedder.vector(&record.content), "{}", record.content);
    }
    let insights = db.list_insights(cid, 1000, 0).unwrap();
    for insight in &insights {
        assert_eq!(insight.embedding, embedder.vector(&insight.content), "{}", insight.content);
    }
    if let Some(insight) = insights.first() {
        let nearest = db.get_insights(cid, &insight.embedding, 1).unwrap();
        assert!((nearest[0].1 - 1.0).abs() < 1e-5, "{nearest:?}");
    }
    for record in records.iter().step_by(records.len() / 7 + 1) {
        let query = Hashed::vector(embedder, &format!("note near {}", record.content.replace("silent", "")));
        let found = ids_and_scores(db, cid, Query::Vector(&query));
        let expected = nearest(&records, &query);
        let scores = |hits: &[(ExperienceId, u32)]| hits.iter().map(|hit| hit.1).collect::<Vec<_>>();
        assert_eq!(found.len(), expected.len());
        let close = scores(&found)
            .into_iter()
            .zip(expected.iter())
            .all(|(found, expected)| (f64::from(f32::from_bits(found)) - expected).abs() < 1e-5);
        assert!(close, "{found:?} are not {expected:?}");
    }
}

/// The cosines of the nearest records, best first.
fn nearest(records: &[Experience], query: &[f32]) -> Vec<f64> {
    let dot = |left: &[f32], right: &[f32]| {
        left.iter().zip(right).map(|(left, right)| f64::from(*left) * f64::from(*right)).sum::<f64>()
    };
    let with_vector = records.iter().filter(|record| !record.embedding.is_empty());
    let mut cosines: Vec<f64> = with_vector
        .map(|record| {
            let vector = &record.embedding;
            dot(vector, query) / (dot(vector, vector) * dot(query, query)).sqrt()
        })
        .collect();
    cosines.sort_by(|left, right| right.total_cmp(left));
    cosines.truncate(12);
    cosines
}

pub(crate) fn assert_clean(db: &PulseDB) {
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{report:?}");
}

pub(crate) fn until_old_vectors_are_gone(db: &PulseDB) {
    until("old vectors are removed", || !db.stats().unwrap().old_vectors_reclaiming);
    let stats = db.stats().unwrap();
    let rows = |name: &str| stats.tables.iter().find(|table| table.name == name).unwrap().rows;
    assert_eq!(rows("vector"), rows("experience") + rows("insight"));
}

fn is_mismatch<T: std::fmt::Debug>(outcome: Result<T>) -> bool {
    matches!(outcome.unwrap_err(), PulseDBError::EmbeddingProviderMismatch { .. })
}

#[test]
fn moved_database_equals_one_that_was_recorded_with_the_new_embedder() {
    let home = directory();
    let (old, new) = (Hashed::new(8, 1), Hashed::new(24, 2));
    let db = old.open(&home.path().join("moved")).unwrap();
    let (first, second) = (fill(&db, "first", 330), fill(&db, "second", 10));
    let empty = db.create_collective("empty").unwrap();
    let words = ids_and_scores(&db, first, Query::Lexical("number7 changed"));
    let (sequence, before) = (db.get_current_sequence(), all(&db, first));
    let mut told = Vec::new();
    db.reembed(Arc::new(new.clone()), |progress| told.push((progress.done, progress.total))).unwrap();
    let insights = |cid| db.list_insights(cid, 1000, 0).unwrap().len();
    let records = (before.len() + all(&db, second).len() + insights(first) + insights(second)) as u64;
    assert_eq!((told[0].0, *told.last().unwrap()), (0, (records, records)));
    assert!(told.is_sorted());
    for cid in [first, second, empty] {
        assert_vectors_of(&db, cid, &new);
    }
    assert_eq!(db.get_current_sequence(), sequence, "no record has changed");
    assert_eq!(ids_and_scores(&db, first, Query::Lexical("number7 changed")), words);
    let without_vector = |one: &Experience| Experience { embedding: Vec::new(), ..one.clone() };
    let after = all(&db, first);
    assert!(before.iter().map(without_vector).eq(after.iter().map(without_vector)));
    assert!(db.list_collectives().unwrap().iter().all(|one| one.embedding_dimension == 24));
    assert_clean(&db);
    until_old_vectors_are_gone(&db);
    assert_clean(&db);
    // It goes on with the new one, in new blocks and merged ones.
    fill(&db, "third", 200);
    db.record_experiences((0..200).map(|at| note(first, format!("later {at}"))).collect()).unwrap();
    assert_vectors_of(&db, first, &new);
    assert_clean(&db);
    let recorded = new.open(&home.path().join("recorded")).unwrap();
    let again = recorded.create_collective("first").unwrap();
    let copies = all(&db, first).into_iter().map(|one| Experience { collective_id: again, ..one });
    recorded.restore_experiences(copies.collect()).unwrap();
    let copies = db.list_insights(first, 1000, 0).unwrap().into_iter();
    let copies =
        copies.map(|one| DerivedInsight { collective_id: again, missing_sources: Vec::new(), ..one });
    recorded.restore_insights(copies.collect()).unwrap();
    for text in ["note number3", "changed 2", "later 77"] {
        let query = new.vector(text);
        let moved = ids_and_scores(&db, first, Query::Vector(&query));
        assert_eq!(moved, ids_and_scores(&recorded, again, Query::Vector(&query)));
        let by_text = ids_and_scores(&db, first, Query::Text(text));
        assert_eq!(by_text, ids_and_scores(&recorded, again, Query::Text(text)));
    }
    let bytes = |db: &PulseDB, cid| db.get_collective_stats(cid).unwrap().storage_bytes;
    assert_eq!(bytes(&db, first), bytes(&recorded, again));
}

#[test]
fn handle_with_the_old_embedder_is_told_and_can_still_read_and_delete() {
    let home = directory();
    let path = home.path();
    let (old, new) = (Hashed::new(8, 1), Hashed::new(9, 2));
    let db = old.open(path).unwrap();
    let cid = fill(&db, "c", 40);
    let (stale, reader) = (old.open(path).unwrap(), PulseDB::open(path, Config::read_only()).unwrap());
    let clone = db.clone();
    db.reembed(Arc::new(new.clone()), |_| ()).unwrap();
    clone.record_experience(note(cid, "by a clone".into())).unwrap();
    let id = all(&db, cid)[0].id;
    assert!(is_mismatch(stale.embed("note")));
    assert!(is_mismatch(stale.record_experience(note(cid, "note".into()))));
    let given = NewExperience { embedding: Some(old.vector("x")), ..note(cid, "given".into()) };
    assert!(is_mismatch(stale.record_experience(given)));
    let update = ExperienceUpdate { content: Some("other".into()), ..Default::default() };
    assert!(is_mismatch(stale.update_experience(id, update)));
    assert!(is_mismatch(stale.restore_experiences(vec![all(&db, cid)[1].clone()])));
    for handle in [&stale, &reader] {
        assert!(is_mismatch(handle.search_similar(cid, &old.vector("x"), 3)));
        assert!(is_mismatch(handle.search_similar(cid, &new.vector("x"), 3)));
        assert_eq!(handle.get_experience(id).unwrap().unwrap().embedding.len(), 9);
        assert!(!handle.search(cid, Query::Lexical("number3"), SearchOptions::default()).unwrap().is_empty());
    }
    stale.archive_experience(id).unwrap();
    stale.delete_experience(id).unwrap();
    assert_eq!(
        stale.get_collective(stale.create_collective("new").unwrap()).unwrap().unwrap().embedding_dimension,
        9
    );
    assert_clean(&stale);
    assert!(is_mismatch(old.open(path)));
    assert_vectors_of(&new.open(path).unwrap(), cid, &new);
}

#[test]
fn searches_and_writes_go_on_in_the_middle() {
    let home = directory();
    let path = home.path().to_owned();
    let old = Hashed::new(8, 1);
    let db = old.open(&path).unwrap();
    let cid = fill(&db, "c", 1300);
    let (writer, expected) = (old.open(&path).unwrap(), old.clone());
    let rounds = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&rounds);
    let before_batch = move |_: usize| {
        let round = counted.fetch_add(1, Ordering::Relaxed);
        // The last one runs inside the transaction that switches; only reading does not wait for itself.
        if round > 3 {
            return;
        }
        let reembedding = writer.stats().unwrap().reembedding.unwrap();
        assert_eq!(reembedding.to.dimension, 12);
        let ids = writer
            .record_experiences((0..90).map(|at| note(cid, format!("meanwhile {round} {at}"))).collect());
        let ids = ids.unwrap();
        writer.delete_experiences(&ids[..30]).unwrap();
        // Records that have a vector of the next generation, and some that have none yet.
        let listed = writer.list_experiences(cid, 700, 0).unwrap();
        let some: Vec<ExperienceId> = listed.iter().map(|one| one.id).step_by(23).collect();
        let (gone, changed) = some.split_at(some.len() / 2);
        writer.delete_experiences(gone).unwrap();
        for id in changed {
            let update =
                ExperienceUpdate { content: Some(format!("anew {round} {id}")), ..Default::default() };
            writer.update_experience(*id, update).unwrap();
        }
        assert_vectors_of(&writer, cid, &expected);
        assert_clean(&writer);
    };
    let new = Hashed { before_batch: Some(Arc::new(before_batch)), ..Hashed::new(12, 2) };
    db.reembed(Arc::new(new.clone()), |_| ()).unwrap();
    assert!(rounds.load(Ordering::Relaxed) > 4);
    assert_vectors_of(&db, cid, &new);
    assert_clean(&db);
    until_old_vectors_are_gone(&db);
    assert_clean(&db);
}

#[test]
fn interrupted_move_leaves_the_old_vectors_and_goes_on_where_it_was() {
    let home = directory();
    let path = home.path();
    let old = Hashed::new(8, 1);
    let db = old.open(path).unwrap();
    let cid = fill(&db, "c", 1700);
    let records = all(&db, cid).len();
    let failing = Hashed { fails_at: 1200, ..Hashed::new(12, 2) };
    let refused = db.reembed(Arc::new(failing), |_| ()).unwrap_err();
    assert!(matches!(refused, PulseDBError::Embedding { .. }), "{refused}");
    assert_vectors_of(&db, cid, &old);
    assert_clean(&db);
    db.close().unwrap();
    assert!(is_mismatch(Hashed::new(12, 2).open(path)));
    let db = old.open(path).unwrap();
    let records = records + db.list_insights(cid, 1000, 0).unwrap().len();
    let done = db.stats().unwrap().reembedding.unwrap().progress.done;
    assert!(done > 0 && done < records as u64);
    let new = Hashed::new(12, 2);
    db.reembed(Arc::new(new.clone()), |_| ()).unwrap();
    assert_eq!(new.embedded(), records - done as usize);
    assert_vectors_of(&db, cid, &new);
    assert_eq!(db.stats().unwrap().reembedding, None);
    assert_clean(&db);
}

#[test]
fn move_is_given_up_for_another_one_and_for_none() {
    let home = directory();
    let old = Hashed::new(8, 1);
    let db = old.open(home.path()).unwrap();
    let cid = fill(&db, "c", 700);
    let failing = |seed| Hashed { fails_at: 600, ..Hashed::new(12, seed) };
    db.reembed(Arc::new(failing(2)), |_| ()).unwrap_err();
    db.reembed(Arc::new(failing(3)), |_| ()).unwrap_err();
    assert_clean(&db);
    let rebuilt = Hashed::new(12, 2);
    db.reembed(Arc::new(rebuilt.clone()), |_| ()).unwrap();
    assert_vectors_of(&db, cid, &rebuilt);
    assert_clean(&db);
    db.reembed(Arc::new(failing(4)), |_| ()).unwrap_err();
    // Asking for the one that it has: nothing is embedded.
    let same = Hashed::new(12, 2);
    db.reembed(Arc::new(same.clone()), |_| ()).unwrap();
    assert_eq!(same.embedded(), 0);
    assert_eq!(db.stats().unwrap().reembedding, None);
    until_old_vectors_are_gone(&db);
    assert_vectors_of(&db, cid, &same);
    assert_clean(&db);
}

#[test]
fn vectors_of_callers_and_of_the_bundled_table_are_moved_too() {
    let home = directory();
    let external = Config {
        vector: VectorConfig { rescore: 1, seal_rows: 16 },
        ..Config::with_external_embeddings(EmbeddingDimension::Custom(3))
    };
    let db = PulseDB::open(home.path(), external).unwrap();
    let cid = db.create_collective("c").unwrap();
    let given = |at: usize| NewExperience {
        embedding: Some(vec![1.0, at as f32, 2.0]),
        ..note(cid, format!("the parser of module {at} skips comments"))
    };
    db.record_experiences((0..100).map(given).collect()).unwrap();
    let mut bundled = None;
    for round in 0..2 {
        let other = directory();
        let table = PulseDB::open(other.path(), Config::default()).unwrap();
        let service = Arc::new(Bundled(table.clone()));
        db.reembed(service, |_| ()).unwrap();
        let found = all(&db, cid);
        assert!(found.iter().all(|one| one.embedding == table.embed(&one.content).unwrap()), "round {round}");
        assert_eq!(db.embed("the parser").unwrap(), table.embed("the parser").unwrap());
        bundled = Some(table.stats().unwrap().embedder);
        let new = Hashed::new(4, round);
        db.reembed(Arc::new(new.clone()), |_| ()).unwrap();
        assert_vectors_of(&db, cid, &new);
        assert_clean(&db);
    }
    assert_eq!(bundled.unwrap().provider, "builtin");
    let refused = Hashed { dimension: 0, ..Hashed::new(1, 7) };
    assert!(db.reembed(Arc::new(refused), |_| ()).unwrap_err().is_validation());
    let reader = PulseDB::open(home.path(), Config::read_only()).unwrap();
    assert!(reader.reembed(Arc::new(Hashed::new(3, 3)), |_| ()).unwrap_err().is_read_only());
}

/// The bundled table, by way of another database that uses it.
struct Bundled(PulseDB);

impl EmbeddingService for Bundled {
    fn embed(&self, text: &str) -> Result<Embedding> {
        self.0.embed(text)
    }

    fn dimension(&self) -> usize {
        self.0.embedding_dimension()
    }

    fn identity(&self) -> ProviderIdentity {
        self.0.stats().unwrap().embedder
    }
}

#[test]
fn repair_keeps_the_vectors_in_force_and_drops_a_move() {
    let home = directory();
    let old = Hashed::new(8, 1);
    let db = old.open(home.path()).unwrap();
    let cid = fill(&db, "c", 700);
    db.reembed(Arc::new(Hashed { fails_at: 600, ..Hashed::new(12, 2) }), |_| ()).unwrap_err();
    db.close().unwrap();
    let file = home.path().join("data.mdb");
    let mut bytes = std::fs::read(&file).unwrap();
    let content = b"note of c number7 batch3";
    let at = bytes.windows(content.len()).position(|window| window == content).unwrap();
    bytes[at] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let report = PulseDB::repair(home.path(), config()).unwrap();
    assert_eq!((report.records_lost, report.vectors_lost), (1, 0));
    let db = old.open(home.path()).unwrap();
    assert_vectors_of(&db, cid, &old);
    assert_eq!(db.stats().unwrap().reembedding, None);
    assert_clean(&db);
    let new = Hashed::new(12, 2);
    db.reembed(Arc::new(new.clone()), |_| ()).unwrap();
    assert_vectors_of(&db, cid, &new);
    assert_clean(&db);
}

#[test]
fn backup_in_the_middle_goes_on_by_itself() {
    let home = directory();
    let old = Hashed::new(8, 1);
    let db = old.open(&home.path().join("db")).unwrap();
    let cid = fill(&db, "c", 700);
    db.reembed(Arc::new(Hashed { fails_at: 600, ..Hashed::new(12, 2) }), |_| ()).unwrap_err();
    let copy = home.path().join("copy");
    db.backup(&copy).unwrap();
    let copy = old.open(&copy).unwrap();
    let new = Hashed::new(12, 2);
    copy.reembed(Arc::new(new.clone()), |_| ()).unwrap();
    assert!(new.embedded() < all(&copy, cid).len());
    assert_vectors_of(&copy, cid, &new);
    assert_clean(&copy);
    assert_vectors_of(&db, cid, &old);
}
