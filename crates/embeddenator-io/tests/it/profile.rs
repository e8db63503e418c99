//! Names and levels of compression.

use embeddenator_io::{Codec, Compression, Error, Profile, ZstdLevel};

#[test]
fn profiles_have_the_levels_and_names_that_are_documented() {
    let found: Vec<_> = Profile::ALL
        .into_iter()
        .map(|profile| match profile.compression() {
            Compression::Zstd(level) => (profile.to_string(), level.get()),
            other => panic!("{profile} is {other:?}"),
        })
        .collect();
    let expected = [("fast", 1), ("balanced", 6), ("archive", 12), ("max", 19)];
    assert_eq!(found, expected.map(|(name, level)| (name.to_owned(), level)));
    for profile in Profile::ALL {
        assert_eq!(profile.name().parse::<Profile>().expect("its own name"), profile);
    }
    let error = "Fast".parse::<Profile>().expect_err("names are lower case");
    assert_eq!(error.to_string(), "`Fast` is not a profile: use one of fast, balanced, archive, max");
}

#[test]
fn level_is_from_1_to_22() {
    for level in [1, 22] {
        assert_eq!(ZstdLevel::new(level).expect("a level").get(), level);
    }
    for level in [i32::MIN, -1, 0, 23, i32::MAX] {
        let error = ZstdLevel::new(level).expect_err("no level");
        assert!(matches!(error, Error::OutOfRange { minimum: 1, maximum: 22, .. }), "{error}");
    }
    assert_eq!([Codec::None.to_string(), Codec::Zstd.to_string()], ["none", "zstd"]);
}
