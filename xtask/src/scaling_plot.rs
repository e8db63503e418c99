//! The scaling curve: the figures of the benchmarks document from 1000 records to 10^6, drawn as a picture.

use std::fmt::Write as _;
use std::fs;

use crate::command::Failure;

const DOCUMENT: &str = "docs/benchmarks.md";
const PICTURE: &str = "docs/scaling.svg";
/// The table between two lines: the first column names a curve and its unit, the head has the numbers of records.
const BEGIN: &str = "<!-- scaling: begin -->";
const END: &str = "<!-- scaling: end -->";

/// The place of the plot within the picture, and the size of that.
const LEFT: f64 = 60.0;
const TOP: f64 = 20.0;
const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 340.0;
const PICTURE_WIDTH: f64 = 860.0;
const PICTURE_HEIGHT: f64 = 420.0;
const COLOURS: [&str; 8] =
    ["#1b6ca8", "#c1440e", "#2e7d32", "#7b1fa2", "#00838f", "#ad8b00", "#5d4037", "#455a64"];

/// A curve: its name and its points, each a number of records and a value.
#[derive(Debug, PartialEq)]
struct Curve {
    name: String,
    points: Vec<(f64, f64)>,
}

/// Reads the table and writes the picture.
pub(crate) fn run(_arguments: &[String]) -> Result<(), Failure> {
    let text =
        fs::read_to_string(DOCUMENT).map_err(|error| Failure::Unmet(format!("{DOCUMENT}: {error}")))?;
    let table = text.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END)).map(|(table, _)| table);
    let table = table.ok_or_else(|| Failure::Unmet(format!("{DOCUMENT} has no `{BEGIN}` and `{END}`")))?;
    let curves = curves(table)?;
    fs::write(PICTURE, picture(&curves)).map_err(|error| Failure::Unmet(format!("{PICTURE}: {error}")))?;
    println!("{PICTURE}: {} curves", curves.len());
    Ok(())
}

fn curves(table: &str) -> Result<Vec<Curve>, Failure> {
    let mut rows = table
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
    let number = |cell: &str| -> Result<f64, Failure> {
        cell.parse().map_err(|_| Failure::Unmet(format!("`{cell}` in the table of scaling is not a number")))
    };
    let head = rows.next().ok_or_else(|| Failure::Unmet("the table of scaling is empty".to_owned()))?;
    let records: Vec<f64> = head.iter().skip(1).map(|cell| number(cell)).collect::<Result<_, _>>()?;
    let mut curves = Vec::new();
    for row in rows.filter(|row| !row.iter().all(|cell| cell.starts_with('-'))) {
        let Some((name, cells)) = row.split_first() else { continue };
        let values = records.iter().zip(cells).filter(|(_, cell)| !cell.is_empty());
        let points = values.map(|(records, cell)| Ok((*records, number(cell)?)));
        curves.push(Curve { name: (*name).to_owned(), points: points.collect::<Result<_, Failure>>()? });
    }
    Ok(curves)
}

/// The picture, both axes by powers of ten.
fn picture(curves: &[Curve]) -> String {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let span = |of: fn(&(f64, f64)) -> f64| {
        let (least, most) = points()
            .map(of)
            .filter(|value| *value > 0.0)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| {
                (least.min(value), most.max(value))
            });
        (least.log10().floor(), most.log10().ceil())
    };
    let ((x_from, x_to), (y_from, y_to)) = (span(|point| point.0), span(|point| point.1));
    let x = |value: f64| LEFT + (value.log10() - x_from) / (x_to - x_from).max(1.0) * WIDTH;
    let y = |value: f64| TOP + HEIGHT - (value.log10() - y_from) / (y_to - y_from).max(1.0) * HEIGHT;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {PICTURE_WIDTH} {PICTURE_HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    for power in x_from as i32..=x_to as i32 {
        let at = x(10_f64.powi(power));
        let _ = writeln!(
            svg,
            "<line x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{:.1}\" stroke=\"#ddd\"/>\n\
             <text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">10^{power}</text>",
            TOP + HEIGHT,
            TOP + HEIGHT + 18.0
        );
    }
    for power in y_from as i32..=y_to as i32 {
        let at = y(10_f64.powi(power));
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{:.1}\" y2=\"{at:.1}\" stroke=\"#ddd\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">10^{power}</text>",
            LEFT + WIDTH,
            LEFT - 6.0,
            at + 4.0
        );
    }
    for (at, (curve, colour)) in curves.iter().zip(COLOURS.iter().cycle()).enumerate() {
        let line: Vec<String> = curve
            .points
            .iter()
            .map(|(records, value)| format!("{:.1},{:.1}", x(*records), y(*value)))
            .collect();
        let height = TOP + 14.0 + 20.0 * at as f64;
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n\
             <text x=\"{:.1}\" y=\"{height:.1}\" fill=\"{colour}\">{}</text>",
            line.join(" "),
            LEFT + WIDTH + 14.0,
            curve.name
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">records</text>\n</svg>",
        LEFT + WIDTH / 2.0,
        TOP + HEIGHT + 38.0
    );
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_becomes_curves_and_curves_a_picture() {
        let table =
            "\n| what | 1000 | 10000 |\n|---|---|---|\n| search, ms | 0.1 | 0.2 |\n| open, ms | 1 | |\n";
        let curves = curves(table).unwrap();
        assert_eq!(curves[0].points, [(1000.0, 0.1), (10000.0, 0.2)]);
        assert_eq!(curves[1], Curve { name: "open, ms".to_owned(), points: vec![(1000.0, 1.0)] });
        let picture = picture(&curves);
        assert!(picture.contains("search, ms") && picture.ends_with("</svg>\n"));
    }

    #[test]
    fn cell_that_is_no_number_is_named() {
        let table = "| what | 1000 |\n|---|---|\n| search, ms | fast |\n";
        assert!(curves(table).unwrap_err().to_string().contains("fast"));
    }
}
