// A stdio server that leaves processes behind, for tests/it/broker_leftovers.rs.
//
//   chain N   N processes, each the child of the one before, a subreaper, in a process group of its own and each 48th in a session of its
//             own (sessions cost time: CONFIG_SCHED_AUTOGROUP), deaf to what can be ignored
//   pairs N   N pairs of processes: each starts another as soon as its partner ends; never more than 2 N
//   headless  one process whose first thread has ended, so that it looks like a zombie
//   root      one process that is root, if this file has the set-user-ID bit
//
// Says "ready" on standard output once they are there. Ends when its standard input does.

#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void settle(int is_session) {
    if (!is_session || setsid() < 0) setpgid(0, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGINT, SIG_IGN);
}

static void say_ready(void) {
    if (write(1, "ready\n", 6) != 6) _exit(1);
}

static void sleep_forever(void) {
    close(0);
    close(1);
    for (;;) pause();
}

// Each executes the program again: the kernel remembers the ancestors of memory that was only forked, which takes time with the square of
// the length.
static void chain(char **words, int left) {
    settle(left % 48 == 0);
    if (left == 1) {
        say_ready();
        sleep_forever();
    }
    pid_t child = fork();
    if (child < 0) _exit(1);
    if (child == 0) {
        char number[16];
        snprintf(number, sizeof number, "%d", left - 1);
        execl(words[0], words[0], "next", number, NULL);
        _exit(1);
    }
    sleep_forever();
}

// Watches its parent, then does the parent's work.
static void watch(void) {
    pid_t parent = getppid();
    while (getppid() == parent) usleep(50);
}

static void keep_partner(void) {
    for (;;) {
        pid_t partner = fork();
        if (partner == 0) {
            settle(1);
            watch();
            continue;
        }
        while (partner > 0 && waitpid(partner, NULL, 0) != partner) {}
    }
}

static void *stay(void *unused) {
    say_ready();
    sleep_forever();
    return unused;
}

static void lose_head(void) {
    pthread_t thread;
    settle(1);
    if (pthread_create(&thread, NULL, stay, NULL)) _exit(1);
    pthread_exit(NULL);
}

int main(int count, char **words) {
    if (count < 2) return 1;
    int number = count > 2 ? atoi(words[2]) : 1;
    if (strcmp(words[1], "next") == 0) chain(words, number);
    int is_pairs = strcmp(words[1], "pairs") == 0;
    for (int i = 0; i < (is_pairs ? number : 1); i++) {
        if (fork() == 0) {
            if (is_pairs) {
                settle(1);
                close(0);
                if (i + 1 == number) say_ready();
                close(1);
                keep_partner();
            }
            if (strcmp(words[1], "headless") == 0) lose_head();
            if (strcmp(words[1], "root") == 0) {
                if (setresuid(0, 0, 0)) _exit(1);
                chain(words, 1);
            }
            chain(words, number);
        }
    }
    char byte;
    while (read(0, &byte, 1) > 0) {}
    return 0;
}
