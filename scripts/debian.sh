# What scripts/services and scripts/browser share: a folder that one of them has at a time, and Debian's packages.
# Whoever sources it has a function `say`.

STATE=${ROTA_SERVICES:-${TMPDIR:-/var/tmp}/rota-services-$(id -u)}

root() { [ "$(id -u)" = 0 ]; }

take_state() { # wait for our turn; the lock ends with this process
  mkdir -p "$STATE"
  [ -O "$STATE" ] || { say "$STATE belongs to somebody else; name another folder with ROTA_SERVICES"; exit 1; }
  chmod 755 "$STATE" # the servers' accounts go through it
  exec 9>"$STATE/lock"
  flock -w 900 9 || { say "another one has had $STATE for 15 minutes"; exit 1; }
}

install_debian() {
  if ! root || ! command -v apt-get >/dev/null; then
    say "missing: Debian's $*; install it (sudo apt-get install --no-install-recommends $*)"
    return 1
  fi
  local policy=/usr/sbin/policy-rc.d ours="" status=0
  if [ ! -e "$policy" ]; then # keeps packages from starting servers of their own
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    ours=yes
  fi
  say "installing $* (log: $STATE/install.log)"
  {
    [ -e "$STATE/updated" ] || apt-get -q update && touch "$STATE/updated"
    DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$@" || status=$?
  } >>"$STATE/install.log" 2>&1 </dev/null
  if [ -n "$ours" ]; then rm -f "$policy"; fi
  return "$status"
}
