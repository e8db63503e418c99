//! Moments: RFC 3339 in UTC where the calendar holds them, else milliseconds since 1970.

use pulsedb::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A moment as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) Timestamp);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let millis = self.0.as_millis();
        match jiff::Timestamp::from_millisecond(millis) {
            Ok(moment) => serializer.collect_str(&moment),
            Err(_) => serializer.serialize_i64(millis),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a time as a text, or milliseconds since 1970")]
enum Written {
    Millis(i64),
    Text(String),
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match Written::deserialize(deserializer)? {
            Written::Millis(millis) => return Ok(Self(Timestamp::from_millis(millis))),
            Written::Text(text) => text,
        };
        let moment: jiff::Timestamp = text.parse().map_err(de::Error::custom)?;
        if moment.subsec_nanosecond() % 1_000_000 != 0 {
            return Err(de::Error::custom(format!("`{text}` is finer than a millisecond")));
        }
        Ok(Self(Timestamp::from_millis(moment.as_millisecond())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_moment_comes_back() {
        for millis in [0, -1, 1, 1_735_689_600_123, -62_135_596_800_001, i64::MIN, i64::MAX] {
            let moment = Moment(Timestamp::from_millis(millis));
            let text = serde_json::to_string(&moment).unwrap();
            assert_eq!(serde_json::from_str::<Moment>(&text).unwrap(), moment, "{text}");
        }
        for text in ["\"soon\"", "1.5", "[]", "\"2025-01-01T00:00:00.0001Z\""] {
            assert!(serde_json::from_str::<Moment>(text).is_err(), "{text}");
        }
    }
}
