//! Embedders of callers: they are asked for every text, named on the database, and not believed blindly.

use std::sync::Arc;

use pulsedb::{
    Config, Embedding, EmbeddingDimension, EmbeddingService, ExperienceUpdate, NewExperience,
    ProviderIdentity, PulseDB, PulseDBError, Result, SearchOptions, SignalWeights,
};

/// Counts vowels. What it does wrong is in its fields.
#[derive(Clone)]
struct Vowels {
    identity: ProviderIdentity,
    dimension: usize,
    /// Put in the place of the first component.
    first: Option<f32>,
    /// Components too many.
    surplus: usize,
    /// Vectors of a batch that are left out.
    withheld: usize,
    fails: bool,
}

impl Vowels {
    fn new() -> Self {
        let identity = ProviderIdentity { provider: "vowels".into(), model_digest: "1".into(), dimension: 5 };
        Self { identity, dimension: 5, first: None, surplus: 0, withheld: 0, fails: false }
    }

    fn open(self, path: &std::path::Path) -> Result<PulseDB> {
        PulseDB::open_with_embedder(path, Config::default(), Arc::new(self))
    }
}

impl EmbeddingService for Vowels {
    fn embed(&self, text: &str) -> Result<Embedding> {
        if self.fails {
            return Err(PulseDBError::Embedding { reason: "out of vowels".into() });
        }
        let mut counts = vec![0.0; self.dimension + self.surplus];
        for letter in text.chars() {
            if let Some(place) = "aeiou".find(letter) {
                counts[place] += 1.0;
            }
        }
        if counts.iter().all(|count| *count == 0.0) {
            return Ok(Vec::new());
        }
        if let Some(first) = self.first {
            counts.fill(first);
        }
        Ok(counts)
    }

    fn embed_batch(&self, texts: &[&str]) -> Result<Vec<Embedding>> {
        texts.iter().skip(self.withheld).map(|text| self.embed(text)).collect()
    }

    fn dimension(&self) -> usize {
        self.dimension
    }

    fn identity(&self) -> ProviderIdentity {
        self.identity.clone()
    }
}

fn note(content: &str) -> NewExperience {
    NewExperience { content: content.into(), ..Default::default() }
}

#[test]
fn records_updates_and_queries_go_through_the_callers_embedder() {
    let directory = tempfile::tempdir().unwrap();
    let db = Vowels::new().open(directory.path()).unwrap();
    assert_eq!(db.embedding_dimension(), 5);
    let a = db.record_experience(note("banana")).unwrap();
    let o = db.record_experience(note("cocoon")).unwrap();
    let cid = db.get_experience(a).unwrap().unwrap().collective_id;
    assert_eq!(db.get_experience(a).unwrap().unwrap().embedding, [3.0, 0.0, 0.0, 0.0, 0.0]);
    let best = |text: &str| db.search(cid, text.into(), SearchOptions::default()).unwrap()[0].experience.id;
    assert_eq!((best("a"), best("o")), (a, o));
    let update = ExperienceUpdate { content: Some("ooo".into()), ..Default::default() };
    db.update_experience(a, update).unwrap();
    let update = ExperienceUpdate { content: Some("aaa".into()), ..Default::default() };
    db.update_experience(o, update).unwrap();
    assert_eq!((best("a"), best("o")), (o, a));
}

