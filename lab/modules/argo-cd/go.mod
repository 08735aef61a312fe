module deskfleet.io/lab/modules/argo-cd

go 1.27.0

require github.com/argoproj/argo-cd/v3 v3.6.1
