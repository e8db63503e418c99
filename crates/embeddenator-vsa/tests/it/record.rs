//! Records: fields that come back, exact changes, errors.

use embeddenator_vsa::{BlockCode, Codes, Counts, Error, Random, Record, Shape, read_field};

use crate::shapes::shapes;

fn row(codes: &Codes, index: usize) -> BlockCode {
    codes.get(index).expect("a row of the table").to_code()
}

#[test]
fn record_of_fields_does_not_depend_on_their_order() {
    for shape in shapes() {
        let mut random = Random::new(1);
        let (roles, fillers) = (Codes::random(shape, 6, &mut random), Codes::random(shape, 6, &mut random));
        let mut record = Record::new(shape);
        for field in (0..6).rev() {
            record.add(&row(&roles, field), &row(&fillers, field)).expect("one shape");
        }
        assert_eq!(Record::from_fields(&roles, &fillers).as_ref(), Ok(&record), "{shape}");
        let mut of_rows = Record::new(shape);
        for (role, filler) in roles.iter().zip(&fillers) {
            of_rows.add(role, filler).expect("one shape");
        }
        assert_eq!(of_rows, record, "{shape}");
        assert_eq!(Record::from(record.counts().clone()), record);
        for field in [3, 0, 5, 1, 2, 4] {
            record.remove(&row(&roles, field), &row(&fillers, field)).expect("one shape");
        }
        assert!(record.counts().is_zero(), "{shape}");
    }
}

#[test]
fn record_of_one_field_returns_it_exactly() {
    for shape in shapes() {
        let mut random = Random::new(2);
        let (role, filler) = (BlockCode::random(shape, &mut random), BlockCode::random(shape, &mut random));
        let mut record = Record::new(shape);
        record.add(&role, &filler).expect("one shape");
        assert_eq!(record.field(&role), Ok(Counts::from(&filler)), "{shape}");
        assert_eq!(record.thin().unbind(&role), Ok(filler), "{shape}");
    }
}

#[test]
fn missing_field_stays_at_the_level_of_chance() {
    let mut random = Random::new(3);
    let shape = Shape::DEFAULT;
    let (roles, fillers) = (Codes::random(shape, 9, &mut random), Codes::random(shape, 1000, &mut random));
    let mut record = Record::new(shape);
    for field in 0..8 {
        record.add(&row(&roles, field), &row(&fillers, field)).expect("one shape");
    }
    let there = read_field(record.thin().as_ref(), &row(&roles, 0), &fillers).expect("one shape");
    let absent = read_field(record.thin().as_ref(), &row(&roles, 8), &fillers).expect("one shape");
    let threshold = shape.threshold(1e-3 / 1000.0).expect("a probability");
    assert_eq!(there.index, 0);
    assert!(there.dot >= threshold && absent.dot < threshold, "{there:?} {absent:?} {threshold}");
}

#[test]
fn what_does_not_fit_a_record_is_refused() {
    let mut random = Random::new(4);
    let code = BlockCode::random(Shape::DEFAULT, &mut random);
    let other = BlockCode::random(Shape::D10K, &mut random);
    let mut record = Record::new(Shape::DEFAULT);
    let error = Error::ShapeMismatch { left: Shape::DEFAULT, right: Shape::D10K };
    assert_eq!(record.add(&code, &other), Err(error.clone()));
    assert_eq!(record.field(&other).map(|_| ()), Err(error));
    let empty = Codes::new(Shape::DEFAULT);
    assert_eq!(record.read(&code, &empty), Err(Error::NoCodes));
    assert_eq!(read_field(code.as_ref(), &code, &empty), Err(Error::NoCodes));
    let two = Codes::random(Shape::DEFAULT, 2, &mut random);
    assert_eq!(Record::from_fields(&two, &empty), Err(Error::RowsMismatch { left: 2, right: 0 }));
}
