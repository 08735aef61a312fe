// Pod-network joins the pods of a room: on each PC it writes the CNI configuration for that PC's pod addresses, and
// keeps a route to the pods of every other PC. It stands where kind's own network would; unlike that one it enforces
// no network policies.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
)

const (
	account  = "/var/run/secrets/kubernetes.io/serviceaccount"
	conflist = "/etc/cni/net.d/10-room.conflist"
	interval = 2 * time.Second
)

type node struct {
	Metadata struct{ Name string }
	Spec     struct{ PodCIDR string }
	Status   struct {
		Addresses []struct{ Type, Address string }
	}
}

func (n node) address() net.IP {
	for _, one := range n.Status.Addresses {
		if one.Type == "InternalIP" {
			return net.ParseIP(one.Address)
		}
	}
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	client, err := apiClient()
	if err != nil {
		log.Fatal(err)
	}
	// The control plane's own address: the addresses of Services work only once kube-proxy does.
	url := "https://" + os.Getenv("CONTROL_PLANE_ENDPOINT") + "/api/v1/nodes"
	routes := map[string]net.IP{}
	for {
		if err := pass(ctx, client, url, os.Getenv("NODE_NAME"), routes); err != nil {
			log.Print(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(interval):
		}
	}
}

func apiClient() (*http.Client, error) {
	authority, err := os.ReadFile(filepath.Join(account, "ca.crt"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		return nil, errors.New("ca.crt of the service account holds no certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	return &http.Client{Timeout: 5 * time.Second, Transport: transport}, nil
}

func pass(ctx context.Context, client *http.Client, url, self string, routes map[string]net.IP) error {
	nodes, err := list(ctx, client, url)
	if err != nil {
		return err
	}
	wanted := map[string]net.IP{}
	for _, one := range nodes {
		switch {
		case one.Spec.PodCIDR == "":
		case one.Metadata.Name == self:
			err = errors.Join(err, configure(one.Spec.PodCIDR))
		default:
			wanted[one.Spec.PodCIDR] = one.address()
		}
	}
	for subnet, gateway := range wanted {
		err = errors.Join(err, replace(subnet, gateway))
		routes[subnet] = gateway
	}
	// A PC that left, or came back with other pod addresses, must not keep a route.
	for subnet := range routes {
		if _, found := wanted[subnet]; !found {
			err = errors.Join(err, remove(subnet))
			delete(routes, subnet)
		}
	}
	return err
}

func list(ctx context.Context, client *http.Client, url string) ([]node, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	token, err := os.ReadFile(filepath.Join(account, "token"))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+string(token))
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", url, answer.Status)
	}
	var nodes struct{ Items []node }
	return nodes.Items, json.NewDecoder(answer.Body).Decode(&nodes)
}

func replace(subnet string, gateway net.IP) error {
	_, destination, err := net.ParseCIDR(subnet)
	if err != nil || gateway == nil {
		return fmt.Errorf("no route to %s by %s: %w", subnet, gateway, err)
	}
	return netlink.RouteReplace(&netlink.Route{Dst: destination, Gw: gateway})
}

func remove(subnet string) error {
	_, destination, err := net.ParseCIDR(subnet)
	if err != nil {
		return err
	}
	return netlink.RouteDel(&netlink.Route{Dst: destination})
}

func configure(subnet string) error {
	config, err := json.MarshalIndent(map[string]any{
		"cniVersion": "0.4.0",
		"name":       "room",
		"plugins": []any{
			map[string]any{
				"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
				"ipam": map[string]any{
					"type": "host-local", "dataDir": "/run/cni-ipam-state",
					"ranges": []any{[]any{map[string]string{"subnet": subnet}}},
					"routes": []any{map[string]string{"dst": "0.0.0.0/0"}},
				},
			},
			map[string]any{"type": "portmap", "capabilities": map[string]bool{"portMappings": true}},
		},
	}, "", "  ")
	if err != nil {
		return err
	}
	if present, err := os.ReadFile(conflist); err == nil && string(present) == string(config) {
		return nil
	}
	log.Printf("pods of this PC get addresses of %s", subnet)
	if err := os.WriteFile(conflist+".next", config, 0o644); err != nil {
		return err
	}
	return os.Rename(conflist+".next", conflist)
}
