//! A strict parser of Prometheus text: it accepts only what format 0.0.4 allows.

use std::collections::{HashMap, HashSet};

/// A metric family in the order of the text.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Family {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) help: Option<String>,
    pub(crate) samples: Vec<Sample>,
}

/// One line with a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) value: f64,
}

impl Sample {
    pub(crate) fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// Parses a text, or says what is wrong and on which line.
pub(crate) fn parse(text: &str) -> Result<Vec<Family>, String> {
    if !text.is_empty() && !text.ends_with('\n') {
        return Err("the last line has no end".to_owned());
    }
    let mut families: Vec<Family> = Vec::new();
    let mut help: Option<(String, String)> = None;
    let mut seen = HashSet::new();
    // `lines` would also strip carriage returns.
    for (number, line) in text.split_terminator('\n').enumerate() {
        let fault = |what: &str| format!("line {}: {what}: {line:?}", number + 1);
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, words) = rest.split_once(' ').ok_or_else(|| fault("no text"))?;
            let words = unescaped(words, false).ok_or_else(|| fault("a false escape"))?;
            if help.replace((name.to_owned(), words)).is_some() {
                return Err(fault("help without a type"));
            }
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let family = typed(rest, &mut help).ok_or_else(|| fault("not a type"))?;
            if families.iter().any(|other| other.name == family.name) {
                return Err(fault("a type twice"));
            }
            families.push(family);
        } else {
            let sample = sample(line).ok_or_else(|| fault("not a sample"))?;
            let family = families.last_mut().ok_or_else(|| fault("a sample without a type"))?;
            if !belongs(&sample, family) {
                return Err(fault("a sample of no family"));
            }
            let mut labels = sample.labels.clone();
            labels.retain(|(_, value)| !value.is_empty());
            labels.sort();
            if !seen.insert((sample.name.clone(), labels)) {
                return Err(fault("a sample twice"));
            }
            family.samples.push(sample);
        }
    }
    check(&families)?;
    Ok(families)
}

fn typed(rest: &str, help: &mut Option<(String, String)>) -> Option<Family> {
    let (name, kind) = rest.split_once(' ')?;
    let help = match help.take() {
        Some((of, words)) if of == name => Some(words),
        Some(_) => return None,
        None => None,
    };
    let known = ["counter", "gauge", "summary"].contains(&kind) && is_name(name);
    known.then(|| Family { name: name.to_owned(), kind: kind.to_owned(), help, samples: Vec::new() })
}

fn belongs(sample: &Sample, family: &Family) -> bool {
    let suffix = sample.name.strip_prefix(family.name.as_str());
    match (family.kind.as_str(), suffix) {
        ("counter" | "gauge", Some("")) => sample.label("quantile").is_none() || family.kind != "summary",
        ("summary", Some("")) => sample.label("quantile").is_some(),
        ("summary", Some("_sum" | "_count")) => sample.label("quantile").is_none(),
        _ => false,
    }
}

/// Rules across lines: counter names end in `_total`, samples belong to their family, summaries are
/// complete.
fn check(families: &[Family]) -> Result<(), String> {
    let mut owners: HashMap<&str, &str> = HashMap::new();
    for family in families {
        if family.kind == "counter" && !family.name.ends_with("_total") {
            return Err(format!("the counter {} has no `_total`", family.name));
        }
        if family.samples.is_empty() {
            return Err(format!("{} has no sample", family.name));
        }
        for sample in &family.samples {
            if *owners.entry(&sample.name).or_insert(&family.name) != family.name {
                return Err(format!("two families have {}", sample.name));
            }
            if !sample.value.is_finite() {
                return Err(format!("{} is {}", sample.name, sample.value));
            }
            if family.kind == "counter" && sample.value < 0.0 {
                return Err(format!("the counter {} is negative", sample.name));
            }
        }
        let ending = |end: &str| family.samples.iter().filter(|sample| sample.name.ends_with(end)).count();
        if family.kind == "summary" && ending("_sum") != ending("_count") {
            return Err(format!("a summary of {} is not whole", family.name));
        }
    }
    Ok(())
}

