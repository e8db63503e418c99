//! What every type supports besides its algebra: sharing, comparing, hashing and printing.

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;

use embeddenator_vsa::wire::{Head, Kind};
use embeddenator_vsa::{
    BlockCode, BytesEncoder, BytesOptions, BytesStream, CentroidClassifier, Classified, CodeRef, Codes,
    CodesIter, CodesRef, CounterBank, Counts, Error, Factors, Isa, ItemMemory, Levels, Named, Nearest,
    Planes, PlanesTable, Random, Record, Resonator, ResonatorOptions, Sequence, Shape, ShingleEncoder,
    ShingleOptions, ShingleSketch, Similar, SparseTernary, TextEncoder, TextOptions, TextStream, VsaConfig,
};

#[test]
fn every_type_is_shared_between_threads_and_shown() {
    fn value<T: Clone + Debug + PartialEq + Send + Sync + Unpin>() {}
    fn key<T: Eq + Hash>() {}
    fn option<T: Copy + Debug + Default + Eq + Hash + Send + Sync>() {}
    fn shared<T: Debug + Send + Sync + Unpin>() {}
    value::<BlockCode>();
    value::<CodeRef<'static>>();
    value::<Codes>();
    value::<CodesRef<'static>>();
    value::<Counts>();
    value::<CounterBank>();
    value::<Planes>();
    value::<PlanesTable>();
    value::<SparseTernary>();
    value::<Random>();
    value::<Shape>();
    value::<Nearest>();
    value::<Similar>();
    value::<Named<'static>>();
    value::<Classified<'static, String>>();
    value::<Factors>();
    value::<Head>();
    value::<Kind>();
    value::<Record>();
    value::<Sequence>();
    value::<Levels>();
    value::<Resonator>();
    value::<ItemMemory>();
    value::<CentroidClassifier<String>>();
    value::<TextEncoder>();
    value::<BytesEncoder>();
    value::<ShingleEncoder>();
    value::<Error>();
    shared::<CodesIter<'static>>();
    shared::<TextStream<'static>>();
    shared::<BytesStream<'static>>();
    shared::<ShingleSketch>();
    shared::<Isa>();
    option::<Shape>();
    option::<VsaConfig>();
    option::<TextOptions>();
    option::<BytesOptions>();
    option::<ShingleOptions>();
    option::<ResonatorOptions>();
    key::<BlockCode>();
    key::<CodeRef<'static>>();
    key::<Planes>();
    key::<SparseTernary>();
    key::<Shape>();
}

#[test]
fn code_of_the_default_shape_lies_in_its_value() {
    // Two cache lines of bytes, and one for the shape and the pointer to a larger code.
    assert_eq!(size_of::<BlockCode>(), 192);
}

#[test]
fn equal_codes_of_different_shapes_are_different_keys() {
    let shapes = [(8, 8), (8, 9), (9, 8)].map(|(blocks, positions)| Shape::new(blocks, positions).unwrap());
    let codes: HashSet<_> = shapes.into_iter().map(BlockCode::identity).collect();
    assert_eq!(codes.len(), 3);
    assert!(codes.contains(&BlockCode::identity(shapes[1])));
}

#[test]
fn codes_are_shown_with_shape_and_elements() {
    let code = BlockCode::from_bytes(Shape::new(2, 8).unwrap(), &[3, 0x85]).unwrap();
    assert_eq!(format!("{code:?}"), "BlockCode 2x8 [(3, 1), (5, -1)]");
    assert_eq!(format!("{:?}", code.as_ref()), format!("{code:?}"));
}

#[test]
fn for_loops_walk_tables() {
    let codes = Codes::random(Shape::D10K, 3, &mut Random::new(2));
    let mut walked = Vec::new();
    for code in &codes {
        walked.push(code.to_code());
    }
    assert_eq!(walked.len(), codes.iter().len());
    assert!(codes.view().into_iter().eq(walked.iter().map(BlockCode::as_ref)));
}
