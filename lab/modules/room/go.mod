module deskfleet.io/lab/modules/room

go 1.26.0

tool (
	deskfleet.io/lab/modules/room/pause
	deskfleet.io/lab/modules/room/pod-network
)

require github.com/vishvananda/netlink v1.3.1

require (
	github.com/vishvananda/netns v0.0.5 // indirect
	golang.org/x/sys v0.10.0 // indirect
)
