import { DOOR } from '../../config/names.ts'

/** All masters are equal: the one that has the address keeps it, until it cannot serve. */
export const keepalived = (address: string): string => `global_defs {
  router_id deskfleet
  vrrp_version 3
  script_user root
  enable_script_security
}

vrrp_script well {
  script "/usr/local/bin/door-is-well ${DOOR.health} ${DOOR.leads} ${DOOR.apiServer}"
  interval 1
  timeout 2
  fall 2
  rise 2
  weight -50
}

vrrp_instance door {
  state BACKUP
  nopreempt
  interface @interface@
  virtual_router_id ${DOOR.router}
  priority 100
  advert_int 1
  garp_master_refresh 30
  virtual_ipaddress {
    ${address}
  }
  track_script {
    well
  }
}
`
