//! An interpreter of filters.

use std::collections::BTreeSet;

use super::super::{BpfProgram, Filters};

/// What the kernel does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Allow,
    Refuse(i32),
    Kill,
}

pub(super) type Arguments = [u64; 6];

/// The filters of one class, with the branches that were taken.
pub(super) struct Machine {
    programs: Vec<BpfProgram>,
    /// For each instruction: executed, or jumped from, by a condition that was true, or false.
    covered: Vec<Vec<[bool; 2]>>,
    pub(super) runs: usize,
    /// The last run read an argument.
    pub(super) has_looked: bool,
}

impl Machine {
    pub(super) fn new(filters: Filters) -> Self {
        let covered = filters
            .0
            .iter()
            .map(|program| vec![[false; 2]; program.len()])
            .collect();
        Self {
            programs: filters.0,
            covered,
            runs: 0,
            has_looked: false,
        }
    }

    /// The kernel runs all filters, the newest first; of equal answers the first counts (seccomp_run_filters in kernel/seccomp.c).
    pub(super) fn run(&mut self, number: u32, arch: u32, arguments: &Arguments) -> Verdict {
        self.runs += 1;
        self.has_looked = false;
        let mut answer = libc::SECCOMP_RET_ALLOW;
        for at in (0..self.programs.len()).rev() {
            let this = self.execute(at, number, arch, arguments);
            let action = |answer: u32| (answer & libc::SECCOMP_RET_ACTION_FULL).cast_signed();
            if action(this) < action(answer) {
                answer = this;
            }
        }
        match answer & libc::SECCOMP_RET_ACTION_FULL {
            libc::SECCOMP_RET_ALLOW => Verdict::Allow,
            libc::SECCOMP_RET_ERRNO => Verdict::Refuse((answer & libc::SECCOMP_RET_DATA).cast_signed()),
            libc::SECCOMP_RET_KILL_PROCESS => Verdict::Kill,
            other => panic!("an action that no filter has: {other:x}"),
        }
    }

    /// Classic BPF as far as filters of system calls use it (linux/filter.h, linux/bpf_common.h).
    fn execute(&mut self, at: usize, number: u32, arch: u32, arguments: &Arguments) -> u32 {
        let (program, covered) = (&self.programs[at], &mut self.covered[at]);
        let (mut place, mut accumulator) = (0, 0_u32);
        loop {
            let (current, one) = (place, &program[place]);
            place += 1;
            let (forward, is_true) = match one.code {
                // BPF_LD | BPF_W | BPF_ABS
                0x20 => {
                    accumulator = match one.k {
                        0 => number,
                        4 => arch,
                        offset @ 16..64 => {
                            self.has_looked = true;
                            let value = arguments[(offset as usize - 16) / 8];
                            (value >> if offset % 8 == 0 { 0 } else { 32 }) as u32
                        }
                        other => panic!("a load from {other}"),
                    };
                    (0, true)
                }
                // BPF_ALU | BPF_AND | BPF_K
                0x54 => {
                    accumulator &= one.k;
                    (0, true)
                }
                // BPF_JMP | BPF_JA
                0x05 => (one.k as usize, true),
                // BPF_JMP | BPF_JEQ, BPF_JGT, BPF_JGE | BPF_K
                0x15 | 0x25 | 0x35 => {
                    let holds = match one.code {
                        0x15 => accumulator == one.k,
                        0x25 => accumulator > one.k,
                        _ => accumulator >= one.k,
                    };
                    (usize::from(if holds { one.jt } else { one.jf }), holds)
                }
                // BPF_RET | BPF_K
                0x06 => {
                    covered[current] = [true, true];
                    return one.k;
                }
                other => panic!("an instruction that no filter has: {other:x}"),
            };
            match one.code {
                0x15 | 0x25 | 0x35 => covered[current][usize::from(is_true)] = true,
                _ => covered[current] = [true, true],
            }
            place += forward;
        }
    }

    /// Numbers that instructions compare a call's number with, and those that they compare arguments with.
    pub(super) fn constants(&self) -> (BTreeSet<u32>, BTreeSet<u32>) {
        let (mut numbers, mut arguments, mut loaded) = (BTreeSet::new(), BTreeSet::new(), 0);
        for one in self.programs.iter().flatten() {
            match one.code {
                0x20 => loaded = one.k,
                0x15 | 0x25 | 0x35 if loaded == 0 => drop(numbers.insert(one.k)),
                0x15 | 0x25 | 0x35 if loaded >= 16 => drop(arguments.insert(one.k)),
                // Masks.
                0x54 => drop(arguments.insert(one.k)),
                _ => {}
            }
        }
        (numbers, arguments)
    }

    /// Instructions of all programs.
    pub(super) fn instructions(&self) -> usize {
        self.programs.iter().map(Vec::len).sum()
    }

    /// Instructions that a run can reach and none executed. The compiler leaves some out of reach.
    pub(super) fn missed(&self) -> Vec<String> {
        let mut missed = Vec::new();
        for (number, (program, covered)) in self.programs.iter().zip(&self.covered).enumerate() {
            let mut reachable = BTreeSet::from([0]);
            for (place, one) in program.iter().enumerate() {
                // Jumps lead forward only.
                if reachable.contains(&place) {
                    match one.code {
                        0x06 => {}
                        0x05 => drop(reachable.insert(place + 1 + one.k as usize)),
                        0x15 | 0x25 | 0x35 => {
                            reachable.extend([place + 1 + usize::from(one.jt), place + 1 + usize::from(one.jf)]);
                        }
                        _ => drop(reachable.insert(place + 1)),
                    }
                }
            }
            for place in reachable {
                let (one, [no, yes]) = (&program[place], covered[place]);
                if !no && !yes {
                    missed.push(format!(
                        "filter {number}, instruction {place}: {one:x?} true {yes} false {no}"
                    ));
                }
            }
        }
        missed
    }
}
