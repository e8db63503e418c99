//! The crate's statistical promises, each on a seeded sample of a stated size.

use embeddenator_vsa::{BlockCode, Codes, Counts, Random, Record, Shape, read_field};

/// The foils of each trial: codes that were not bundled.
const FOILS: usize = 10_000;

/// A table drawn for one trial.
fn codes(shape: Shape, count: usize, random: &mut Random) -> Codes {
    Codes::random(shape, count, random)
}

/// The recall of bundled items among foils: the share of their scores that are above the scores of
/// *all* foils.
fn recall<S: Ord + Copy>(items: &[S], foils: &[S]) -> f64 {
    let highest = foils.iter().copied().max();
    items.iter().filter(|score| Some(**score) > highest).count() as f64 / items.len() as f64
}

/// The mean over trials of the recall of `items` bundled codes, scored by `scores` of the bundle.
fn mean_recall<S, F>(shape: Shape, items: usize, trials: u64, mut scores: F) -> f64
where
    S: Ord + Copy,
    F: FnMut(&Counts, &Codes) -> Vec<S>,
{
    let mut sum = 0.0;
    for trial in 0..trials {
        let mut random = Random::new(trial);
        let (bundled, foils) = (codes(shape, items, &mut random), codes(shape, FOILS, &mut random));
        let bundle = Counts::bundle(&bundled).expect("there is room");
        sum += recall(&scores(&bundle, &bundled), &scores(&bundle, &foils));
    }
    sum / trials as f64
}

fn counts_recall(shape: Shape, items: usize, trials: u64) -> f64 {
    mean_recall(shape, items, trials, |bundle, codes| bundle.dots(codes).expect("one shape"))
}

/// 10^6 pairs of each shape.
#[test]
fn cosine_of_unrelated_codes_deviates_by_one_over_the_root_of_the_dimension() {
    for shape in [Shape::D10K, Shape::DEFAULT, Shape::LARGE] {
        let mut random = Random::new(1);
        let (mut sum, mut squares, mut pairs) = (0.0, 0.0, 0.0);
        for _ in 0..100 {
            let query = BlockCode::random(shape, &mut random);
            for cosine in codes(shape, 10_000, &mut random).cosines(query.as_ref()).expect("one shape") {
                sum += f64::from(cosine);
                squares += f64::from(cosine).powi(2);
                pairs += 1.0;
            }
        }
        let (mean, deviation) = (sum / pairs, (squares / pairs).sqrt());
        let expected = 1.0 / (shape.dimension() as f64).sqrt();
        println!(
            "{shape}: mean {mean:.6}, deviation {deviation:.6}, {:.4} of expected",
            deviation / expected
        );
        assert!((deviation / expected - 1.0).abs() < 0.03, "{shape}: {deviation}");
        assert!(mean.abs() < 5.0 * expected / pairs.sqrt(), "{shape}: {mean}");
    }
}

/// 40 trials of 200 and of 250 items: 8 000 and 10 000 scores, each against 10 000 foils.
#[test]
fn counts_of_200_and_of_250_items_are_told_from_10_000_foils() {
    let [at_200, at_250] = [200, 250].map(|items| counts_recall(Shape::D10K, items, 40));
    println!("recall of counts: {at_200:.4} at 200, {at_250:.4} at 250");
    assert!(at_200 >= 0.995, "{at_200}");
    assert!(at_250 >= 0.98, "{at_250}");
}

/// 20 trials of 150 items: 3 000 scores, each against 10 000 foils.
#[test]
fn majority_of_150_items_is_told_from_10_000_foils() {
    let recall = mean_recall(Shape::D10K, 150, 20, |bundle, codes| {
        // The dot products of counters -1, 0 and 1 with codes equal those of planes, and are faster
        // to compute.
        let signs = bundle.majority().elements().collect();
        Counts::from_counters(Shape::D10K, signs).and_then(|signs| signs.dots(codes)).expect("one shape")
    });
    println!("recall of the majority: {recall:.4} at 150");
    assert!(recall >= 0.99, "{recall}");
}

/// 100 trials of 10 items thinned to one element per block, with 100 and with 128 blocks: 1 000
/// scores each, each against 10 000 foils. Also twice as many items, to show that ten is the limit.
#[test]
fn thinned_bundle_holds_about_ten_items() {
    for shape in [Shape::D10K, Shape::DEFAULT] {
        let [at_10, at_20] = [10, 20].map(|items| {
            mean_recall(shape, items, 100, |bundle, codes| {
                codes.dots(bundle.thin().as_ref()).expect("one shape")
            })
        });
        println!("{shape}: recall of the thinned bundle: {at_10:.4} at 10, {at_20:.4} at 20");
        assert!(at_10 >= 0.97, "{shape}: {at_10}");
        assert!(at_20 < 0.95, "{shape}: {at_20}");
    }
}

