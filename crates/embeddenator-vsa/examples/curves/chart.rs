//! Line charts of shares: as a text table, and as SVG for light and dark pages.

use std::fmt::{self, Write};

/// The size of the picture and the margins around its plot.
const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 28.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 56.0;

/// The colour and dashes of each series: middle tones, visible on white and on black, and distinct
/// without colour too.
const STYLES: [(&str, &str); 5] =
    [("#2f80de", "none"), ("#d9730d", "9 3"), ("#1f9d62", "3 3"), ("#a05cd6", "9 3 2 3"), ("#d84a4a", "2 5")];

/// A chart of shares from 0 to 1.
pub(crate) struct Chart {
    pub(crate) title: String,
    pub(crate) x_label: &'static str,
    pub(crate) x_scale: Scale,
    /// The positions of the axis labels; the range covers ticks and points.
    pub(crate) x_ticks: &'static [f64],
    /// The unit after the numbers.
    pub(crate) x_unit: &'static str,
    pub(crate) series: Vec<Series>,
}

/// A line of a chart.
pub(crate) struct Series {
    pub(crate) name: &'static str,
    pub(crate) points: Vec<(f64, f64)>,
}

/// The scale of the x axis.
#[derive(Clone, Copy)]
pub(crate) enum Scale {
    Linear,
    Logarithmic,
}

impl fmt::Display for Chart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.title)?;
        for series in &self.series {
            write!(formatter, "  {:<32}", series.name)?;
            for (x, y) in &series.points {
                write!(formatter, " {}{}: {y:.3} ", (x * 10.0).round() / 10.0, self.x_unit)?;
            }
            writeln!(formatter)?;
        }
        Ok(())
    }
}

impl Chart {
    /// The chart as SVG, without empty lines, so that it can be embedded in Markdown.
    pub(crate) fn svg(&self) -> String {
        let mut svg = String::new();
        self.draw(&mut svg).expect("a string takes all that is written");
        svg
    }

    fn draw(&self, svg: &mut String) -> fmt::Result {
        writeln!(
            svg,
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{}" style="max-width:{WIDTH}px;width:100%;height:auto" font-family="sans-serif" font-size="13" fill="currentColor">"#,
            self.title
        )?;
        writeln!(svg, r#"<text x="{LEFT}" y="22" font-size="15" font-weight="600">{}</text>"#, self.title)?;
        self.draw_axes(svg)?;
        for (series, style) in self.series.iter().zip(STYLES) {
            self.draw_series(svg, series, style)?;
        }
        self.draw_legend(svg)?;
        writeln!(svg, "</svg>")
    }

    fn draw_axes(&self, svg: &mut String) -> fmt::Result {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        for tenths in (0..=10).step_by(2) {
            let y = vertical(f64::from(tenths) / 10.0);
            writeln!(
                svg,
                r#"<path d="M{LEFT} {y:.1}H{right}" stroke="currentColor" stroke-opacity="0.18"/><text x="{:.1}" y="{:.1}" text-anchor="end">{}%</text>"#,
                LEFT - 8.0,
                y + 4.5,
                tenths * 10
            )?;
        }
        for tick in self.x_ticks {
            let x = self.horizontal(*tick);
            writeln!(
                svg,
                r#"<path d="M{x:.1} {TOP}V{bottom}" stroke="currentColor" stroke-opacity="0.10"/><text x="{x:.1}" y="{:.1}" text-anchor="middle">{tick}{}</text>"#,
                bottom + 18.0,
                self.x_unit
            )?;
        }
        writeln!(
            svg,
            r#"<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="currentColor"/><text x="{:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
            f64::midpoint(LEFT, right),
            HEIGHT - 12.0,
            self.x_label
        )?;
        let middle = f64::midpoint(TOP, bottom);
        writeln!(
            svg,
            r#"<text transform="translate(16 {middle:.1}) rotate(-90)" text-anchor="middle">found</text>"#
        )
    }

    fn draw_series(&self, svg: &mut String, series: &Series, (colour, dashes): (&str, &str)) -> fmt::Result {
        let points = series.points.iter().map(|(x, y)| (self.horizontal(*x), vertical(*y)));
        write!(
            svg,
            r#"<polyline fill="none" stroke="{colour}" stroke-width="2.2" stroke-linejoin="round" stroke-dasharray="{dashes}" points=""#
        )?;
        for (x, y) in points.clone() {
            write!(svg, "{x:.1},{y:.1} ")?;
        }
        writeln!(svg, r#""/>"#)?;
        for (x, y) in points {
            write!(svg, r#"<circle cx="{x:.1}" cy="{y:.1}" r="2.8" fill="{colour}"/>"#)?;
        }
        writeln!(svg)
    }

    /// In the lower left corner, where there are no points.
    fn draw_legend(&self, svg: &mut String) -> fmt::Result {
        let top = HEIGHT - BOTTOM - 20.0 * self.series.len() as f64;
        for ((line, series), (colour, dashes)) in self.series.iter().enumerate().zip(STYLES) {
            let (x, y) = (LEFT + 14.0, top + 20.0 * line as f64);
            writeln!(
                svg,
                r#"<path d="M{x} {y}h34" stroke="{colour}" stroke-width="2.2" stroke-dasharray="{dashes}"/><circle cx="{:.1}" cy="{y}" r="2.8" fill="{colour}"/><text x="{:.1}" y="{:.1}">{}</text>"#,
                x + 17.0,
                x + 44.0,
                y + 4.5,
                series.name
            )?;
        }
        Ok(())
    }

    fn horizontal(&self, x: f64) -> f64 {
        let divided = |x: f64| match self.x_scale {
            Scale::Linear => x,
            Scale::Logarithmic => x.ln(),
        };
        let all = || {
            let points = self.series.iter().flat_map(|series| series.points.iter().map(|(x, _)| *x));
            points.chain(self.x_ticks.iter().copied()).map(divided)
        };
        let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
        LEFT + (divided(x) - low) / (high - low) * (WIDTH - LEFT - RIGHT)
    }
}

fn vertical(share: f64) -> f64 {
    HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)
}
