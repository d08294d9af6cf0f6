//! How models are run: each under random schedules, and under schedules with a few chosen preemptions.
//!
//! Arguments: the number of schedules of each kind, 1,000 without one, and a part of the names of the models to run.

use std::process::ExitCode;
use std::time::Instant;

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, MaxSteps, Runner};

/// A name for people, and one run under one schedule.
pub(crate) type Model = (&'static str, fn());

/// Preemptions that a schedule has, where they are chosen; most faults need no more.
const PREEMPTIONS: usize = 4;

/// Runs models. A failure prints its schedule and ends the process.
pub(crate) fn run(models: &[&[Model]]) -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let each = arguments.next().map_or(Ok(1_000), |text| text.parse());
    let part = arguments.next().unwrap_or_default();
    let Ok(each @ 1..) = each else {
        println!("the first argument is a number of schedules, at least 1");
        return ExitCode::FAILURE;
    };
    let mut count = 0;
    for (name, model) in models
        .iter()
        .copied()
        .flatten()
        .filter(|(name, _)| name.contains(&part))
    {
        let begun = Instant::now();
        let schedules =
            schedules(RandomScheduler::new(each), *model) + schedules(PctScheduler::new(PREEMPTIONS, each), *model);
        assert_eq!(schedules, 2 * each, "{name}: the model checker stopped early");
        println!(
            "{name}: {schedules} schedules in {:.1} s",
            begun.elapsed().as_secs_f64()
        );
        count += 1;
    }
    println!("{count} models");
    ExitCode::SUCCESS
}

fn schedules(scheduler: impl Scheduler + 'static, model: fn()) -> usize {
    let mut config = Config::new();
    config.max_steps = MaxSteps::FailAfter(200_000);
    config.stack_size = 1 << 20;
    Runner::new(scheduler, config).run(model)
}
