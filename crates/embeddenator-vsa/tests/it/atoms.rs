//! Digests of seeded atoms: the same seed gives the same bytes on every machine and in every version.

use embeddenator_vsa::{BlockCode, CodeRef, Codes, Random, Shape};
use xxhash_rust::xxh3::xxh3_64;

/// Blocks, positions, and the digests of 1000 codes from the seeds 0 and `u64::MAX`. They never change.
const DIGESTS: [(usize, usize, [u64; 2]); 6] = [
    (8, 8, [0x8cef_a738_e6f6_c03d, 0x2e65_8b45_9d92_5f82]),
    (10, 100, [0x1f57_3816_ab71_61fe, 0xbd03_bd11_1fed_e6d4]),
    (100, 100, [0x5d06_eba3_f3b6_f8db, 0x03a4_a2e3_6649_27a4]),
    (128, 128, [0x9ee7_4680_e3e8_2ee9, 0x56ee_66ec_8477_87d6]),
    (512, 128, [0x4055_39cb_ad32_75dc, 0xfc9a_dd3b_2a22_9e6b]),
    (73, 101, [0x8094_62c7_0b3b_57a1, 0xe006_bd8f_55e2_b9f0]),
];

#[test]
fn same_seed_gives_the_same_bytes_forever() {
    let found = DIGESTS.map(|(blocks, positions, _)| {
        let shape = Shape::new(blocks, positions).unwrap();
        let digest = |seed| {
            let codes = Codes::random(shape, 1000, &mut Random::new(seed));
            xxh3_64(&codes.iter().flat_map(CodeRef::as_bytes).copied().collect::<Vec<_>>())
        };
        (blocks, positions, [digest(0), digest(u64::MAX)])
    });
    assert_eq!(found, DIGESTS, "{found:#x?}");
}

#[test]
fn tables_and_single_codes_draw_alike() {
    for (blocks, positions, _) in DIGESTS {
        let shape = Shape::new(blocks, positions).unwrap();
        let codes = Codes::random(shape, 20, &mut Random::new(7));
        let mut random = Random::new(7);
        for code in &codes {
            assert_eq!(code.to_code(), BlockCode::random(shape, &mut random));
        }
    }
}

#[test]
fn stream_of_numbers_is_the_published_one() {
    // The first outputs of SplitMix64 for this seed, from its authors' reference program.
    let mut random = Random::new(1_234_567);
    let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
    assert_eq!([random.next_u64(), random.next_u64(), random.next_u64()], expected);
}

#[test]
fn code_of_128_positions_is_the_bytes_of_the_stream() {
    for blocks in 1..=40 {
        let shape = Shape::new(blocks, 128).unwrap();
        let (mut random, mut stream) = (Random::new(blocks as u64), Random::new(blocks as u64));
        for _ in 0..3 {
            let code = BlockCode::random(shape, &mut random);
            let bytes: Vec<u8> =
                (0..blocks.div_ceil(8)).flat_map(|_| stream.next_u64().to_le_bytes()).collect();
            assert_eq!(code.as_bytes(), &bytes[..blocks]);
            assert_eq!(random, stream, "{blocks}");
        }
    }
}

#[test]
fn positions_and_signs_are_drawn_evenly() {
    for (blocks, positions, _) in DIGESTS {
        let shape = Shape::new(blocks, positions).unwrap();
        let draws = 400_000 / blocks * blocks;
        let mut seen = vec![0_u32; 2 * positions];
        for code in &Codes::random(shape, draws / blocks, &mut Random::new(3)) {
            for (position, sign) in code.elements() {
                seen[2 * position + usize::from(sign < 0)] += 1;
            }
        }
        let expected = draws as f64 / seen.len() as f64;
        let square: f64 = seen.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
        // The mean and standard deviation of a chi-square sum; five deviations have a chance of
        // 10^-6.
        let free = seen.len() as f64 - 1.0;
        assert!((square - free).abs() < 5.0 * (2.0 * free).sqrt(), "{shape}: {square} of {free}");
    }
}
