//! Measures how many codes a bundle holds and how much noise a clean-up tolerates, and draws the crate's figures.
//!
//! Without arguments it measures a small sample and prints it. With `--full` it measures the sample
//! for the figures in the documentation and writes them to `docs/`:
//!
//! ```text
//! cargo run --release -p embeddenator-vsa --example curves -- --full
//! ```
//!
//! Everything follows from seeds, so the figures are the same bytes on every machine.

mod chart;

use std::path::Path;
use std::{env, fs, io};

use chart::{Chart, Scale, Series};
use embeddenator_vsa::{BlockCode, Codes, Counts, Random, Result, Shape};

/// How much is measured.
struct Sample {
    /// Codes that are not in the bundle, and codes that a clean-up chooses from.
    foils: usize,
    /// Codes to find at each point.
    lookups: usize,
    /// The least bundles per point: the codes in one bundle share its luck.
    bundles: u64,
    /// Measure one of this many points on a curve.
    every: usize,
}

const SMALL: Sample = Sample { foils: 1_000, lookups: 40, bundles: 1, every: 4 };
const FULL: Sample = Sample { foils: 10_000, lookups: 2_000, bundles: 8, every: 1 };

/// The numbers of bundled codes.
const BUNDLED: [usize; 20] =
    [2, 3, 5, 7, 10, 14, 20, 30, 45, 65, 100, 140, 200, 250, 300, 400, 600, 900, 1_300, 2_000];
/// Per cent of the blocks that are randomised, to the nearest block.
const RANDOMISED: [usize; 20] =
    [70, 75, 80, 82, 84, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100];

fn main() -> io::Result<()> {
    let full = env::args().skip(1).any(|argument| argument == "--full");
    let sample = if full { FULL } else { SMALL };
    let measured = capacity(&sample).and_then(|capacity| Ok([capacity, noise(&sample)?]));
    for (name, chart) in ["capacity", "noise"].into_iter().zip(measured.map_err(io::Error::other)?) {
        print!("{chart}");
        if full {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(format!("{name}.svg"));
            fs::write(&path, chart.svg())?;
            println!("written to {}", path.display());
        }
    }
    Ok(())
}

/// What is compared with each bundled code.
#[derive(Clone, Copy)]
enum ReadOut {
    Counts,
    Majority,
    Thinned,
}

fn capacity(sample: &Sample) -> Result<Chart> {
    let curves = [
        ("counters, 512 x 128", Shape::LARGE, ReadOut::Counts),
        ("counters, 128 x 128", Shape::DEFAULT, ReadOut::Counts),
        ("counters, 100 x 100", Shape::D10K, ReadOut::Counts),
        ("majority, 100 x 100", Shape::D10K, ReadOut::Majority),
        ("thinned, 128 x 128 (128 bytes)", Shape::DEFAULT, ReadOut::Thinned),
    ];
    let mut series = Vec::new();
    for (name, shape, read_out) in curves {
        let mut points = Vec::new();
        for bundled in BUNDLED.into_iter().step_by(sample.every) {
            points.push((bundled as f64, recall(shape, read_out, bundled, sample)?));
        }
        series.push(Series { name, points });
    }
    Ok(Chart {
        title: format!("Capacity: bundled codes that stand above all of {} 000 foils", sample.foils / 1_000),
        x_label: "bundled codes",
        x_scale: Scale::Logarithmic,
        x_ticks: &[2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0],
        x_unit: "",
        series,
    })
}

/// The share of bundled codes whose score is above those of all foils.
fn recall(shape: Shape, read_out: ReadOut, bundled: usize, sample: &Sample) -> Result<f64> {
    let (mut found, mut asked) = (0, 0);
    for trial in 0.. {
        let mut random = Random::new(trial);
        let items = Codes::random(shape, bundled, &mut random);
        let foils = Codes::random(shape, sample.foils, &mut random);
        let bundle = Counts::bundle(&items)?;
        let bundle = match read_out {
            ReadOut::Counts => bundle,
            ReadOut::Majority => Counts::from_counters(shape, bundle.majority().elements().collect())?,
            ReadOut::Thinned => Counts::from(&bundle.thin()),
        };
        let highest = bundle.nearest(&foils, 1)?.first().map(|foil| foil.dot);
        found += bundle.dots(&items)?.into_iter().filter(|dot| Some(*dot) > highest).count();
        asked += bundled;
        if asked >= sample.lookups && trial + 1 >= sample.bundles {
            break;
        }
    }
    Ok(found as f64 / asked as f64)
}

fn noise(sample: &Sample) -> Result<Chart> {
    let shapes = [
        ("512 x 128 (512 bytes)", Shape::LARGE),
        ("128 x 128 (128 bytes)", Shape::DEFAULT),
        ("100 x 100 (100 bytes)", Shape::D10K),
        ("64 x 64 (64 bytes)", Shape::SMALL),
    ];
    let mut series = Vec::new();
    for (name, shape) in shapes {
        let mut random = Random::new(1);
        let table = Codes::random(shape, sample.foils, &mut random);
        let mut points = Vec::new();
        for per_cent in RANDOMISED.into_iter().step_by(sample.every) {
            let wrong = (shape.blocks() * per_cent + 50) / 100;
            let share = 100.0 * wrong as f64 / shape.blocks() as f64;
            points.push((share, cleaned_up(&table, wrong, sample.lookups, &mut random)?));
        }
        series.push(Series { name, points });
    }
    Ok(Chart {
        title: format!("Noise: damaged codes whose original is the nearest of {} 000", sample.foils / 1_000),
        x_label: "blocks replaced at random",
        x_scale: Scale::Linear,
        x_ticks: &[70.0, 75.0, 80.0, 85.0, 90.0, 95.0, 100.0],
        x_unit: "%",
        series,
    })
}

/// The share of codes that are nearest to themselves after some of their blocks were replaced at
/// random.
fn cleaned_up(table: &Codes, wrong: usize, lookups: usize, random: &mut Random) -> Result<f64> {
    let blocks = table.shape().blocks();
    let mut found = 0;
    for lookup in 0..lookups {
        let row = lookup % table.len();
        let Some(original) = table.get(row) else { continue };
        let mut bytes = original.as_bytes().to_vec();
        let drawn = BlockCode::random(table.shape(), random);
        let mut order: Vec<usize> = (0..blocks).collect();
        for chosen in 0..wrong {
            order.swap(chosen, chosen + random.below((blocks - chosen) as u64) as usize);
            bytes[order[chosen]] = drawn.as_bytes()[order[chosen]];
        }
        let noisy = BlockCode::from_bytes(table.shape(), &bytes)?;
        found += usize::from(table.nearest(&noisy, 1)?.first().is_some_and(|best| best.index == row));
    }
    Ok(found as f64 / lookups as f64)
}
