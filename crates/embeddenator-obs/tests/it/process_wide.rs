//! What a process has only once.

use embeddenator_obs::{Error, Recorder, facade};

#[test]
fn second_recorder_of_a_process_is_refused_and_the_first_stays() {
    let first = Recorder::new();
    first.install().expect("no other test installs one");
    let second = Recorder::new();
    let error = second.install().expect_err("there is one");
    assert!(matches!(error, Error::RecorderInstalled));
    assert!(error.to_string().contains("already installed"));
    std::thread::scope(|scope| {
        scope.spawn(|| facade::counter!("process.wide.test").increment(1));
    });
    assert!(first.snapshot().find("process.wide.test").is_some());
    assert!(second.snapshot().metrics.is_empty());
}