/// 10 000 clean-ups among 10 000 codes; exactly 103 of 128 blocks are replaced at random, the least
/// that is 80% or more.
#[test]
fn code_with_four_of_five_blocks_randomised_is_cleaned_up() {
    const QUERIES: usize = 10_000;
    let shape = Shape::DEFAULT;
    let mut random = Random::new(3);
    let table = codes(shape, 10_000, &mut random);
    let mut found = 0;
    for query in 0..QUERIES {
        let noisy = randomised(&table, query, 103, &mut random);
        found += u32::from(table.nearest(noisy.as_ref(), 1).expect("one shape")[0].index == query);
    }
    let right = f64::from(found) / QUERIES as f64;
    println!("clean-up with 103 of 128 blocks randomised: {right:.4}");
    assert!(right >= 0.999, "{right}");
}

/// A row of the table with some of its blocks replaced at random.
fn randomised(table: &Codes, row: usize, wrong: usize, random: &mut Random) -> BlockCode {
    let shape = table.shape();
    let mut bytes = table.get(row).expect("a row of the table").as_bytes().to_vec();
    let drawn = BlockCode::random(shape, random);
    let mut blocks: Vec<usize> = (0..shape.blocks()).collect();
    for chosen in 0..wrong {
        let other = chosen + random.below((shape.blocks() - chosen) as u64) as usize;
        blocks.swap(chosen, other);
        bytes[blocks[chosen]] = drawn.as_bytes()[blocks[chosen]];
    }
    BlockCode::from_bytes(shape, &bytes).expect("of the shape")
}

/// 1 000 records of 8 fields: 8 000 fields, each read among 1 000 fillers.
#[test]
fn record_of_8_fields_in_128_bytes_is_read_among_1000_fillers() {
    let shape = Shape::DEFAULT;
    let mut random = Random::new(4);
    let values = codes(shape, 1000, &mut random);
    let (mut right, mut fields) = (0, 0);
    for _ in 0..1000 {
        let roles = codes(shape, 8, &mut random);
        let rows: Vec<usize> = (0..8).map(|_| random.below(1000) as usize).collect();
        let mut record = Record::new(shape);
        for (role, row) in roles.iter().zip(&rows) {
            let value = values.get(*row).expect("a row of 1000").to_code();
            record.add(&role.to_code(), &value).expect("there is room");
        }
        let thinned = record.thin();
        assert_eq!(thinned.as_bytes().len(), 128);
        for (role, row) in roles.iter().zip(&rows) {
            let found = read_field(thinned.as_ref(), &role.to_code(), &values).expect("one shape");
            right += u32::from(found.index == *row);
            fields += 1;
        }
    }
    let recall = f64::from(right) / f64::from(fields);
    println!("fields read: {recall:.4} of {fields}");
    assert!(recall >= 0.995, "{recall}");
}

/// 1 000 pairs of unrelated records of 8 fields: the statement about dot products in the
/// documentation of `Record`.
#[test]
fn thinned_records_are_more_alike_by_chance_than_codes() {
    let shape = Shape::DEFAULT;
    let mut random = Random::new(5);
    let mut record = || {
        let fields =
            codes(shape, 8, &mut random).bind_rows(&codes(shape, 8, &mut random)).expect("one shape");
        Counts::bundle(&fields).expect("there is room").thin()
    };
    let mut squares = 0.0;
    for _ in 0..1000 {
        squares += f64::from(record().dot(&record()).expect("one shape")).powi(2);
    }
    // The variance of random codes is blocks / positions: 1.
    let variance = squares / 1000.0;
    println!("variance of the dot product of thinned records: {variance:.2}");
    assert!((variance - 4.0).abs() < 1.0, "{variance}");
}

/// 100 000 pairs of each shape.
#[test]
fn bound_and_unbound_codes_are_equal_to_the_byte() {
    for shape in [Shape::DEFAULT, Shape::D10K, Shape::new(73, 101).expect("a shape")] {
        let mut random = Random::new(6);
        for _ in 0..100 {
            let (left, right) = (codes(shape, 1000, &mut random), codes(shape, 1000, &mut random));
            let bound = left.bind_rows(&right).expect("as many");
            assert!(bound.unbind_rows(&right).expect("as many") == left, "{shape}");
        }
    }
}

/// 5 trials of 1 000 items at 512 bytes per code.
#[test]
fn large_shape_holds_a_thousand_items() {
    let recall = counts_recall(Shape::LARGE, 1000, 5);
    println!("recall of counts: {recall:.4} at 1000, {}", Shape::LARGE);
    assert!(recall >= 0.98, "{recall}");
}
