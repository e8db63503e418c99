//! Gives arbitrary texts to the bundled embedder: it answers a unit vector or none, and always the same one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pulsedb_model::Model;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let model = Model::bundled();
    let rows = model.tokenize(&text);
    assert_eq!(rows, model.tokenize(&text));
    let embedding = model.embed(&text);
    let bits = |vector: &[f32]| vector.iter().map(|one| one.to_bits()).collect::<Vec<u32>>();
    assert_eq!(bits(&embedding), bits(&model.embed(&text)));
    if embedding.is_empty() {
        return;
    }
    assert!(!rows.is_empty(), "a vector without a token");
    assert_eq!(embedding.len(), model.dimension());
    assert!(embedding.iter().all(|one| one.is_finite()));
    let square: f64 = embedding.iter().map(|one| f64::from(*one) * f64::from(*one)).sum();
    assert!((square - 1.0).abs() < 1e-5, "the norm is not 1 but the root of {square}");
});
