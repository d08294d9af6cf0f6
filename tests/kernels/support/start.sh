#!/bin/busybox sh
# shellcheck shell=dash
# The first process of a kernel, in its initrd: finds the disk and goes on there.
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
for module in /modules/*.ko; do
  /bin/busybox insmod "$module"
done
for _ in 1 2 3 4 5 6 7 8 9 10; do
  [ -b /dev/vda ] && [ -b /dev/vdb ] && break
  /bin/busybox sleep 1
done
/bin/busybox mount -t ext4 -o noatime /dev/vda /disk
/bin/busybox mount -o move /dev /disk/dev
/bin/busybox umount /proc
exec /bin/busybox switch_root /disk /sbin/init
