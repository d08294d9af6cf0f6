#!/bin/sh
# The first process of the machine: mounts the usual file systems, runs the job on the second disk, then ends.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
busybox mount -t proc -o nosuid,nodev,noexec proc /proc
busybox mount -t sysfs -o nosuid,nodev,noexec sys /sys
busybox mount -t securityfs securityfs /sys/kernel/security
busybox mount -t cgroup2 cgroup2 /sys/fs/cgroup
busybox mount -t tmpfs -o nosuid,nodev,mode=755 run /run
mkdir -p /dev/pts /dev/shm
busybox mount -t devpts -o mode=620,gid=5,ptmxmode=666 devpts /dev/pts
busybox mount -t tmpfs -o nosuid,nodev shm /dev/shm
ln -snf /proc/self/fd /dev/fd
ln -snf fd/0 /dev/stdin
ln -snf fd/1 /dev/stdout
ln -snf fd/2 /dev/stderr
busybox ip link set lo up
busybox hostname kernels
# shellcheck disable=SC3045 # dash, which runs this, has it
ulimit -n 4096
mkdir -p /srv/job
tar -xf /dev/vdb -C /srv/job || busybox tar -xf /dev/vdb -C /srv/job
# The terminal of the job, as the command line of the kernel names it.
read -r line </proc/cmdline
for word in $line; do
  case $word in job=*) output=/dev/${word#job=} ;; esac
done
stty -F "$output" raw -echo
# In a session of its own: attempts there may send signals to their group.
setsid -w python3 -B /srv/job/guest/main.py </dev/null >"$output" 2>/dev/console
echo "the job ended with code $?" >/dev/console
busybox poweroff -f
