import test from 'ava'
import { mayPass } from '../../../lab/manifests/apply.ts'

for (const error of [
  'error: resource mapping not found for name: "ada" namespace: "" from "STDIN": no matches for kind "Identity" in version "deskfleet.io/v1alpha1"',
  'ensure CRDs are installed first',
  'Error from server (NotFound): namespaces "desktops" not found',
  'Error from server (InternalError): Internal error occurred: failed calling webhook "identity.deskfleet.io"',
]) {
  test(`is tried again: ${error.slice(0, 60)}`, (t) => t.true(mayPass(error)))
}

for (const error of [
  'Error from server (Invalid): Deployment.apps "x" is invalid: spec.selector: Required value',
  'Error from server (Forbidden): pods "x" is forbidden: violates PodSecurity "restricted:latest"',
  'Error from server (BadRequest): strict decoding error: unknown field "spec.replica"',
]) {
  test(`is told at once: ${error.slice(0, 60)}`, (t) => t.false(mayPass(error)))
}
