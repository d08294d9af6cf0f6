# shellcheck shell=bash
# What the scripts share: words to the user, where build products go, and getting what a machine lacks.
# Sourced, never run. The caller has `set -euo pipefail` and has changed to the root of the clone.

# Colour only where a person reads it (https://no-color.org).
if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' cyan=$'\e[36m' plain=$'\e[0m'
else
  bold='' dim='' red='' green='' yellow='' cyan='' plain=''
fi
# shellcheck disable=SC2034  # used by the scripts that source this one
readonly bold dim red green yellow cyan plain

say() { printf '%s\n' "$*"; }
warn() { printf '%swarning:%s %s\n' "$yellow" "$plain" "$*" >&2; }
die() {
  printf '%serror:%s %s\n' "$red" "$plain" "$*" >&2
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# is_among WORD WORD...: whether the first word is among the others.
is_among() {
  local word
  for word in "${@:2}"; do
    [[ $word != "$1" ]] || return 0
  done
  return 1
}

# Build products stay out of the clone, so that a clone can be deleted, copied or searched without them. One folder a
# clone: cargo tells fresh from stale by file times, and would take one clone's objects for another's.
cache_root() {
  local clone
  clone=$(printf '%s' "$PWD" | sha256sum | cut -c1-8)
  printf '%s\n' "${TUNNEL_CLIENT_TARGET:-${XDG_CACHE_HOME:-$HOME/.cache}/tunnel-client/${PWD##*/}-$clone}"
}

# The target folder of the ordinary, dynamic build that check and demo share.
use_shared_target_dir() {
  export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$(cache_root)/build}
  [[ $CARGO_TARGET_DIR == /* ]] || CARGO_TARGET_DIR=$PWD/$CARGO_TARGET_DIR
}

# The package manager of this system: apt, dnf, or nothing.
package_manager() {
  if have apt-get; then
    echo apt
  elif have dnf; then
    echo dnf
  fi
}

# The package that holds a command, by package manager. Empty: the distribution has none that would do.
package_of() {
  case "$1:$2" in
    apt:cc) echo 'gcc libc6-dev' ;;
    dnf:cc) echo 'gcc glibc-devel' ;;
    apt:c++) echo g++ ;;
    dnf:c++) echo gcc-c++ ;;
    apt:llvm-symbolizer | dnf:llvm-symbolizer) echo llvm ;;
    apt:musl-gcc) echo musl-tools ;;
    dnf:musl-gcc) echo musl-gcc ;;
    apt:readelf | dnf:readelf) echo binutils ;;
    apt:python3) echo 'python3 python3-venv' ;;
    apt:apt-ftparchive) echo apt-utils ;;
    apt:createrepo_c) echo createrepo-c ;;
    apt:rpmsign) echo rpm ;;
    dnf:rpmsign) echo rpm-sign ;;
    apt:setpriv | dnf:setpriv | apt:unshare | dnf:unshare) echo util-linux ;;
    apt:qemu-system-x86_64) echo qemu-system-x86 ;;
    apt:qemu-system-aarch64) echo qemu-system-arm ;;
    apt:mke2fs | dnf:mke2fs | apt:debugfs | dnf:debugfs) echo e2fsprogs ;;
    apt:setfiles | dnf:setfiles) echo policycoreutils ;;
    apt:ip) echo iproute2 ;;
    dnf:ip) echo iproute ;;
    dnf:shellcheck) echo ShellCheck ;;
    apt:* | dnf:*) echo "$2" ;;
  esac
}

# need COMMAND...: installs what is missing when we may (root), otherwise names exactly what to type, and stops.
need() {
  local manager command package
  local -a missing=() packages=()
  manager=$(package_manager)
  for command in "$@"; do
    have "$command" && continue
    missing+=("$command")
    package=$(package_of "$manager" "$command")
    # Words on purpose: one command may need two packages.
    # shellcheck disable=SC2206
    packages+=($package)
  done
  ((${#missing[@]})) || return 0
  [[ -n $manager ]] || die "missing: ${missing[*]} (no apt-get or dnf here to install them with)"
  install_packages "${packages[@]}" || exit 1
  for command in "${missing[@]}"; do
    have "$command" || die "$command is still missing after installing ${packages[*]}"
  done
}

# install_packages PACKAGE[=VERSION]...: as root it installs; otherwise it prints the command and returns 1.
install_packages() {
  local -a update install
  case $(package_manager) in
    apt)
      # A machine that is looking for updates of its own holds the lock for a while.
      update=(apt-get -o DPkg::Lock::Timeout=300 update -q)
      install=(apt-get -o DPkg::Lock::Timeout=300 install -qy --no-install-recommends --allow-downgrades "$@")
      ;;
    dnf)
      update=(true)
      install=(dnf install -qy "$@")
      ;;
    *) die "no apt-get or dnf here; install by hand: $*" ;;
  esac
  if ((EUID != 0)); then
    local sudo_update=''
    [[ ${update[0]} == true ]] || sudo_update="sudo ${update[*]} && "
    printf '%serror:%s this machine lacks packages, and only root may install them. Type:\n    %ssudo %s\n' \
      "$red" "$plain" "$sudo_update" "${install[*]}" >&2
    return 1
  fi
  say "installing: $*"
  DEBIAN_FRONTEND=noninteractive "${update[@]}" >/dev/null || warn "${update[*]} failed; going on with the lists there are"
  DEBIAN_FRONTEND=noninteractive "${install[@]}" >/dev/null
}

# need_cargo: a cargo that is new enough for `rust-version` in Cargo.toml. Never installed behind the user's back: there
# are several ways to have one and the choice is theirs.
need_cargo() {
  local wanted found
  wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
  if ! have cargo; then
    die "cargo is missing. Rust $wanted or newer is needed: https://rustup.rs, or on Debian 12: apt-get install cargo-web"
  fi
  found=$(cargo --version | cut -d' ' -f2)
  if [[ $(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -n1) != "$wanted" ]]; then
    die "cargo $found is too old: Rust $wanted or newer is needed (rustup update, or on Debian 12: apt-get install cargo-web)"
  fi
  # Without certificate authorities cargo can download nothing.
  [[ -e /etc/ssl/certs/ca-certificates.crt || -e /etc/pki/tls/certs/ca-bundle.crt || -n ${SSL_CERT_FILE:-} ]] ||
    install_packages ca-certificates || exit 1
}
