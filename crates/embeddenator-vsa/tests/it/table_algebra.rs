//! Batch operations on tables, compared with the same operation code by code.

use embeddenator_vsa::{BlockCode, CodeRef, Codes, Counts, Error, Random, Shape};

use crate::shapes::shapes;

/// The table that an operation on each row gives.
fn each(codes: &Codes, mut operation: impl FnMut(usize, BlockCode) -> BlockCode) -> Codes {
    let mut made = Codes::new(codes.shape());
    for (row, code) in codes.iter().enumerate() {
        made.push(operation(row, code.to_code()).as_ref()).expect("one shape");
    }
    made
}

fn row(codes: &Codes, index: usize) -> BlockCode {
    codes.get(index).map(CodeRef::to_code).expect("a row of the table")
}

#[test]
fn tables_are_bound_row_by_row() {
    for shape in shapes() {
        let mut random = Random::new(1);
        let (left, right) = (Codes::random(shape, 37, &mut random), Codes::random(shape, 37, &mut random));
        let one = BlockCode::random(shape, &mut random);
        let bind = |_, code: BlockCode| code.bind(&one).expect("one shape");
        assert_eq!(left.bind_all(one.as_ref()), Ok(each(&left, bind)), "{shape}");
        let unbind = |_, code: BlockCode| code.unbind(&one).expect("one shape");
        assert_eq!(left.unbind_all(one.as_ref()), Ok(each(&left, unbind)), "{shape}");
        let from_one = |_, code: BlockCode| one.unbind(&code).expect("one shape");
        assert_eq!(left.inverse_all().bind_all(one.as_ref()), Ok(each(&left, from_one)), "{shape}");
        let bind = |at, code: BlockCode| code.bind(&row(&right, at)).expect("one shape");
        assert_eq!(left.bind_rows(&right), Ok(each(&left, bind)), "{shape}");
        let unbind = |at, code: BlockCode| code.unbind(&row(&right, at)).expect("one shape");
        assert_eq!(left.unbind_rows(&right), Ok(each(&left, unbind)), "{shape}");
    }
}

#[test]
fn tables_are_inverted_raised_rotated_and_negated_row_by_row() {
    for shape in shapes() {
        let codes = Codes::random(shape, 21, &mut Random::new(2));
        assert_eq!(codes.inverse_all(), each(&codes, |_, code| code.inverse()), "{shape}");
        assert_eq!(codes.negate_all(), each(&codes, |_, code| code.negate()), "{shape}");
        for by in [-1000, -1, 0, 1, 5, 129] {
            assert_eq!(codes.permute_all(by), each(&codes, |_, code| code.permute(by)), "{shape} {by}");
            assert_eq!(codes.power_all(by), each(&codes, |_, code| code.power(by)), "{shape} {by}");
        }
    }
}

#[test]
fn tables_are_compared_row_by_row() {
    for shape in shapes() {
        let mut random = Random::new(3);
        let (left, right) = (Codes::random(shape, 30, &mut random), Codes::random(shape, 30, &mut random));
        let query = row(&right, 4);
        let dots: Vec<i32> =
            (0..30).map(|at| row(&left, at).dot(&row(&right, at)).expect("one shape")).collect();
        assert_eq!(left.dot_rows(&right), Ok(dots), "{shape}");
        let cosines: Vec<f32> =
            left.iter().map(|code| code.cosine(query.as_ref()).expect("one shape")).collect();
        assert_eq!(left.cosines(query.as_ref()), Ok(cosines), "{shape}");
        // A borrowed table gives the same answers.
        assert_eq!(left.view().dot_rows(right.view()), left.dot_rows(&right), "{shape}");
        assert_eq!(left.view().cosines(&query), left.cosines(&query), "{shape}");
    }
}

#[test]
fn bundle_of_a_table_is_that_of_its_codes() {
    for shape in shapes() {
        let codes = Codes::random(shape, 40, &mut Random::new(4));
        let weights: Vec<i32> = (0..40).map(|at| at * 7 - 90).collect();
        let (mut plain, mut weighted) = (Counts::new(shape), Counts::new(shape));
        for (code, weight) in codes.iter().zip(&weights) {
            plain.add(&code.to_code()).expect("there is room");
            weighted.add_weighted(code, *weight).expect("there is room");
        }
        assert_eq!(Counts::bundle(&codes), Ok(plain.clone()), "{shape}");
        let mut all = Counts::new(shape);
        all.add_all_weighted(&codes, &weights).expect("there is room");
        assert_eq!(all, weighted, "{shape}");
        all.merge_weighted(&plain, -3).expect("there is room");
        for _ in 0..3 {
            weighted.remove_all(&codes).expect("there is room");
        }
        assert_eq!(all, weighted, "{shape}");

        let dots: Vec<i64> = codes.iter().map(|code| all.dot(&code.to_code()).expect("one shape")).collect();
        assert_eq!(all.dots(&codes), Ok(dots), "{shape}");
        let cosines: Vec<f32> =
            codes.iter().map(|code| all.cosine(&code.to_code()).expect("one shape")).collect();
        assert_eq!(all.cosines(&codes), Ok(cosines), "{shape}");
    }
}

#[test]
fn tables_that_do_not_fit_are_refused_and_change_nothing() {
    let mut random = Random::new(5);
    let codes = Codes::random(Shape::DEFAULT, 3, &mut random);
    let longer = Codes::random(Shape::DEFAULT, 4, &mut random);
    let other = Codes::random(Shape::D10K, 3, &mut random);
    let rows = Error::RowsMismatch { left: 3, right: 4 };
    let shapes = Error::ShapeMismatch { left: Shape::DEFAULT, right: Shape::D10K };
    assert_eq!(codes.bind_rows(&longer), Err(rows.clone()));
    assert_eq!(codes.unbind_rows(&longer), Err(rows.clone()));
    assert_eq!(codes.dot_rows(&longer), Err(rows.clone()));
    assert_eq!(codes.bind_rows(&other), Err(shapes.clone()));
    assert_eq!(codes.bind_all(row(&other, 0).as_ref()), Err(shapes.clone()));
    assert_eq!(codes.cosines(row(&other, 0).as_ref()), Err(shapes.clone()));

    let mut bundle = Counts::bundle(&codes).expect("there is room");
    let before = bundle.clone();
    assert_eq!(bundle.add_all_weighted(&codes, &[1; 4]), Err(rows));
    assert_eq!(bundle.add_all_weighted(&other, &[1; 3]), Err(shapes.clone()));
    assert_eq!(bundle.dots(&other), Err(shapes.clone()));
    assert_eq!(bundle.nearest(&other, 1), Err(shapes));
    let full = Error::Full { limit: i64::from(i32::MAX) };
    assert_eq!(bundle.add_all_weighted(&codes, &[i32::MIN, i32::MAX, 5]), Err(full.clone()));
    assert_eq!(bundle.merge_weighted(&before, i32::MIN), Err(full));
    assert_eq!(bundle, before);
    assert_eq!(bundle.dots_into(&codes, 2, &mut [0; 2]), Err(Error::Slot { slot: 3, slots: 3 }));
}
