//! Searches by vector with the index and without it: never too few hits, and nearly always the same.

use std::collections::BTreeSet;

use pulsedb::{ExperienceId, NewExperience, OwnedQuery, SearchFilter, SearchOptions, SubstrateProvider};
use pulsedb_postgres::{PostgresConfig, PostgresSubstrate};

use crate::server::{DIMENSION, config, new_tenant, runtime, url};

const ROWS: usize = 400;
/// One in so many is in the domain that is asked for.
const RARE: usize = 25;

fn vector(number: usize) -> Vec<f32> {
    let mut state = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let component = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / 8_388_608.0 - 1.0
    };
    (0..DIMENSION).map(component).collect()
}

#[test]
fn index_of_vectors_finds_what_the_scan_finds_and_never_too_few() {
    let Some(url) = url() else { return };
    runtime().block_on(async {
        let store = PostgresConfig { exact_rows: 10, ..config(&new_tenant()) };
        let store = PostgresSubstrate::connect(&url, store).await.unwrap();
        let team = store.get_or_create_collective("team").await.unwrap();
        store.build_vector_index().await.unwrap();
        for number in 0..ROWS {
            let new = NewExperience {
                collective_id: team,
                content: format!("note {number}"),
                embedding: Some(vector(number)),
                domain: vec![if number % RARE == 0 { "rare" } else { "usual" }.to_owned()],
                ..Default::default()
            };
            store.store_experience(new).await.unwrap();
        }
        let (mut found, mut wanted) = (0, 0);
        for (domain, query) in [("rare", 1000), ("rare", 1001), ("usual", 1002), ("usual", 1003)] {
            let filter = SearchFilter { domains: Some(vec![domain.into()]), ..Default::default() };
            let mut answers = Vec::new();
            for exact in [false, true] {
                let options = SearchOptions { k: 10, filter: filter.clone(), exact, ..Default::default() };
                let hits = store.search(team, OwnedQuery::Vector(vector(query)), options).await.unwrap();
                assert_eq!(hits.len(), 10, "{domain}, exact: {exact}");
                answers.push(hits.iter().map(|hit| hit.experience.id).collect::<BTreeSet<ExperienceId>>());
            }
            found += answers[0].intersection(&answers[1]).count();
            wanted += 10;
        }
        assert!(found * 10 >= wanted * 9, "the index finds {found} of {wanted}");
    });
}
