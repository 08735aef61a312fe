# shellcheck shell=sh
# Variables are those of install.sh, which reads this file.
# shellcheck disable=SC2034,SC2154
# What this PC is, and what it is too weak for. Looks, and changes nothing.

# The level of an x86-64 processor, from its flags: cpu_level FLAGS. Each level has what the one below has.
cpu_level() {
  level=x86-64-v1
  # Linux says pni for SSE3, abm for LZCNT.
  for wanted in 'x86-64-v2 cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3' \
    'x86-64-v3 abm avx avx2 bmi1 bmi2 f16c fma movbe xsave' \
    'x86-64-v4 avx512bw avx512cd avx512dq avx512f avx512vl'; do
    for flag in ${wanted#* }; do
      case " $1 " in *" $flag "*) ;; *) echo "$level"; return ;; esac
    done
    level=${wanted%% *}
  done
  echo "$level"
}

# Of the disk that the system is on, as /sys tells it: nvme, ssd or rotational.
disk_kind() {
  device=$(findmnt --noheadings --nofsroot --output SOURCE /)
  lsblk --noheadings --raw --inverse --output KNAME,ROTA "$device" 2>/dev/null | tail -n 1 | {
    read -r below rotates || true
    case ${below-}:${rotates-} in
      nvme*) echo nvme ;;
      *:1) echo rotational ;;
      *:0) echo ssd ;;
      *) echo unknown ;;
    esac
  }
}

# The interface by which this PC reaches others.
outward() { ip -oneline route show default 2>/dev/null | sed -n 's/.* dev \([^ ]*\).*/\1/p' | head -n 1; }

# Mbit/s; 0 where nobody knows, as with a cable that is out; `wireless`.
link_speed() {
  [ -n "$1" ] || { echo 0; return; }
  if [ -e "/sys/class/net/$1/wireless" ]; then echo wireless; return; fi
  speed=$(cat "/sys/class/net/$1/speed" 2>/dev/null || echo 0)
  [ "$speed" -gt 0 ] || speed=0
  echo "$speed"
}

# The number of its Debian; nothing where it runs another system.
debian_release() { sed -n 's/^VERSION_ID="\{0,1\}\([0-9]*\)"\{0,1\}$/\1/p' /etc/os-release; }

hardware_facts() {
  flags=$(sed -n 's/^flags[[:space:]]*: //p' /proc/cpuinfo | head -n 1)
  case $(uname -m) in x86_64) level=$(cpu_level "$flags") ;; *) level=$(uname -m) ;; esac
  cat <<END
root $(id -u)
machine $(uname -m)
joined $([ ! -e /etc/kubernetes/kubelet.conf ] || echo yes)
debian $(debian_release)
cores $(nproc)
memory-mib $(awk '/^MemTotal:/ { printf "%d", $2 / 1024 }' /proc/meminfo)
cpu-level $level
disk-kind $(disk_kind)
free-bytes $(df --output=avail --block-size=1 /var/lib | tail -n 1 | tr -d ' ')
link $(link_speed "$(outward)")
END
}

# From facts to what they are too weak for: `refuse WHY`, or `weak FOR WHY`. PCs that were sold with 2, 4 or 8 GB show less.
# What is asked of masters is what the orchestrator asks of an heir (orchestrator/heir.ts).
judge_hardware() {
  awk '
    { fact[$1] = $2 }
    function refuse(why) { print "refuse " why }
    function weak(what, why) { print "weak " what " " why }
    END {
      memory = fact["memory-mib"]; free = fact["free-bytes"] / 2 ^ 30
      if (fact["root"] != 0) refuse("only root may look at all and change it: use sudo")
      if (fact["machine"] != "x86_64" && fact["machine"] != "aarch64") refuse("its processor is " fact["machine"] ": the room runs on x86_64 and aarch64")
      if (fact["debian"] != "" && fact["debian"] < 12) refuse("it runs Debian " fact["debian"] ": 12 or newer is asked")
      if (fact["debian"] == "") refuse("it does not run Debian, and nothing else was tried")
      if (fact["cores"] < 2) refuse("it has one core: a worker has two")
      if (memory < 1700) refuse("it has " memory " MiB of memory: a worker has 2 GB")
      if (free < 8 && fact["joined"] != "yes") refuse(sprintf("%.1f GiB are free on the disk of its system: images alone take 8", free))
      if (memory < 3500) weak("desktops", sprintf("%.1f GiB of memory: one or two light ones at a time", memory / 1024))
      if (memory < 3072) weak("master", sprintf("%.1f GiB of memory: 3 are asked", memory / 1024))
      if (free < 20) weak("master", sprintf("%.0f GiB of its disk are free: 20 are asked", free))
      if (fact["disk-kind"] == "rotational") weak("master", "a disk that turns: it writes too slowly for etcd, if it takes more than 10 ms")
      if (fact["link"] == "wireless") weak("brick", "it is on a wireless network: whoever writes waits for it")
      else if (fact["link"] > 0 && fact["link"] < 1000) weak("brick", "its link has " fact["link"] " Mbit/s: whoever writes waits for it")
      else if (fact["link"] == 0) weak("brick", "the speed of its link is not known: is the cable in?")
    }'
}

fact() { printf '%s\n' "$facts" | sed -n "s/^$1 //p"; }

hardware_look() {
  facts=$(hardware_facts)
  judged=$(printf '%s\n' "$facts" | judge_hardware)
  about="$(fact cores) cores, $(awk -v mib="$(fact memory-mib)" 'BEGIN { printf "%.1f", mib / 1024 }') GiB of memory, $(fact cpu-level), disk $(fact disk-kind), link $(fact link)"
  refusals=$(printf '%s\n' "$judged" | sed -n 's/^refuse //p')
  if [ -n "$refusals" ]; then
    refused "$(printf '%s' "$refusals" | paste -s -d ';' - | sed 's/;/; /g')" 'take another PC, or mend what it says'
  else
    is_done "$about"
  fi
  for what in desktops brick master; do
    why=$(printf '%s\n' "$judged" | sed -n "s/^weak $what //p" | paste -s -d ';' - | sed 's/;/; /g')
    [ -z "$why" ] || also "too weak for: $what ($why)"
  done
}

hardware_do() { :; }
