// The distribution project's registry with its file system store and logins from a file alone. Its own main package takes
// the stores of three clouds as well, and with them their SDKs: half of the time that it takes to compile.
package main

import (
	"os"

	"github.com/distribution/distribution/v3/registry"

	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
)

func main() {
	if err := registry.RootCmd.Execute(); err != nil {
		os.Exit(1)
	}
}