fn sample(line: &str) -> Option<Sample> {
    let end = line.find([' ', '{'])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = read_labels(inside, &mut labels)?;
    }
    let value = rest.strip_prefix(' ')?;
    // Rust accepts more spellings than Prometheus.
    let digits = value.chars().all(|char| char.is_ascii_digit() || "+-.e".contains(char));
    let distinct: HashSet<&String> = labels.iter().map(|(name, _)| name).collect();
    let whole = is_name(name) && digits && distinct.len() == labels.len();
    whole.then(|| Some(Sample { name: name.to_owned(), labels, value: value.parse().ok()? }))?
}

/// Reads `name="value",..}` and returns what follows the brace.
fn read_labels<'a>(mut rest: &'a str, labels: &mut Vec<(String, String)>) -> Option<&'a str> {
    loop {
        let (name, quoted) = rest.split_once("=\"")?;
        if !is_label_name(name) {
            return None;
        }
        let end = closing_quote(quoted)?;
        labels.push((name.to_owned(), unescaped(&quoted[..end], true)?));
        rest = &quoted[end + 1..];
        if let Some(after) = rest.strip_prefix('}') {
            return Some(after);
        }
        rest = rest.strip_prefix(',')?;
    }
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, char)| {
        let closes = char == '"' && !escaped;
        escaped = char == '\\' && !escaped;
        closes.then_some(at)
    })
}

/// Undoes escapes; `None` for an escape that the format does not have.
fn unescaped(text: &str, quotes: bool) -> Option<String> {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        plain.push(match char {
            '\\' => match chars.next()? {
                'n' => '\n',
                '\\' => '\\',
                '"' if quotes => '"',
                _ => return None,
            },
            '"' if quotes => return None,
            other => other,
        });
    }
    Some(plain)
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || "_:".contains(first))
        && name.chars().all(|char| char.is_ascii_alphanumeric() || "_:".contains(char))
}

fn is_label_name(name: &str) -> bool {
    is_name(name) && !name.contains(':') && !name.starts_with("__")
}

#[test]
fn parser_refuses_what_the_format_does_not_allow() {
    let refused = [
        "a 1\n",
        "# TYPE a gauge\n",
        "# TYPE a gauge\na 1",
        "# TYPE a gauge\na NaN\n",
        "# TYPE a gauge\na inf\n",
        "# TYPE a gauge\na 1\na 2\n",
        "# TYPE a gauge\na 1\na{b=\"\"} 2\n",
        "# TYPE a gauge\na{b=\"1\",c=\"2\"} 1\na{c=\"2\",b=\"1\"} 2\n",
        "# TYPE a gauge\na{b=\"1\",b=\"2\"} 1\n",
        "# TYPE a gauge\na{b=\"1} 1\n",
        "# TYPE a gauge\na{b=\"\\t\"} 1\n",
        "# TYPE a gauge\na{b=\"\"\"} 1\n",
        "# TYPE a gauge\na{__b=\"\"} 1\n",
        "# TYPE a gauge\na{} 1\n",
        "# TYPE a gauge\na  1\n",
        "# TYPE a gauge\nb 1\n",
        "# TYPE a gauge\n\na 1\n",
        "# TYPE a counter\na 1\n",
        "# TYPE a_total counter\na_total -1\n",
        "# TYPE a summary\na 1\n",
        "# TYPE a summary\na_sum 1\n",
        "# TYPE 1a gauge\n1a 1\n",
        "# HELP b x\n# TYPE a gauge\na 1\n",
        "# HELP a \\q\n# TYPE a gauge\na 1\n",
        "# TYPE a gauge\na 1\n# TYPE a gauge\na 1\n",
        "# TYPE a summary\na_sum 1\na_count 1\n# TYPE a_count gauge\na_count{b=\"\"} 1\n",
    ];
    for text in refused {
        assert!(parse(text).is_err(), "{text:?}");
    }
    let taken = "# HELP a x \\\\ \"y\"\n# TYPE a gauge\na{b=\"\\\\\\\"\\n\u{e9}\",c=\"\"} -1.5e-7\n";
    let families = parse(taken).expect("it is as the format says");
    assert_eq!(families[0].help.as_deref(), Some("x \\ \"y\""));
    assert_eq!(families[0].samples[0].labels[0].1, "\\\"\n\u{e9}");
}
