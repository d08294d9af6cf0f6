#!/bin/sh
# Becomes systemd in namespaces of its own: manager_start.sh BASE FILES PLACE. Its root directory is BASE, unchanged, with FILES on
# top; what changes is in memory, at PLACE, and ends with it. Its units are those of /etc/test-units alone: nothing that the host would
# start is started.
set -eu
base=$1
files=$2
place=$3
root=$place/root
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$place"
mkdir "$place/upper" "$place/work" "$root"
cp -a "$files/." "$place/upper/"
mount -t overlay -o "lowerdir=$base,upperdir=$place/upper,workdir=$place/work" overlay "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for node in null zero full random urandom tty; do
  : > "$root/dev/$node"
  mount --bind "/dev/$node" "$root/dev/$node"
done
ln -s /proc/self/fd "$root/dev/fd"
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
# Where the host keeps what is of no use here, and what could be in the way.
mount -t tmpfs -o mode=755 tmpfs "$root/mnt"
ip link set lo up
# Of an address that the proxy's drop-in allows, and of one that it does not.
ip address add 192.0.2.10/32 dev lo
ip address add 192.0.2.20/32 dev lo
cd "$root"
pivot_root . mnt
umount -l /mnt
# A root directory that is shared: otherwise nobody sees the credentials that systemd mounts for a service.
mount --make-rshared /
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin SYSTEMD_UNIT_PATH=/etc/test-units:/run/systemd/system:/etc/systemd/system \
  SYSTEMD_GENERATOR_PATH=/nonexistent /lib/systemd/systemd --system --unit=test.target --log-target=journal-or-kmsg --show-status=0
