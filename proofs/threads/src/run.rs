//! How models are run: each under random schedules, and under schedules with a few chosen preemptions.
//!
//! An argument is the number of seconds that each model gets, two without one.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, MaxSteps, Runner};

/// A name for people, and one run under one schedule.
pub(crate) type Model = (&'static str, fn());

/// Preemptions that a schedule has, where they are chosen; most faults need no more.
const PREEMPTIONS: usize = 4;

/// Runs models. A failure prints its schedule and ends the process.
pub(crate) fn run(models: &[&[Model]]) -> ExitCode {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(2);
    let time = Duration::from_secs(seconds);
    for (name, model) in models.iter().copied().flatten() {
        let begun = Instant::now();
        let schedules = schedules(RandomScheduler::new(usize::MAX), *model, time / 2)
            + schedules(PctScheduler::new(PREEMPTIONS, usize::MAX), *model, time / 2);
        println!(
            "{name}: {schedules} schedules in {:.1} s",
            begun.elapsed().as_secs_f64()
        );
        if schedules < 100 {
            println!("too few schedules to say anything");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn schedules(scheduler: impl Scheduler + 'static, model: fn(), time: Duration) -> usize {
    let mut config = Config::new();
    config.max_time = Some(time);
    config.max_steps = MaxSteps::FailAfter(200_000);
    config.stack_size = 1 << 20;
    Runner::new(scheduler, config).run(model)
}
