//! Programs and settings of the host, which servers can only read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::devices;
use crate::files::Mounts;

/// Settings of the kernel and of other processes: servers have no reason to write them.
const READ_ONLY: [&str; 3] = ["/boot", "/proc", "/sys"];

/// Programs and settings of the whole host: servers that run as root have no reason to write them either.
const READ_ONLY_FOR_ROOT: [&str; 7] = ["/bin", "/etc", "/lib", "/lib32", "/lib64", "/sbin", "/usr"];

/// Whether a server under `default` can only read a place, whatever its user may do. `is_root`: it is root, without capabilities.
#[must_use]
pub fn is_read_only(path: &Path, is_root: bool) -> bool {
    // In `/` itself no entry can be made or removed.
    path == Path::new("/") || is_of_host(path, is_root)
}

/// The same, without the root directory: a rule about it would hold for everything.
pub(super) fn is_of_host(path: &Path, is_root: bool) -> bool {
    let is_below = |tops: &[&str]| tops.iter().any(|top| path.starts_with(top));
    is_below(&READ_ONLY) || is_root && is_below(&READ_ONLY_FOR_ROOT)
}

/// Places outside these directories at which mounts show the same files, or other settings of the kernel. Empty on hosts that
/// mount them once.
pub(super) fn other_places(mounts: &Mounts, is_root: bool) -> BTreeSet<PathBuf> {
    let mut places: BTreeSet<_> = mounts.of_kernel().map(Path::to_owned).collect();
    // The modes of these files keep other users from changing them, by any name.
    if is_root {
        let tops = READ_ONLY.iter().chain(&READ_ONLY_FOR_ROOT).map(Path::new);
        // File systems in these directories may be mounted a second time by themselves.
        let parts = mounts.points().filter(|point| is_of_host(point, is_root));
        let known: BTreeSet<_> = tops.chain(parts).collect();
        places.extend(known.into_iter().flat_map(|path| mounts.names(path)));
    }
    places.retain(|path| !is_read_only(path, is_root) && !devices::is_closed(path));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that no mount of this process has.
    const USUAL: &str = "\
1000001 1 254:0 / / rw - ext4 /dev/vda rw
1000002 1000001 0:21 / /proc rw - proc proc rw
1000003 1000001 0:22 / /sys rw - sysfs sysfs rw
1000004 1000003 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
1000005 1000001 0:6 / /dev rw - devtmpfs devtmpfs rw
1000006 1000005 0:39 / /dev/hugepages rw - hugetlbfs hugetlbfs rw
1000007 1000001 254:0 /usr /usr ro - ext4 /dev/vda rw
1000008 1000001 254:0 /users/u/hosts /etc/hosts rw - ext4 /dev/vda rw
1000009 1000001 254:1 / /var rw - ext4 /dev/vdb rw
";

    fn places(more: &str, is_root: bool) -> Vec<PathBuf> {
        let text = format!("{USUAL}{more}");
        other_places(&Mounts::parse(text.as_bytes()), is_root)
            .into_iter()
            .collect()
    }

    #[test]
    fn settings_of_the_kernel_are_read_only_wherever_they_are_mounted() {
        let text = "\
1000010 1000001 0:21 / /srv/jail/proc rw - proc proc rw
1000011 1000001 0:22 / /srv/jail/sys rw - sysfs sysfs rw
1000012 1000001 0:38 / /run/cilium/cgroupv2 rw - cgroup2 none rw
1000013 1000001 0:21 /sys/kernel /media/part rw - proc proc rw
1000014 1000001 0:40 / /media/trace rw - tracefs none rw
1000015 1000001 0:41 / /media/memory rw - tmpfs none rw
";
        let expected = [
            "/media/part",
            "/media/trace",
            "/run/cilium/cgroupv2",
            "/srv/jail/proc",
            "/srv/jail/sys",
        ];
        assert_eq!(places(text, false), expected.map(PathBuf::from));
    }

    #[test]
    fn a_host_with_the_usual_mounts_has_no_other_places_except_files_mounted_on_its_settings() {
        assert_eq!(places("", false), [] as [PathBuf; 0]);
        // The file that is mounted on /etc/hosts.
        assert_eq!(places("", true), [PathBuf::from("/users/u/hosts")]);
    }

    #[test]
    fn other_mounts_of_the_hosts_directories_are_read_only_for_root() {
        let text = "\
1000010 1000001 254:0 / /media/whole rw - ext4 /dev/vda rw
1000011 1000001 254:0 /etc/ssl /media/part rw - ext4 /dev/vda rw
1000012 1000001 254:2 / /usr/local rw - ext4 /dev/vdc rw
1000013 1000001 254:2 / /media/local rw - ext4 /dev/vdc rw
";
        let found = places(text, true);
        for place in ["/media/whole/etc", "/media/whole/usr", "/media/part", "/media/local"] {
            assert!(found.contains(&PathBuf::from(place)), "{place}: {found:?}");
        }
        assert_eq!(places(text, false), [] as [PathBuf; 0]);
    }
}
