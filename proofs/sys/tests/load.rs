//! Threads that share what the unsafe code guards: the allocator of the whole process, a secret in pages of its own, a child.

use std::process::Command;
use std::sync::Arc;
use std::thread;

use unsafe_code::sys::allocator::{MAPPED_MIN, Wiping, wipe_bytes};
use unsafe_code::sys::{child, locked::Locked};

#[global_allocator]
static ALLOCATOR: Wiping = Wiping;

const THREADS: usize = 4;

/// Rounds of each thread; fewer where each instruction is simulated.
fn rounds() -> usize {
    match std::env::var_os("FEW_ROUNDS") {
        Some(_) => 5,
        None => 200,
    }
}

/// Numbers that differ from thread to thread and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % bound
    }
}

#[test]
fn blocks_of_every_size_grow_shrink_and_move_between_threads_with_their_contents() {
    let sizes = [
        1,
        16,
        100,
        4096,
        70_000,
        MAPPED_MIN - 1,
        MAPPED_MIN,
        MAPPED_MIN + 1,
        3 * MAPPED_MIN,
    ];
    let (sender, receiver) = std::sync::mpsc::channel::<(u8, Vec<u8>)>();
    let work = |seed: u64, sender: std::sync::mpsc::Sender<(u8, Vec<u8>)>| {
        move || {
            let mut numbers = Numbers(seed);
            for round in 0..rounds() {
                let byte = u8::try_from(round % 255).unwrap_or_default() + 1;
                let mut block = vec![byte; sizes[numbers.below(sizes.len())]];
                let first = block.len();
                block.resize(sizes[numbers.below(sizes.len())], byte);
                block.shrink_to_fit();
                assert!(block.iter().take(first).all(|found| *found == byte));
                if numbers.below(2) == 0 {
                    let middle = block.len() / 2;
                    wipe_bytes(&mut block[middle..]);
                    assert!(block[middle..].iter().all(|found| *found == 0));
                    block.truncate(middle);
                }
                let zeroed = vec![0_u8; sizes[numbers.below(sizes.len())]];
                assert!(zeroed.iter().all(|found| *found == 0));
                if sender.send((byte, block)).is_err() {
                    return;
                }
            }
        }
    };
    let threads: Vec<_> = (1..=THREADS as u64)
        .map(|seed| thread::spawn(work(seed, sender.clone())))
        .collect();
    drop(sender);
    let mut blocks = 0;
    for (byte, block) in receiver {
        // Freed by another thread than the one that made it.
        assert!(block.iter().all(|found| *found == byte));
        blocks += 1;
    }
    for thread in threads {
        assert!(thread.join().is_ok());
    }
    assert_eq!(blocks, THREADS * rounds());
}

#[test]
fn a_secret_is_read_by_many_threads_and_goes_with_the_last() {
    for _ in 0..200 {
        let Ok(secret) = Locked::of(&[b"Bearer ", b"key"]) else {
            unreachable!("memory")
        };
        let secret = Arc::new(secret);
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let secret = Arc::clone(&secret);
                thread::spawn(move || assert_eq!(secret.bytes(), b"Bearer key"))
            })
            .collect();
        drop(secret);
        for thread in threads {
            assert!(thread.join().is_ok());
        }
    }
}

#[test]
fn a_child_is_started_while_other_threads_use_the_allocator() {
    let busy = thread::spawn(|| (0..20_000).map(|size| vec![1_u8; size % 5000].len()).sum::<usize>());
    for _ in 0..20 {
        let mut command = Command::new("true");
        child::confine(&mut command, || Ok(()));
        assert!(command.status().is_ok_and(|status| status.success()));
    }
    assert!(busy.join().is_ok());
}
