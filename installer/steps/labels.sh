# shellcheck shell=sh
# Variables are those of install.sh, which reads this file.
# shellcheck disable=SC2034,SC2154
# What the PC says of itself on its Node. The kubelet's own certificate may write it there, and on no other Node: the API server's
# NodeRestriction sees to that, and keeps from it the labels that lead pods of masters.

as_kubelet() { kubectl --kubeconfig "$kubelet_conf" "$@"; }

# NAME=VALUE, one a line; a name without a value is taken off.
labels_wanted() {
  label() { if [ -n "$2" ]; then echo "$(name_of label "$1")=$2"; else echo "$(name_of label "$1")-"; fi; }
  label cores "$(fact cores)"
  label memory "$(awk -v mib="$(fact memory-mib)" 'BEGIN { print int((mib + 1023) / 1024) }')"
  label cpu-level "$(fact cpu-level)"
  label disk-kind "$(fact disk-kind)"
  case $(fact link) in *[!0-9]* | 0) label link '' ;; *) label link "$(fact link)" ;; esac
  # As disk.sh has made it, or will.
  case $plan in none | choose* | refuse*) label brick '' ;; *) label brick true ;; esac
}

# The labels and annotations that the Node has, NAME=VALUE.
labels_there() {
  # shellcheck disable=SC2016
  as_kubelet get node "$node_name" --output \
    'go-template={{range $k, $v := .metadata.labels}}{{$k}}={{$v}}{{"\n"}}{{end}}{{range $k, $v := .metadata.annotations}}{{$k}}={{$v}}{{"\n"}}{{end}}' 2>/dev/null
}

# Milliseconds that a small write takes until it is on the disk, 99 of 100 times: etcd lives on these. dd says how long its own write
# took, whatever it takes to start it.
write_takes() {
  written=0
  while [ "$written" -lt 200 ]; do
    dd if=/dev/zero of="$1" bs=2048 count=1 conv=notrunc oflag=dsync 2>&1 | sed -n 's/.* copied, \([^ ]*\) s,.*/\1/p'
    written=$((written + 1))
  done | sort -g | awk '{ took[NR] = $1 } END { printf "%.1f", 1000 * took[int(NR * 0.99)] }'
  rm -f "$1"
}

labels_look() {
  node_name=$pc_name
  # Before it is a node of the room, the room has nothing to say.
  if [ "$verdict" != 'done' ] || ! has_program kubectl; then
    to_do 'what this PC is, on its Node'
    wrong_labels=$(labels_wanted)
    return
  fi
  there=$(labels_there) || { refused 'the room does not say what stands on its Node' 'see whether the network is well and a master is on, then run this again'; return; }
  wrong_labels=$(labels_wanted | while read -r wanted; do
    case $wanted in
      *-) ! printf '%s\n' "$there" | grep -q "^${wanted%-}=" || echo "$wanted" ;;
      *) printf '%s\n' "$there" | grep -qxF "$wanted" || echo "$wanted" ;;
    esac
  done)
  measured=yes
  for what in disk-free write-takes; do
    printf '%s\n' "$there" | grep -q "^$(name_of annotation "$what")=" || measured=''
  done
  if [ -n "$wrong_labels" ]; then to_do "not on its Node yet: $(printf '%s' "$wrong_labels" | paste -s -d ' ' -)"
  elif [ -z "$measured" ]; then to_do 'how fast its disk writes is not measured'
  else is_done "on its Node: $(labels_wanted | grep -v -- '-$' | sed 's/.*\///' | paste -s -d ' ' -)"; fi
}

labels_do() {
  mend='kubectl get node says whether the room knows this PC'
  # shellcheck disable=SC2086
  [ -z "$wrong_labels" ] || run kubectl --kubeconfig "$kubelet_conf" label node "$node_name" --overwrite $wrong_labels
  tell '       measures 200 small writes, for some seconds'
  free='<bytes>' takes='<ms>'
  if [ -n "$apply" ]; then
    free=$(fact free-bytes)
    takes=$(write_takes "$(name_of path pc)/write-test")
  fi
  run kubectl --kubeconfig "$kubelet_conf" annotate node "$node_name" --overwrite \
    "$(name_of annotation disk-free)=$free" "$(name_of annotation write-takes)=$takes"
}