#[test]
fn text_without_a_vector_is_recorded_and_found_by_its_words_alone() {
    let directory = tempfile::tempdir().unwrap();
    let db = Vowels::new().open(directory.path()).unwrap();
    let id = db.record_experience(note("rhythm")).unwrap();
    let found = db.get_experience(id).unwrap().unwrap();
    assert!(found.embedding.is_empty());
    let cid = found.collective_id;
    assert_eq!(db.search(cid, "a".into(), SearchOptions::default()).unwrap(), []);
    let hits = db.search(cid, "why rhythm".into(), SearchOptions::default()).unwrap();
    assert_eq!(hits.iter().map(|hit| hit.experience.id).collect::<Vec<_>>(), [id]);
    assert_eq!(db.search_similar(cid, &[1.0; 5], 10).unwrap(), []);
    assert_eq!(db.get_recent_experiences(cid, 1).unwrap().len(), 1);
    // Callers do not have this way: their empty vector has a wrong length.
    let refused = NewExperience { embedding: Some(Vec::new()), ..note("x") };
    assert!(db.record_experience(refused).unwrap_err().is_validation());
    let gone = pulsedb::CollectiveId::new();
    assert!(db.search(gone, "why".into(), SearchOptions::default()).unwrap_err().is_not_found());
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn what_is_no_vector_is_refused_and_changes_nothing() {
    let faulty = [
        Vowels { fails: true, ..Vowels::new() },
        Vowels { first: Some(f32::NAN), ..Vowels::new() },
        Vowels { first: Some(f32::INFINITY), ..Vowels::new() },
        Vowels { first: Some(0.0), ..Vowels::new() },
        Vowels { surplus: 1, ..Vowels::new() },
        Vowels { withheld: 1, ..Vowels::new() },
    ];
    for embedder in faulty {
        let directory = tempfile::tempdir().unwrap();
        let withheld = embedder.withheld > 0;
        let db = embedder.open(directory.path()).unwrap();
        let is_embedding = |error: &PulseDBError| matches!(error, PulseDBError::Embedding { .. });
        let refused = db.record_experiences(vec![note("a"), note("b e")]).unwrap_err();
        assert!(is_embedding(&refused), "{refused}");
        assert!(withheld || is_embedding(&db.embed("a").unwrap_err()));
        assert_eq!(db.get_current_sequence(), 0);
        assert_eq!(db.list_collectives().unwrap(), []);
    }
}

#[test]
fn impossible_embedder_is_refused_before_a_file_is_made() {
    let identity = |provider: &str, dimension| ProviderIdentity {
        provider: provider.into(),
        model_digest: "1".into(),
        dimension,
    };
    let impossible = [
        Vowels { dimension: 0, identity: identity("vowels", 0), ..Vowels::new() },
        Vowels { dimension: 4097, identity: identity("vowels", 4097), ..Vowels::new() },
        Vowels { identity: identity("vowels", 6), ..Vowels::new() },
        Vowels { identity: identity("external", 5), ..Vowels::new() },
        Vowels { identity: identity(&"v".repeat(1025), 5), ..Vowels::new() },
    ];
    for embedder in impossible {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("db");
        let refused = embedder.open(&path).unwrap_err();
        assert!(refused.is_validation(), "{refused}");
        assert!(!path.exists());
    }
}

#[test]
fn another_embedder_is_refused_and_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let db = Vowels::new().open(path).unwrap();
    let id = db.record_experience(note("banana")).unwrap();
    db.close().unwrap();
    let before = std::fs::read(path.join("data.mdb")).unwrap();
    let mut other = Vowels::new();
    other.identity.model_digest = "2".into();
    let mut wider = Vowels { dimension: 6, ..Vowels::new() };
    wider.identity.dimension = 6;
    let external = Config::with_external_embeddings(EmbeddingDimension::Custom(5));
    for refused in [
        other.open(path).unwrap_err(),
        wider.open(path).unwrap_err(),
        PulseDB::open(path, Config::default()).unwrap_err(),
        PulseDB::open(path, external).unwrap_err(),
    ] {
        assert!(matches!(refused, PulseDBError::EmbeddingProviderMismatch { .. }), "{refused}");
        let text = refused.to_string();
        assert!(text.contains("vowels (5 dimensions, model 1)"), "{text}");
    }
    assert!(std::fs::read(path.join("data.mdb")).unwrap() == before, "a byte has changed");
    // A reader needs no embedder, but then texts are not compared by vectors.
    let db = PulseDB::open(path, Config::read_only()).unwrap();
    assert_eq!((db.embedding_dimension(), db.embedder_identity().provider.as_str()), (5, "vowels"));
    let found = db.get_experience(id).unwrap().unwrap();
    let hits =
        db.search(found.collective_id, found.content.as_str().into(), SearchOptions::default()).unwrap();
    assert_eq!(hits[0].experience.id, id);
    let signals = SignalWeights { lexical: 0.0, late: 0.0, ..Default::default() };
    let options = SearchOptions { signals: Some(signals), ..Default::default() };
    let refused = db.search(found.collective_id, "a".into(), options).unwrap_err();
    assert!(matches!(refused, PulseDBError::Embedding { .. }), "{refused}");
    assert_eq!(db.search_similar(found.collective_id, &found.embedding, 1).unwrap().len(), 1);
    db.close().unwrap();
    assert_eq!(Vowels::new().open(path).unwrap().embed("a").unwrap().len(), 5);
}
