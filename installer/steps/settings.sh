# shellcheck shell=sh
# Variables are those of install.sh, which reads this file.
# shellcheck disable=SC2034,SC2154
# How this PC is set: files in their places, kernel, swap, clock, logs, the way to the registry, and what the orchestrator calls here.

door_file=$(name_of path door)
certs=/etc/containerd/certs.d
time_file=/etc/chrony/sources.d/deskfleet.sources

# All files that are laid as they are, of folders that have a list of them: SOURCE PLACE MODE.
laid_files() {
  for folder; do
    sed '/^#/d; /^$/d' "$folder/places" | while read -r file to mode; do echo "$folder/$file $to $mode"; done
  done
}
differing() { laid_files "$@" | while read -r source to mode; do same_file "$to" "$mode" <"$source" || echo "$source $to $mode"; done; }
laid_differently() { differing "$here/files" "$repository/orchestrator/host"; }

# Lays what `differing` says; in this shell, so that a failure ends install.sh.
lay_all() {
  while read -r source to mode; do
    [ -z "$source" ] || lay "$source" "$to" "$mode"
  done <<END
$1
END
}

# The file that has the PCs' login: for root alone.
hosts_text() {
  cat <<END
server = "https://$registry"
[host."https://$registry"]
  capabilities = ["pull", "resolve"]
END
  [ -z "$registry_ca" ] || printf '  ca = "%s/%s/ca.crt"\n' "$certs" "$registry"
  [ -z "$registry_login" ] || printf '[host."https://%s".header]\n  Authorization = "Basic %s"\n' "$registry" \
    "$(printf '%s' "$registry_login" | base64 | tr -d '\n')"
}
authority_text() { printf '%s\n' "$(printf '%s' "$registry_ca" | base64 --decode 2>/dev/null)"; }
times_text() { for server in $time_servers; do echo "server $server iburst"; done; }

# Programs and settings that were laid count once what runs by them is started anew: this says that it was not yet. A boot does it.
restart_mark=/run/deskfleet-restart
restart_later() { [ -z "$apply" ] || : >"$restart_mark"; }

swap_is_on() { sed 1d /proc/swaps | grep -q .; }
swap_stays_off() { [ "$(readlink /etc/systemd/system/swap.target 2>/dev/null)" = /dev/null ]; }

# The kubelet starts with the join; before that it has nothing to go by.
settings_units='containerd.service chrony.service deskfleet-crown.timer deskfleet-renew.timer'
units_down() { for unit in $settings_units; do { is_enabled "$unit" && is_active "$unit"; } || printf ' %s' "$unit"; done; }

settings_look() {
  endpoint=$(answer endpoint) registry=$(answer registry) registry_ca=$(answer registry-ca)
  registry_login=$(answer registry-login) time_servers=$(answer time-servers)
  # Whoever begins a room makes the logins of its registry later on.
  [ "$verb" != init ] || [ -n "$registry_login" ] || registry=''
  differs=''
  [ -z "$(laid_differently)" ] || differs="$differs, files: $(laid_differently | wc -l)"
  [ -z "$endpoint" ] || echo "https://$endpoint" | same_file "$door_file" 0644 || differs="$differs, the room's address"
  [ -z "$registry" ] || hosts_text | same_file "$certs/$registry/hosts.toml" 0600 || differs="$differs, the registry"
  [ -z "$registry_ca" ] || authority_text | same_file "$certs/$registry/ca.crt" 0644 || differs="$differs, the registry's authority"
  [ -z "$time_servers" ] || times_text | same_file "$time_file" 0644 || differs="$differs, the clock"
  if swap_is_on || ! swap_stays_off; then differs="$differs, swap"; fi
  down=$(units_down)
  is_enabled kubelet || down="$down kubelet"
  [ -z "$down" ] || differs="$differs, units that do not run:$down"
  [ ! -e "$restart_mark" ] || differs="$differs, what was laid is not in use yet"
  if [ -n "$differs" ]; then to_do "not as it must be: ${differs#, }"; else is_done 'files, kernel, swap, clock, logs, registry'; fi
}

settings_do() {
  mend='systemctl status and journalctl -xe say why'
  changed=$(laid_differently)
  [ -z "$changed" ] || restart_later
  lay_all "$changed"
  [ -z "$endpoint" ] || echo "https://$endpoint" | put_other "$door_file" 0644
  if [ -n "$registry" ]; then
    [ -z "$registry_ca" ] || authority_text | put_other "$certs/$registry/ca.crt" 0644
    hosts_text | put_other "$certs/$registry/hosts.toml" 0600 secret
  fi
  [ -z "$time_servers" ] || times_text | put_other "$time_file" 0644
  swap_stays_off || run systemctl mask swap.target
  ! swap_is_on || run swapoff --all
  # shellcheck disable=SC2046
  run modprobe --all $(sed '/^#/d' "$here/files/modules.conf")
  run sysctl --quiet --load /etc/sysctl.d/60-deskfleet.conf
  run systemctl daemon-reload
  for unit in $settings_units kubelet.service; do run systemctl enable "$unit"; done
  for unit in systemd-journald.service $settings_units; do
    # Debian's chrony runs already, and takes its time to end.
    case $unit:$time_servers in chrony.service:) how=start ;; *) how=restart ;; esac
    run systemctl "$how" "$unit"
  done
  ! is_active kubelet || run systemctl restart kubelet
  take_away "$restart_mark"
}

# Writes what is on stdin where it is not there already.
put_other() {
  text=$(cat)
  printf '%s\n' "$text" | same_file "$1" "$2" || printf '%s\n' "$text" | put "$@"
}
