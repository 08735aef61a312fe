# shellcheck shell=sh
# Variables are those of install.sh, which reads this file.
# shellcheck disable=SC2034,SC2154
# The first master of a room: with it the cluster begins. The others join it as workers, and become masters by themselves
# (docs/operate.md#masters).

admin_conf=$kubernetes/admin.conf
# What the API server is given beside kubeadm's own files: the orchestrator brings it to each later master.
api_folder=$kubernetes/api-server
# From before kubeadm begins until the cluster is there: what was cut off holds nothing yet, and is done anew.
founding=$(name_of path pc)/founding
# Since this boot: the room's address was put here by hand, and nobody keeps it yet.
held_address=/run/deskfleet-address

# What is done about the cluster: judge_cluster TRACES MASTER CUT NODE, as judge_join has them
# One line: begin | reset WHY | done | start | refuse WHY | MEND
judge_cluster() {
  case $1:$2:$3:$4 in
    no:*) echo begin ;;
    yes:*:yes:*) echo 'reset the beginning of the cluster was cut off' ;;
    yes:no:*) echo 'refuse this PC is a node of a room, or was one | a room has one first master; take this PC out of its room first: install.sh leave' ;;
    yes:yes:no:ready) echo 'done' ;;
    yes:yes:no:not-ready | yes:yes:no:silent) echo start ;;
    *) echo 'refuse this PC was a master, and its cluster does not know it any more | if that cluster is gone for ever: kubeadm reset, then this again' ;;
  esac
}

facts_of_cluster() {
  facts_of_join
  cut=no
  # Once the room was handed over, nothing of it is begun again.
  if [ -e "$founding" ] && ! is_handed_over; then traces=yes cut=yes; fi
}

# What this PC keeps of the room says so.
is_handed_over() { [ -n "$(answer_in "$saved_answers" registry-login 2>/dev/null)" ]; }
# Where the cluster says that its API servers are; nothing on a PC that is no master.
server_of_cluster() { sed -n 's/^ *server: *//p' "$admin_conf" 2>/dev/null | head -n 1; }

# The room's address as `hosts.address` has it, and its parts.
address_of_room() { answer door-address; }
# By no gateway: the address is in the PCs' own network.
interface_to() { ip -oneline -4 route get "$1" 2>/dev/null | sed -n '/ via /d; s/.* dev \([^ ]*\).*/\1/p'; }
is_here() { ip -oneline -4 address show to "$1" 2>/dev/null | grep -q .; }
# The PC's own address in the network of the room's.
own_address() {
  interface=$(ip -oneline -4 address show to "$1" 2>/dev/null | awk '{ print $2; exit }')
  [ -n "$interface" ] || interface=$(interface_to "$1")
  [ -n "$interface" ] || return 0
  ip -oneline -4 address show dev "$interface" scope global 2>/dev/null | sed -n 's/.* inet \([^/ ]*\).*/\1/p' | grep -vxF "$1" | head -n 1
}
# Whether another machine answers for it.
is_elsewhere() {
  ! is_here "$1" || return 1
  # Whoever has it says so, whether it answers to pings or not.
  ping -c 1 -W 1 "$1" >/dev/null 2>&1 || :
  ip neighbour show "$1" 2>/dev/null | grep -q lladdr
}

missing_of_room() {
  for key in endpoint door-address registry kubernetes; do [ -n "$(answer "$key")" ] || printf ' %s' "$key"; done
}

