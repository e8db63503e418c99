//! The centroid classifier: labels found, codes unlearned, ties.

use embeddenator_vsa::{BlockCode, CentroidClassifier, Codes, Error, Random, Shape};

use crate::shapes::shapes;

/// The code with each block replaced at random with probability one half.
fn noisy(code: &BlockCode, random: &mut Random) -> BlockCode {
    let other = BlockCode::random(code.shape(), random);
    let mut bytes = code.as_bytes().to_vec();
    for (byte, drawn) in bytes.iter_mut().zip(other.as_bytes()) {
        if random.below(2) == 0 {
            *byte = *drawn;
        }
    }
    BlockCode::from_bytes(code.shape(), &bytes).expect("of the shape")
}

#[test]
fn label_of_the_nearest_centroid_is_returned() {
    let mut random = Random::new(1);
    let prototypes = Codes::random(Shape::D10K, 20, &mut random);
    let mut classifier = CentroidClassifier::new(Shape::D10K);
    // Labels have 1 to 20 codes: large bundles must not win by their length.
    for (label, prototype) in prototypes.iter().enumerate() {
        for _ in 0..=label {
            classifier.add(label, &noisy(&prototype.to_code(), &mut random)).expect("one shape");
        }
    }
    let mut queries = Codes::new(Shape::D10K);
    for prototype in &prototypes {
        queries.push(noisy(&prototype.to_code(), &mut random).as_ref()).expect("one shape");
    }
    let found = classifier.classify_all(&queries).expect("one shape");
    assert_eq!(found.len(), 20);
    for (label, found) in found.iter().enumerate() {
        assert_eq!(*found.label, label);
        let query = queries.get(label).expect("a row of 20").to_code();
        let cosine = classifier.centroid(&label).expect("a label").cosine(&query).expect("one shape");
        assert!((found.cosine - cosine).abs() < 1e-6, "{found:?} {cosine}");
        assert_eq!(classifier.classify(&query), Ok(Some(*found)));
    }
}

#[test]
fn unlearning_leaves_no_trace() {
    for shape in shapes() {
        let mut random = Random::new(2);
        let codes = Codes::random(shape, 30, &mut random);
        let code = |row: usize| codes.get(row).expect("a row of 30").to_code();
        let mut classifier = CentroidClassifier::new(shape);
        for row in 0..10 {
            classifier.add(row % 3, &code(row)).expect("one shape");
        }
        let before = classifier.clone();
        for row in 10..30 {
            classifier.add(row % 4, &code(row)).expect("one shape");
        }
        for row in (10..30).rev() {
            classifier.remove(&(row % 4), &code(row)).expect("it was added");
        }
        assert_eq!(classifier, before, "{shape}");
        assert_eq!(classifier.labels().collect::<Vec<_>>(), [(&0, 4), (&1, 3), (&2, 3)]);
    }
}

#[test]
fn label_that_sorts_first_wins_a_tie() {
    let mut random = Random::new(3);
    let code = BlockCode::random(Shape::DEFAULT, &mut random);
    for labels in [["b", "a", "c"], ["c", "b", "a"]] {
        let mut classifier = CentroidClassifier::new(Shape::DEFAULT);
        for label in labels {
            classifier.add(label, &code).expect("one shape");
        }
        assert_eq!(classifier.classify(&code).expect("one shape").map(|found| *found.label), Some("a"));
    }
}

#[test]
fn what_was_not_learned_cannot_be_unlearned() {
    let mut random = Random::new(4);
    let [a, b] = [(); 2].map(|()| BlockCode::random(Shape::DEFAULT, &mut random));
    let other = BlockCode::random(Shape::D10K, &mut random);
    let mut classifier = CentroidClassifier::new(Shape::DEFAULT);
    assert_eq!(classifier.classify(&a), Ok(None));
    classifier.add(1, &a).expect("one shape");
    assert_eq!(classifier.remove(&2, &a), Err(Error::NotAdded));
    assert_eq!(classifier.remove(&1, &b), Err(Error::NotAdded));
    let error = Error::ShapeMismatch { left: Shape::DEFAULT, right: Shape::D10K };
    assert_eq!(classifier.add(7, &other), Err(error.clone()));
    assert_eq!(classifier.classify(&other), Err(error));
    assert_eq!(classifier.labels().collect::<Vec<_>>(), [(&1, 1)]);
    classifier.remove(&1, &a).expect("it was added");
    assert_eq!(classifier.labels().len(), 0);
}
