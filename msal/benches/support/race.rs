use std::time::Instant;

/// Something to be timed: makes so many calls.
pub(crate) type Runner<'a> = &'a mut dyn FnMut(u64);

/// Makes a runner of one call.
pub(crate) fn repeated(mut call: impl FnMut()) -> impl FnMut(u64) {
    move |calls| (0..calls).for_each(|_| call())
}

/// Nanoseconds a call, round by round, of runners that take turns, so that a busy machine slows all of them down.
pub(crate) struct Race<const N: usize>([Vec<f64>; N]);

impl<const N: usize> Race<N> {
    /// So many rounds, in each of which each makes so many calls.
    pub(crate) fn run(rounds: usize, calls: u64, mut runners: [Runner<'_>; N]) -> Self {
        let mut times = [const { Vec::new() }; N];
        for runner in &mut runners {
            runner(calls);
        }
        for _ in 0..rounds {
            for (runner, times) in runners.iter_mut().zip(&mut times) {
                let start = Instant::now();
                runner(calls);
                times.push(start.elapsed().as_nanos() as f64 / calls as f64);
            }
        }
        Self(times)
    }

    /// The usual time of one.
    pub(crate) fn time(&self, one: usize) -> f64 {
        median(self.0[one].clone())
    }

    /// How many times as long as the other one takes: the median of the rounds' ratios.
    pub(crate) fn ratio(&self, one: usize, other: usize) -> f64 {
        let rounds = self.0[one].iter().zip(&self.0[other]);
        median(rounds.map(|(one, other)| one / other).collect())
    }
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
