//! Models of one's own: a small one that the tests make and compute by themselves, and all-MiniLM-L6-v2.

mod minilm;
mod small;

use std::path::Path;
use std::sync::Arc;

use pulsedb::{Config, Embedding, EmbeddingProvider, EmbeddingService, NewExperience, PulseDB, PulseDBError};

use crate::samples::directory;
use small::Small;

fn provider(path: &Path) -> EmbeddingProvider {
    EmbeddingProvider::Builtin { model_path: Some(path.to_owned()) }
}

fn open(path: &Path) -> pulsedb::Result<Arc<dyn EmbeddingService>> {
    provider(path).service().map(|service| service.expect("a model is an embedder"))
}

fn assert_close(found: &[f32], expected: &[f64], error: f64) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((f64::from(*found) - expected).abs() < error, "{found} is not {expected}");
    }
}

fn config(path: &Path) -> Config {
    Config { embedding_provider: provider(path), map_size_gb: 1, ..Config::default() }
}

const TEXTS: [&str; 6] = [
    "lock",
    "the parser skips comments",
    "Retry the LOCK",
    "nobody knows these words",
    "lock retry lock retry lock retry lock retry lock retry lock retry",
    "the",
];

#[test]
fn vectors_equal_those_computed_one_by_one_without_the_library() {
    let home = directory();
    let model = Small::new(7);
    model.write(home.path());
    let service = open(home.path()).unwrap();
    let expected: Vec<Vec<f64>> = TEXTS.iter().map(|text| model.vector(text)).collect();
    let together: Vec<Embedding> = service.embed_batch(&TEXTS).unwrap();
    for ((text, vector), expected) in TEXTS.iter().zip(&together).zip(&expected) {
        assert_close(vector, expected, 1e-5);
        assert_close(&service.embed(text).unwrap(), expected, 1e-5);
    }
    // More than one batch, in the order of the texts.
    let many: Vec<&str> = (0..100).map(|at| TEXTS[at * 5 % TEXTS.len()]).collect();
    for (at, vector) in service.embed_batch(&many).unwrap().iter().enumerate() {
        assert_close(vector, &expected[at * 5 % TEXTS.len()], 1e-5);
    }
    assert!(service.embed_batch(&[]).unwrap().is_empty());
}

#[test]
fn database_moves_to_a_model_and_remembers_which() {
    let home = directory();
    let path = home.path().join("db");
    let (models, other) = (home.path().join("model"), home.path().join("other"));
    let model = Small::new(7);
    model.write(&models);
    Small::new(8).write(&other);
    let db = PulseDB::open(&path, Config { map_size_gb: 1, ..Config::default() }).unwrap();
    let cid = db.get_or_create_collective("c").unwrap();
    let note =
        |content: &str| NewExperience { collective_id: cid, content: content.into(), ..Default::default() };
    for text in TEXTS {
        db.record_experience(note(text)).unwrap();
    }
    db.reembed(open(&models).unwrap(), |_| ()).unwrap();
    let hits = db.search_similar(cid, &db.embed("retry the lock").unwrap(), 1).unwrap();
    assert!(hits[0].experience.content == "Retry the LOCK" && hits[0].similarity > 0.9999, "{hits:?}");
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(db.stats().unwrap().embedder, open(&models).unwrap().identity());
    db.close().unwrap();
    for wrong in [Config::default(), config(&other)] {
        let refused = PulseDB::open(&path, wrong).unwrap_err();
        assert!(matches!(refused, PulseDBError::EmbeddingProviderMismatch { .. }), "{refused}");
    }
    let db = PulseDB::open(&path, config(&models)).unwrap();
    let id = db.record_experience(note("the lock")).unwrap();
    assert_close(&db.get_experience(id).unwrap().unwrap().embedding, &model.vector("the lock"), 1e-5);
    let reader = PulseDB::open(&path, Config { read_only: true, ..config(&models) }).unwrap();
    assert_eq!(reader.embed("the lock").unwrap().len(), model.vector("the lock").len());
}

#[test]
fn directory_that_is_no_model_is_refused_with_the_file_that_is_wrong() {
    let home = directory();
    let path = home.path();
    let refused = |named: &str| {
        let error = open(path).err().expect("it is no model");
        let PulseDBError::Config { reason } = &error else { panic!("{error}") };
        assert!(reason.contains(named), "{reason}");
    };
    refused("config.json is missing");
    Small::new(7).write(path);
    open(path).unwrap();
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        let whole = std::fs::read(path.join(name)).unwrap();
        std::fs::remove_file(path.join(name)).unwrap();
        refused(name);
        for length in (0..whole.len()).step_by(whole.len() / 41 + 1) {
            std::fs::write(path.join(name), &whole[..length]).unwrap();
            refused(name);
        }
        std::fs::write(path.join(name), &whole).unwrap();
    }
    let replaced = |name: &str, from: &str, to: &str, named: &str| {
        let whole = std::fs::read_to_string(path.join(name)).unwrap();
        assert!(whole.contains(from));
        std::fs::write(path.join(name), whole.replace(from, to)).unwrap();
        refused(named);
        std::fs::write(path.join(name), whole).unwrap();
    };
    replaced("config.json", "\"bert\"", "\"gpt2\"", "architecture is gpt2");
    replaced("config.json", "\"hidden_size\":8", "\"hidden_size\":9", "config.json");
    replaced("config.json", "\"num_hidden_layers\":2", "\"num_hidden_layers\":3", "model.safetensors");
    replaced("config.json", "\"num_attention_heads\":2", "\"num_attention_heads\":0", "config.json");
    replaced("config.json", "\"vocab_size\":10", "\"vocab_size\":9", "tokenizer.json");
    replaced("config.json", "\"max_position_embeddings\":12", "\"max_position_embeddings\":2", "pieces");
    let step = r#"[{"path":"1","type":"sentence_transformers.models.Dense"}]"#;
    std::fs::write(path.join("modules.json"), step).unwrap();
    refused("step is sentence_transformers.models.Dense");
    std::fs::write(path.join("modules.json"), r#"[{"path":"1","type":"x.Pooling"}]"#).unwrap();
    std::fs::create_dir(path.join("1")).unwrap();
    std::fs::write(path.join("1/config.json"), r#"{"pooling_mode_cls_token":true}"#).unwrap();
    refused("pooling");
    let two = r#"{"pooling_mode_mean_tokens":true,"pooling_mode_lasttoken":true}"#;
    std::fs::write(path.join("1/config.json"), two).unwrap();
    refused("pooling");
    std::fs::write(path.join("1/config.json"), r#"{"pooling_mode_mean_tokens":true}"#).unwrap();
    open(path).unwrap();
}

#[test]
fn digest_follows_what_the_vectors_depend_on() {
    let home = directory();
    let path = home.path();
    let identity = || open(path).unwrap().identity();
    Small::new(7).write(path);
    let first = identity();
    assert_eq!((first.provider.as_str(), first.dimension), ("sentence-transformer", small::HIDDEN));
    assert_eq!(first, identity());
    std::fs::write(path.join("README.md"), "of no importance").unwrap();
    assert_eq!(first, identity());
    std::fs::write(path.join("sentence_bert_config.json"), r#"{"max_seq_length":5}"#).unwrap();
    let shorter = identity();
    assert_ne!(first, shorter);
    Small::new(8).write(path);
    assert_ne!(shorter, identity());
}
