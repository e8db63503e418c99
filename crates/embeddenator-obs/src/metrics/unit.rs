//! Units: the UCUM code, the facade's name and the Prometheus suffix of each.

/// What a metric counts or measures, as a UCUM code: `s`, `By`, `{search}`; empty if unknown.
///
/// ```
/// use embeddenator_obs::metrics::Unit;
/// assert_eq!(Unit::SECONDS.ucum(), "s");
/// assert_eq!(Unit::SECONDS.prometheus_suffix(), Some("seconds"));
/// assert_eq!(Unit::of("{search}").prometheus_suffix(), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Unit(&'static str);

/// UCUM code, the facade's unit, Prometheus suffix.
type Row = (&'static str, ::metrics::Unit, &'static str);

/// The suffixes follow OpenTelemetry's rules for Prometheus.
const ROWS: &[Row] = &[
    ("1", ::metrics::Unit::Count, ""),
    ("%", ::metrics::Unit::Percent, "percent"),
    ("s", ::metrics::Unit::Seconds, "seconds"),
    ("ms", ::metrics::Unit::Milliseconds, "milliseconds"),
    ("us", ::metrics::Unit::Microseconds, "microseconds"),
    ("ns", ::metrics::Unit::Nanoseconds, "nanoseconds"),
    ("TiBy", ::metrics::Unit::Tebibytes, "tebibytes"),
    ("GiBy", ::metrics::Unit::Gibibytes, "gibibytes"),
    ("MiBy", ::metrics::Unit::Mebibytes, "mebibytes"),
    ("KiBy", ::metrics::Unit::Kibibytes, "kibibytes"),
    ("By", ::metrics::Unit::Bytes, "bytes"),
    ("Tbit/s", ::metrics::Unit::TerabitsPerSecond, "terabits_per_second"),
    ("Gbit/s", ::metrics::Unit::GigabitsPerSecond, "gigabits_per_second"),
    ("Mbit/s", ::metrics::Unit::MegabitsPerSecond, "megabits_per_second"),
    ("kbit/s", ::metrics::Unit::KilobitsPerSecond, "kilobits_per_second"),
    ("bit/s", ::metrics::Unit::BitsPerSecond, "bits_per_second"),
    ("1/s", ::metrics::Unit::CountPerSecond, "per_second"),
];

impl Unit {
    /// Not known.
    pub const UNKNOWN: Self = Self("");
    /// Seconds.
    pub const SECONDS: Self = Self("s");
    /// Bytes.
    pub const BYTES: Self = Self("By");

    /// The unit with this UCUM code. Any text is accepted, and codes that UCUM or Prometheus do not
    /// know are passed on unchanged.
    pub const fn of(ucum: &'static str) -> Self {
        Self(ucum)
    }

    /// The UCUM code; empty if unknown.
    pub const fn ucum(self) -> &'static str {
        self.0
    }

    /// What Prometheus appends to a name, without the underscore; `None` for counts and unknown
    /// units.
    pub fn prometheus_suffix(self) -> Option<&'static str> {
        ROWS.iter().find(|row| row.0 == self.0).map(|row| row.2).filter(|suffix| !suffix.is_empty())
    }

    /// The facade's unit; a count of anything is a count.
    pub fn facade(self) -> Option<::metrics::Unit> {
        if self.is_annotation() {
            return Some(::metrics::Unit::Count);
        }
        ROWS.iter().find(|row| row.0 == self.0).map(|row| row.1)
    }

    /// How many of a histogram's steps make one unit: the steps are nanoseconds for times, ones for
    /// counts, and millionths for everything else, such as ratios and values without a unit.
    pub(crate) fn steps(self) -> f64 {
        match self.0 {
            "s" => 1e9,
            "ms" => 1e6,
            "us" => 1e3,
            "1" | "ns" | "By" | "bit/s" => 1.0,
            _ if self.is_annotation() => 1.0,
            _ => 1e6,
        }
    }

    /// Whether it measures time.
    pub(crate) fn is_time(self) -> bool {
        matches!(self.0, "s" | "ms" | "us" | "ns")
    }

    fn is_annotation(self) -> bool {
        self.0.starts_with('{') && self.0.ends_with('}')
    }
}

impl From<::metrics::Unit> for Unit {
    fn from(unit: ::metrics::Unit) -> Self {
        // A unit that a later facade adds is unknown here, but its values are still recorded.
        ROWS.iter().find(|row| row.1 == unit).map_or(Self::UNKNOWN, |row| Self(row.0))
    }
}