cluster_look() {
  facts_of_cluster
  cluster_verdict=$(judge_cluster "$traces" "$master" "$cut" "$node_is")
  lacks=$(missing_of_room)
  # What the steps of a node are asked, labels among them.
  verdict=$cluster_verdict
  server=$(server_of_cluster) endpoint=$(answer endpoint)
  if [ "$cut" = no ] && [ -n "$server" ] && [ -n "$endpoint" ] && [ "$server" != "https://$endpoint" ]; then
    refused "this PC is a master of another room, at $server" 'take it out there first: npx deskfleet masters step-down, then install.sh leave'
    return
  fi
  case $cluster_verdict in
    'done') is_done 'it is a master of the room, and Ready'; return ;;
    'refuse '*) why=${cluster_verdict#refuse }; refused "${why% | *}" "${why##* | }"; return ;;
  esac
  if [ -n "$lacks" ]; then
    refused "nothing says what the room is:$lacks" 'take a bundle that was made with --room (docs/install.md)'
    return
  fi
  room_host=$(address_of_room) room_host=${room_host%/*}
  if [ -z "$(own_address "$room_host")" ]; then
    refused "this PC has no address in the network of $(address_of_room)" 'see whether the cable is in, or correct hosts.address in cluster.yaml and make the bundle anew'
    return
  fi
  if [ "$cluster_verdict" != start ] && is_elsewhere "$room_host"; then
    refused "another machine has $room_host already" 'a second room in this network needs another address; where this one stands already, PCs join it: install.sh join'
    return
  fi
  case $cluster_verdict in
    begin) to_do "the cluster of the room begins here, at $(answer endpoint)" ;;
    start) to_do 'it is a master, and not Ready: its kubelet is started anew' ;;
    *) to_do "${cluster_verdict#reset }: what there is of it is removed, and it begins again" ;;
  esac
}

cluster_do() {
  mend='kubeadm or journalctl -u kubelet -e says why; then run this again'
  case $cluster_verdict in
    start) run systemctl restart kubelet ;;
    'reset '* | begin)
      hold_address
      mark "$founding"
      [ "$cluster_verdict" = begin ] || forget_room
      encryption_text | put "$api_folder/encryption.yaml" 0600 secret
      cluster_text | put "$run_folder/cluster.yaml" 0600
      run_long kubeadm init --config "$run_folder/cluster.yaml" --skip-token-print
      run_long kubectl --kubeconfig "$admin_conf" apply --server-side --filename "$bundle/room/pod-network.yaml"
      run_long kubectl --kubeconfig "$admin_conf" --namespace kube-system patch deployment coredns --patch-file "$bundle/room/dns.json"
      ;;
  esac
  wait_until 180 'it is Ready' is_ready || fail 'the cluster has begun, and its first node is not Ready' "kubectl --kubeconfig $admin_conf describe node says what is missing"
  unmark "$founding"
}

# Until the door of the platform holds it (docs/door.md), and never beside another master that does. The kubelet here asks its own API
# server, so it needs none of this at a boot.
hold_address() {
  address=$(address_of_room)
  ! is_here "${address%/*}" || return 0
  ! is_elsewhere "${address%/*}" || return 0
  [ -z "$apply" ] || : >"$held_address"
  run ip address add "$address" dev "$(interface_to "${address%/*}")"
}

# What a Secret is in etcd: docs/secrets.md.
encryption_text() {
  cat <<END
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers:
      - secretbox: { keys: [{ name: one, secret: $(head -c 32 /dev/urandom | base64) }] }
      - identity: {}
END
}

# A dead PC is known in about 20 s; masters carry desktops, after all others; kube-proxy leaves the kernel's own limits.
cluster_text() {
  etcd=$(answer_in "$bundle/versions" etcd)
  cat <<END
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint:
  advertiseAddress: "$(own_address "$room_host")"
nodeRegistration:
  name: "$pc_name"
  criSocket: unix:///run/containerd/containerd.sock
  # All of them came with the bundle.
  imagePullPolicy: Never
  ignorePreflightErrors: [$(answer ignore-preflight | sed 's/,/, /g')]
  taints:
    - { key: node-role.kubernetes.io/control-plane, effect: PreferNoSchedule }
patches:
  directory: /etc/deskfleet/kubeadm
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
clusterName: deskfleet
kubernetesVersion: "$(answer kubernetes)"
controlPlaneEndpoint: "$(answer endpoint)"
networking:
  podSubnet: 10.244.0.0/16
  serviceSubnet: 10.96.0.0/16
etcd:
  local: { imageTag: "${etcd#v}-0" }
dns:
  imageTag: "$(answer_in "$bundle/versions" coredns)"
apiServer:
  certSANs: ["$room_host", "$(answer door | sed 's/:.*//')", localhost, 127.0.0.1]
  extraArgs:
    - { name: encryption-provider-config, value: $api_folder/encryption.yaml }
  extraVolumes:
    - { name: api-server, hostPath: $api_folder, mountPath: $api_folder, readOnly: true }
controllerManager:
  extraArgs:
    - { name: node-monitor-grace-period, value: 20s }
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
nodeLeaseDurationSeconds: 16
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
conntrack: { maxPerCore: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s }
END
}
